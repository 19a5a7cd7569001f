"""Work that is tried again and again: its failure is told when it begins, and once more when it is over."""

import logging
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError


class Repeated:
    """A border around each round: `with self._rounds: …`. A failed round ends there; the next one tries again.

    A database or disk that is away is told in a sentence; anything else with its trace, since it is a fault of ours.
    """

    def __init__(self, log: logging.Logger, failing: str, again: str) -> None:
        """failing, again: what to say, as sentences without their end."""
        self._log = log
        self._words = failing, again
        self._failing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            if self._failing:
                self._failing = False
                self._log.warning(self._words[1])
            return False
        if not isinstance(error, Exception):
            return False
        if not self._failing:
            self._failing = True
            is_outage = isinstance(error, SQLAlchemyError | OSError)
            self._log.error("%s: %s", self._words[0], error, exc_info=None if is_outage else error)
        return True
