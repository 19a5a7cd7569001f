"""Nobody is served by a provider for more than five minutes (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "provider_unreachable",
    Bilingual("Anbieter nicht erreichbar", "Provider unreachable"),
    Bilingual(
        "Seit mehr als 5 Minuten hat der Anbieter keine Anfrage beantwortet. Ausweichziele tragen die Last, solange ihr Limit reicht.",
        "For more than 5 minutes the provider has answered no request. Fallbacks carry the load while their limits last.",
    ),
    "provider_absence",
    (Level("critical", fires=300, clears=0),),
    window_s=300,
    clear_for_s=60,
    no_data="keep",
    runbook="anbieter-ausgefallen",
)
MUST_FIRE = (0, 60, 120, 180, 240, 301)
MUST_NOT_FIRE = (0, 60, 120, 180, 240, 300, 0, 60, None, 0)
