"""What must never happen, and attempts that pile up: leaks, a broken journal, keys that somebody guesses.

One refused request is policy at work. Many of them in a short time are somebody who tries.
"""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Reading, labels

EVENTS = (
    "privacy.leak.found", "journal.chain.broken", "journal.spool.corrupt", "knowledge.permission.exceeded",
)  # fmt: skip
SIGN_IN_FAILED, SIGN_INS = "identity.session.sign_in_failed", 20
BURSTS = {"invalid_key": 20, "not_permitted": 20, "policy_no_target": 10}
"""Refusals by code: from so many within the window on they are a violation; SIGN_INS is the same for sign-ins."""


def read(facts: Facts, window_s: float) -> list[Reading]:
    """How many, by kind."""
    found: dict[str, int] = {}
    for each in facts.happened(EVENTS, window_s):
        found[each.kind] = found.get(each.kind, 0) + 1
    failed = len(facts.happened((SIGN_IN_FAILED,), window_s))
    if failed >= SIGN_INS:
        found[SIGN_IN_FAILED] = failed
    for code, count in facts.refusals(window_s).items():
        if count >= BURSTS.get(code, count + 1):
            found[code] = count
    return [Reading(labels(event=kind), float(count), count) for kind, count in found.items()]


SIGNAL = Signal(
    "violations", Bilingual("Verstöße gegen Sicherheit und Regeln", "Security and compliance violations"),
    "count", read,
)  # fmt: skip
