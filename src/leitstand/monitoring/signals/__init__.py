"""The shelf of signals: each module has SIGNAL, what rules can be made of; found by its file.

A signal reads facts and says one value per subject, the higher the worse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.values import Reading

Unit = Literal["s", "share", "count", "days"]


@dataclass(frozen=True)
class Signal:
    """What can be watched. read: facts and the rule's window in seconds to one reading per subject."""

    name: str
    title: Bilingual
    unit: Unit
    read: Callable[[Facts, float], list[Reading]]
