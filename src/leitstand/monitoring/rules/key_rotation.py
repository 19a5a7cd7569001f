"""Keys are older than the rule allows (PRODUCT 3.3)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "key_rotation",
    Bilingual("Schlüssel erneuern", "Rotate keys"),
    Bilingual(
        "Mindestens ein Schlüssel ist überfällig oder läuft in wenigen Tagen ab.",
        "At least one key is overdue for rotation, or expires within days.",
    ),
    "key_overdue",
    (Level("warning", fires=0, clears=0),),
    window_s=300,
    no_data="keep",
    runbook="schluessel-erneuern",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    None,
)
