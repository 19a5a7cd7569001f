"""Kept responses: sealed at rest, bound to their owner, gone when the retention rules say so.

Originals are kept, not placeholders: each request masks its whole conversation anew, as a chat history, so the
placeholders of a chain stay the same. Blocking (database, encryption): call from a thread.
"""

from dataclasses import dataclass

import msgspec

from leitstand.answers.responses.repository import KeptRow, KeptRows
from leitstand.core.clock import Clock
from leitstand.core.conversation import Json
from leitstand.core.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a response is: of a person within one use case."""

    user: str
    use_case: str


class Kept(msgspec.Struct, frozen=True):
    """One request with its answer, in the client's words. items: its own input, without what came before."""

    items: list[Json]
    response: Json


class KeptResponses:
    """The store. Each body is sealed for its own row and owner, so rows cannot be exchanged."""

    def __init__(self, rows: KeptRows, sealer: Sealer, clock: Clock) -> None:
        self._rows = rows
        self._sealer = sealer
        self._clock = clock

    def keep(self, owner: Owner, response_id: str, previous: str, kept: Kept) -> None:
        """Keep a request with its answer. previous: the answer it goes on from, empty for none."""
        body = self._sealer.seal(msgspec.json.encode(kept), _context(owner, response_id))
        now_us = self._clock.time_us()
        self._rows.add(KeptRow(response_id, owner.user, owner.use_case, previous, body, now_us))

    def get(self, owner: Owner, response_id: str) -> Kept | None:
        """None when there is none of this owner."""
        row = self._rows.get(owner.user, owner.use_case, response_id)
        return None if row is None else self._open(owner, row)

    def history(self, owner: Owner, response_id: str) -> list[Json] | None:
        """Every item up to and with an answer, oldest first; None when a part of it is not there."""
        turns: list[list[Json]] = []
        while response_id:
            row = self._rows.get(owner.user, owner.use_case, response_id)
            if row is None:
                return None
            kept = self._open(owner, row)
            turns.append([*kept.items, *kept.response.get("output", ())])
            response_id = row.previous
        return [item for turn in reversed(turns) for item in turn]

    def delete(self, owner: Owner, response_id: str) -> bool:
        """Remove a response for good; False when there is none of this owner."""
        return self._rows.remove(owner.user, owner.use_case, response_id)

    def _open(self, owner: Owner, row: KeptRow) -> Kept:
        return msgspec.json.decode(self._sealer.open(row.body, _context(owner, row.id)), type=Kept)


def _context(owner: Owner, response_id: str) -> str:
    return f"response:{response_id}:{owner.user}:{owner.use_case}"
