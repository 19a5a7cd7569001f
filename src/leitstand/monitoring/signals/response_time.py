"""The median time from arrival to the last byte, by provider; answers from a cache are left out."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.minutes import quantile
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Reading


def read(facts: Facts, window_s: float) -> list[Reading]:
    """Seconds, by provider. The median, because a single long text is no trouble."""
    return [
        Reading(provider, quantile(took, 0.5), sum(took.values()))
        for provider, took in facts.durations(window_s, ("provider",)).items()
        if provider
    ]


SIGNAL = Signal("response_time", Bilingual("Antwortzeit (Median)", "Response time (median)"), "s", read)
