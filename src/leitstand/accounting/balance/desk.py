"""The balance for jobs, pages, programs and the command line: ask, record, read what was found."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from leitstand.accounting.balance.repository import FOUND, RELEASED, VERIFIED, BalanceRecord, StoredBooks
from leitstand.accounting.balance.verify import Balance, Difference, Question, verify
from leitstand.accounting.budgets.rules import limit_rules
from leitstand.accounting.counters import Counters
from leitstand.accounting.periods import Calendar
from leitstand.configuration.current import Configuration
from leitstand.core.clock import Clock
from leitstand.core.errors import Overloaded
from leitstand.core.ids import new_id
from leitstand.core.money import euro
from leitstand.journal.records import Record

_PAUSE_S = 0.5


@dataclass(frozen=True)
class BalanceDesk:
    """Blocking: call it in a thread.

    spool: brings what waits into the journal, False if it cannot; record: keeps an audit record durably; tell: hears how
    many differences a proof found, and when (seconds).
    """

    engine: Engine
    counters: Counters
    clock: Clock
    configuration: Callable[[], Configuration]
    spool: Callable[[], bool]
    record: Callable[[Record], None]
    tell: Callable[[int, float], None] = lambda differences, time_s: None

    def verify(self, actor: str, *, mend: bool = True) -> Balance:
        """Compare now, mend what is safe to mend, and record it. Raises Overloaded while nobody knows what was spent."""
        if self.counters.needs_rebuild:
            raise Overloaded(
                "Die Zähler sind noch nicht aus dem Protokoll aufgebaut. Ein laufender Server tut das in einer Minute.",
                "The counters are not yet built from the journal. A running server does so within a minute.",
                retry_after_s=60,
            )
        configuration = self.configuration()
        timezone = configuration.organisation.timezone
        question = Question(limit_rules(configuration), Calendar(timezone), self.clock.time())
        found = verify(question, self._books(), self.counters, mend=mend, pause=lambda: time.sleep(_PAUSE_S))
        for difference in found.differences:
            self.record(self._told(difference, actor))
        self.record(
            Record(
                id=new_id("evt"), kind=VERIFIED, time_us=self.clock.time_us(), user=actor,
                detail={
                    "accounts": found.accounts, "differences": len(found.differences),
                    "mended": sum(each.mended for each in found.differences),
                    "estimated_tokens": found.estimated, "tokens": found.tokens,
                },
            )
        )  # fmt: skip
        self.tell(len(found.differences), self.clock.time())
        return found

    def told(self, most: int = 50) -> list[BalanceRecord]:
        """What was found before, newest first."""
        return self._books().told(most)

    def _books(self) -> StoredBooks:
        return StoredBooks(self.engine, self.configuration().organisation.timezone, self.spool)

    def _told(self, difference: Difference, actor: str) -> Record:
        kind = RELEASED if difference.kind == "loose_hold" and difference.mended else FOUND
        detail = _facts(difference)
        return Record(id=new_id("evt"), kind=kind, time_us=self.clock.time_us(), user=actor, detail=detail)


def _facts(difference: Difference) -> dict[str, Any]:
    """A difference, amounts in EUR as texts, tokens as numbers; of a person's limit, only how far the sums are apart."""
    account = difference.account
    facts = {
        "scope": account.scope, "measure": account.measure, "period": account.period, "kind": difference.kind,
        "difference": _amount(difference, difference.amount), "mended": difference.mended,
    }  # fmt: skip
    if account.is_private:
        return facts
    sums = {"journal": difference.journal, "other": difference.other}
    return facts | {name: _amount(difference, units) for name, units in sums.items()}


def _amount(difference: Difference, units: int) -> str | int:
    return str(euro(units)) if difference.account.in_money else units


def figures(found: Balance) -> dict[str, Any]:
    """A balance for programs."""
    return {
        "agrees": not found.differences,
        "accounts": found.accounts,
        "estimated_tokens": found.estimated,
        "tokens": found.tokens,
        "differences": [_facts(each) for each in found.differences],
    }
