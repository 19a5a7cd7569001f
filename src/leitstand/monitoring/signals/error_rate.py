"""Requests that failed or were lost, over all that were neither refused by a rule nor left by their client."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.minutes import Counts
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Reading


def share(counts: Counts) -> tuple[float | None, int]:
    """(share of failed, over how many); None without a request that counts."""
    asked = counts.requests - counts.refused - counts.left
    return (counts.failed / asked if asked > 0 else None), asked


def read(facts: Facts, window_s: float) -> list[Reading]:
    """One reading for the whole house; the use cases that feel it are named."""
    whole = facts.sums(window_s, ()).get((), None)
    if whole is None:
        return [Reading((), None)]
    value, asked = share(whole.counts)
    named = ", ".join(facts.hit(window_s)[:3])
    return [Reading((), value, asked, Bilingual(named, named))]


SIGNAL = Signal("error_rate", Bilingual("Fehlerquote", "Error rate"), "share", read)
