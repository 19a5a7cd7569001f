"""Security or compliance is violated (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "violation",
    Bilingual("Verstoß gegen Sicherheit oder Regeln", "Security or compliance violation"),
    Bilingual(
        "Etwas ist geschehen, das nie geschehen darf, oder jemand versucht es wiederholt.",
        "Something happened that must never happen, or somebody keeps trying.",
    ),
    "violations",
    (Level("critical", fires=0, clears=0),),
    window_s=600,
    clear_for_s=600,
    runbook="verstoss",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    0,
    None,
)
