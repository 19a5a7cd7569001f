"""Seats: the numbered places at which processes work on jobs, on one machine or on several.

A seat's name stays when its process dies; whoever sits down there next, or clears it, goes on with what lay on it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from leitstand.store.lead import Lead

FIRST = ("jobs-0",)  # for gateways: one of them works
ALL = tuple(f"jobs-{number}" for number in range(16))  # for workers


class Seats:
    """The wish of this process to sit."""

    def __init__(self, data: Path, engine: Engine, names: Sequence[str]) -> None:
        """names: the seats that will do, the best first."""
        self._data = data
        self._engine = engine
        self._names = names
        self._lead: Lead | None = None
        self.name = ""
        """Of the seat that is held; "" none."""

    def sit(self) -> bool:
        """Whether this process sits, now or still; blocking."""
        if self._lead is not None:
            if self._lead.is_mine():
                return True
            self.leave()
            return False  # what was in hand is laid aside first
        for name in self._names:
            lead = self._of(name)
            if lead.is_mine():
                self._lead, self.name = lead, name
                return True
            lead.leave()
        return False

    def leave(self) -> None:
        """Stand up."""
        if self._lead is not None:
            self._lead.leave()
        self._lead, self.name = None, ""

    @contextmanager
    def empty(self, name: str) -> Iterator[bool]:
        """Whether nobody sits there; meanwhile nobody can."""
        lead = self._of(name)
        try:
            yield lead.is_mine()
        finally:
            lead.leave()

    def _of(self, name: str) -> Lead:
        return Lead(self._data / f"{name}.lock", self._engine)
