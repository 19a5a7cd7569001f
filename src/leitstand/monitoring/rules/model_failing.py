"""One model fails for most who ask for it, which the rate of the whole house does not show."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "model_failing",
    Bilingual("Ein Modell antwortet nicht", "A model does not answer"),
    Bilingual(
        "Mehr als die Hälfte der Anfragen an das Modell ist in den letzten 10 Minuten gescheitert.",
        "More than half of the requests to the model have failed in the last 10 minutes.",
    ),
    "model_error_rate",
    (Level("warning", fires=0.5, clears=0.2, for_s=120),),
    window_s=600,
    min_sample=5,
    runbook="modell-antwortet-nicht",
    inhibited_by=("provider_unreachable", "error_rate_critical"),
    inhibit_on=(),
)
MUST_FIRE = (0.0, 1.0, 1.0, 1.0)
MUST_NOT_FIRE = (0.0, 1.0, 0.5, 0.6, 0.1, None)
