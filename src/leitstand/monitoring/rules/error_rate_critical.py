"""More than a tenth of the requests of ten minutes fail (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "error_rate_critical",
    Bilingual("Viele Anfragen scheitern", "Many requests fail"),
    Bilingual(
        "In den letzten 10 Minuten ist mehr als jede zehnte Anfrage gescheitert.",
        "In the last 10 minutes more than one request in ten has failed.",
    ),
    "error_rate",
    (Level("critical", fires=0.10, clears=0.05),),
    window_s=600,
    min_sample=10,
    runbook="fehlerquote",
)
MUST_FIRE = (0.0, 0.02, 0.11)
MUST_NOT_FIRE = (0.0, 0.09, 0.10, 0.04, None)
