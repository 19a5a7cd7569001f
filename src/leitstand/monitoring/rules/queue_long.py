"""Requests wait for a provider's limits."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule

RULE = Rule(
    "queue_long",
    Bilingual("Anfragen stauen sich", "Requests queue up"),
    Bilingual(
        "Mehr als 20 Anfragen warten auf ein freies Limit des Anbieters.",
        "More than 20 requests wait for room in the provider's limits.",
    ),
    "queue_waiting",
    (Level("warning", fires=20, clears=5, for_s=120),),
    window_s=300,
    runbook="anfragen-stauen-sich",
    inhibited_by=("provider_unreachable",),
)
MUST_FIRE = (
    0,
    30,
    30,
    30,
)
MUST_NOT_FIRE = (
    0,
    30,
    20,
    3,
    None,
)
