"""More than a twentieth of the requests fail (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "error_rate",
    Bilingual("Fehlerquote erhöht", "Error rate raised"),
    Bilingual(
        "In den letzten 10 Minuten ist mehr als jede zwanzigste Anfrage gescheitert.",
        "In the last 10 minutes more than one request in twenty has failed.",
    ),
    "error_rate",
    (Level("warning", fires=0.05, clears=0.03, for_s=60),),
    window_s=600,
    min_sample=20,
    runbook="fehlerquote",
    inhibited_by=("error_rate_critical",),
    inhibit_on=(),
)
MUST_FIRE = (0.0, 0.06, 0.07)
MUST_NOT_FIRE = (0.0, 0.05, 0.06, 0.04, 0.06, None)
