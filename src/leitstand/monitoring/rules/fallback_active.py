"""A fallback answers in place of the first target (PRODUCT 9.2)."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "fallback_active",
    Bilingual("Ausweichziel ist in Gebrauch", "A fallback is in use"),
    Bilingual(
        "Mehr als ein Zehntel der Antworten kommt nicht vom ersten Ziel des Modells. Das kann teurer oder schwächer sein.",
        "More than a tenth of the answers do not come from the model's first target. That may be dearer or weaker.",
    ),
    "fallback_share",
    (Level("warning", fires=0.10, clears=0.05, for_s=120),),
    window_s=300,
    min_sample=3,
    clear_for_s=300,
    runbook="ausweichziel-aktiv",
    inhibited_by=("provider_unreachable",),
    inhibit_on=(),
)
MUST_FIRE = (0.0, 0.5, 0.5, 0.5)
MUST_NOT_FIRE = (0.0, 0.5, 0.05, 0.2, 0.0, None)
