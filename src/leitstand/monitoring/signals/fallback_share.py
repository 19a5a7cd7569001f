"""Answers that did not come from the first target, by model: somebody is being replaced."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Reading


def read(facts: Facts, window_s: float) -> list[Reading]:
    """Share of the answers that were asked of a provider."""
    found = []
    for model, each in facts.sums(window_s, ("model",)).items():
        answered = each.counts.answered - each.counts.cached
        found.append(Reading(model, each.counts.fallback / answered if answered else None, answered))
    return found


SIGNAL = Signal(
    "fallback_share", Bilingual("Antworten vom Ausweichziel", "Answers from a fallback"), "share", read
)
