"""Budgets joined with the house: their state for pages and programs, what people change, and the watch over them."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from leitstand.accounting.budgets import changes
from leitstand.accounting.budgets.board import Board, LimitState, Sources, take_board
from leitstand.accounting.budgets.changes import ExtensionWish, GraceWish, LimitWish
from leitstand.accounting.budgets.repository import UsageRows, Warned
from leitstand.accounting.budgets.rules import leeway, limit_rules
from leitstand.accounting.budgets.warnings import LimitReached, due, warning_id, warning_record
from leitstand.accounting.counters import Counter, Reading
from leitstand.accounting.periods import Calendar
from leitstand.app.repeated import Repeated
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import Extension
from leitstand.configuration.refusal import ConfigurationRefused
from leitstand.core.clock import Clock
from leitstand.core.events import Events
from leitstand.journal.records import Record
from leitstand.store.lead import Lead

WATCH_S = 60.0  # application time between two looks
_LEAST_S = 1.0  # real time between them, where application time runs fast
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BudgetDesk:
    """What pages and programs do with budgets. Blocking: call it in a thread.

    configuration: the one in force. refresh: takes over a change now. read: the counters.
    """

    rows: UsageRows
    editor: Editor
    clock: Clock
    configuration: Callable[[], Configuration]
    refresh: Callable[[], None]
    read: Callable[[Sequence[Counter]], Sequence[Reading]]

    def board(self) -> Board:
        """Every limit as it stands now."""
        configuration = self.configuration()
        timezone = configuration.organisation.timezone
        self.rows.advance(timezone)
        return take_board(
            limit_rules(configuration), leeway(configuration), Calendar(timezone), self.clock.time(),
            Sources(self.rows.daily, self.read),
        )  # fmt: skip

    def company_month(self) -> LimitState | None:
        """The company's limit in euro a month as it stands now, with what was added to it; None without one."""
        configuration = self.configuration()
        rules = [
            rule
            for rule in limit_rules(configuration)
            if (rule.scope, rule.measure) == ("company", "eur_per_month")
        ]
        board = take_board(
            rules, leeway(configuration), Calendar(configuration.organisation.timezone), self.clock.time(),
            Sources(lambda _kind, _since: (), self.read),
        )  # fmt: skip
        return max(board.states, key=lambda state: state.limit, default=None)

    def month_cost_nano(self) -> int:
        """What the company has used in the running month, from the sums by hour; tools are part of it."""
        timezone = self.configuration().organisation.timezone
        self.rows.advance(timezone)
        begins = f"{Calendar(timezone).period('month', self.clock.time()).label}-01"
        return sum(used.cost_nano for used in self.rows.daily("company", begins))

    def warnings(self, most: int) -> list[Warned]:
        """The last ones, newest first."""
        return self.rows.warnings(most)

    def extend(self, wish: ExtensionWish, actor: str) -> Extension:
        """More for a limit until its period ends; see `changes.extend`."""
        self.refresh()
        extension = changes.extend(self.editor, self.configuration(), wish, actor, self.clock.time())
        self.refresh()
        return extension

    def set_limit(self, wish: LimitWish, actor: str) -> None:
        """Make, change or remove a limit; see `changes.set_limit`."""
        self.refresh()
        changes.set_limit(self.editor, self.configuration(), wish, actor)
        self.refresh()

    def give_grace(self, wish: GraceWish, actor: str) -> None:
        """Let somebody pass limits for a while; see `changes.give_grace`."""
        changes.give_grace(self.editor, wish, actor, date.fromisoformat(self.today()))
        self.refresh()

    def end_grace(self, scope: str, actor: str) -> None:
        """From now on limits hold again; raises ConfigurationRefused where there is no grace."""
        self.editor.remove_object("grace", scope, actor)
        self.refresh()

    def today(self) -> str:
        """The day in the organisation's time zone, ISO."""
        return Calendar(self.configuration().organisation.timezone).period("day", self.clock.time()).label


class BudgetWatch:
    """Keeps the sums by hour up, writes each warning once, and clears away what has ended."""

    def __init__(
        self, desk: BudgetDesk, record: Callable[[Record], None], events: Events, lead: Lead
    ) -> None:
        """record: keeps a record durably. lead: of all processes one watches."""
        self._desk = desk
        self._record = record
        self._events = events
        self._lead = lead
        self._told: set[str] | None = None

    def run(self, stop: threading.Event) -> None:
        """Look every minute until told to stop."""
        pause_s = max(_LEAST_S, WATCH_S / self._desk.clock.factor)
        rounds = Repeated(_log, "budgets cannot be watched", "budgets are watched again")
        try:
            while True:
                with rounds:
                    if self._lead.is_mine():
                        self.look(stop)
                if stop.wait(pause_s):
                    return
        finally:
            self._lead.leave()

    def look(self, stop: threading.Event) -> None:
        """One round."""
        timezone = self._desk.configuration().organisation.timezone
        while self._desk.rows.advance(timezone) and not stop.is_set():
            pass
        self._warn(Calendar(timezone))
        self._clear()

    def _warn(self, calendar: Calendar) -> None:
        now_s = self._desk.clock.time()
        if self._told is None:
            since_us = int(calendar.period("month", now_s).begins_s * 1_000_000)
            self._told = set(self._desk.rows.reached_since(since_us))
        for state in self._desk.board().states:
            threshold = due(state)
            if threshold is None:
                continue
            reached = LimitReached(state, threshold)
            if (name := warning_id(reached)) not in self._told:
                self._record(warning_record(reached, int(now_s * 1_000_000)))
                self._told.add(name)
                self._events.say(reached)

    def _clear(self) -> None:
        over = list(changes.ended(self._desk.configuration(), self._desk.today()))
        for kind, name in over:
            with suppress(ConfigurationRefused):  # somebody was quicker
                self._desk.editor.remove_object(kind, name, "system")
        if over:
            self._desk.refresh()
