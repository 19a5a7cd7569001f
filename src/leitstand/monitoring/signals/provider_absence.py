"""How long a provider has served nobody: from its first failure after its last answer, seen by requests and probes.

A value needs fresh evidence: the last failed call lies within the window, or the provider is unknown again.
"""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Reading, labels

_S = 1_000_000


def read(facts: Facts, window_s: float) -> list[Reading]:
    """Seconds, by provider; 0 for one that answers."""
    found = []
    for provider, tries in facts.providers().items():
        if not tries.since_us:
            value: float | None = 0.0 if tries.answered_us else None
        elif facts.now_us - tries.absent_us > window_s * _S:
            value = None
        else:
            value = (facts.now_us - tries.since_us) / _S
        found.append(Reading(labels(provider=provider), value, max(1, tries.absent)))
    return found


SIGNAL = Signal(
    "provider_absence", Bilingual("Anbieter nicht erreichbar seit", "Provider unreachable for"), "s", read
)
