"""A run of a job in memory: the steps are kept as the engine keeps them, and a kill can be played between two."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from leitstand.jobs.values import Turn

Result = TypeVar("Result")


class Killed(BaseException):
    """The process is gone; no work catches it."""


@dataclass
class MemoryTurn:
    """Call the work with it; call it again with the same turn, and completed steps hand out what they gave.

    due, options: of the run. kill_before: name of the step before which the process dies, once.
    """

    due: datetime = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    options: dict[str, str] = field(default_factory=dict)
    kill_before: str | None = None
    results: dict[str, str] = field(default_factory=dict)
    """Step -> its result as JSON."""
    done: list[str] = field(default_factory=list)
    """The steps that were really worked, in order, over all tries."""
    progress_seen: list[tuple[int, int]] = field(default_factory=list)

    def step(self, name: str, work: Callable[..., Result], *args: object) -> Result:
        if name in self.results:
            kept: Result = json.loads(self.results[name])
            return kept
        if name == self.kill_before:
            self.kill_before = None
            raise Killed(name)
        result = work(*args)
        text = json.dumps(result)
        assert json.loads(text) == result, (
            f"step {name}: a result that JSON does not keep as it is: {result!r}"
        )
        self.results[name] = text
        self.done.append(name)
        return result

    def progress(self, done: int, total: int) -> None:
        self.progress_seen.append((done, total))


def _turn() -> Turn:
    """mypy compares the two."""
    return MemoryTurn()
