"""The error rate of each model by itself: a model that is gone does not show in the rate of the whole house."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.signals.error_rate import share
from leitstand.monitoring.values import Reading


def read(facts: Facts, window_s: float) -> list[Reading]:
    """By model, the name that was asked for."""
    found = facts.sums(window_s, ("model",))
    return [Reading(model, *share(each.counts)) for model, each in found.items()]


SIGNAL = Signal(
    "model_error_rate", Bilingual("Fehlerquote eines Modells", "Error rate of a model"), "share", read
)
