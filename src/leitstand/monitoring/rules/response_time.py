"""Half of a provider's answers take longer than five seconds (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "response_time",
    Bilingual("Antworten dauern lange", "Answers are slow"),
    Bilingual(
        "Die Hälfte der Antworten des Anbieters dauert länger als 5 Sekunden.",
        "Half of the provider's answers take longer than 5 seconds.",
    ),
    "response_time",
    (Level("warning", fires=5.0, clears=4.0, for_s=120),),
    window_s=600,
    min_sample=8,
    runbook="langsame-antworten",
    inhibited_by=("provider_unreachable",),
)
MUST_FIRE = (1.0, 5.5, 6.0, 6.0)
MUST_NOT_FIRE = (1.0, 5.5, 4.9, 5.0, 5.2, 4.0, None)
