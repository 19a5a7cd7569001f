"""A model in use answers differently than it was accepted."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "model_drift",
    Bilingual("Modell antwortet anders als vereinbart", "Model answers differently"),
    Bilingual(
        "Ein nächtlicher Prüflauf weicht von den abgenommenen Antworten ab: Der Anbieter hat das Modell verändert.",
        "A nightly test differs from the accepted answers: the provider has changed the model.",
    ),
    "drift",
    (Level("warning", fires=0, clears=0),),
    window_s=86400,
    runbook="modell-veraendert",
)
MUST_FIRE = (
    0,
    1,
)
MUST_NOT_FIRE = (
    0,
    None,
)
