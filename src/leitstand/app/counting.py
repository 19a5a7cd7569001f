"""Where limits are counted at the moment: together with other machines, or alone."""

from typing import TYPE_CHECKING

from leitstand.accounting.counters.opened import open_counters as open_counters
from leitstand.accounting.counters.shared import SharedCounters

if TYPE_CHECKING:
    from leitstand.accounting.counters.valkey import ValkeyCounters


def counts_alone(counters: "SharedCounters | ValkeyCounters") -> bool:
    """Whether Valkey is asked for and away, so that this machine holds limits within its share."""
    return not isinstance(counters, SharedCounters) and counters.away
