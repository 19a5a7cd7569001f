"""What came of a fire drill: what people would have seen, and every attempt behind it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from leitstand.core.conversation import TextDelta
from leitstand.core.errors import Refusal
from leitstand.core.i18n import Bilingual
from leitstand.core.money import NanoEuro
from leitstand.gateway.bookkeeping import Book
from leitstand.gateway.drill import FAULTS, Drill
from leitstand.gateway.values import Head, Piece, Tail


@dataclass(frozen=True)
class Step:
    """One attempt, in milliseconds after the question. fault: "" for the one that answered. played: by the drill."""

    provider: str
    model: str
    began_ms: float
    took_ms: float
    fault: str
    status: int | None
    played: bool


@dataclass(frozen=True)
class Failure:
    """What the client is told, as status, code and sentence."""

    status: int
    code: str
    message: Bilingual


@dataclass(frozen=True)
class DrillReport:
    """What people would have seen. failure with text: the answer broke off after `text`.

    answered_by: provider and its model, "" when nobody answered. left_out: targets that policy did not allow,
    with the reason. Times in seconds from the question.
    """

    request_id: str
    drill: Drill
    text: str
    answered_by: tuple[str, str]
    failure: Failure | None
    first_token_s: float | None
    took_s: float
    cost_nano: NanoEuro
    fallback: int
    steps: tuple[Step, ...]
    left_out: tuple[tuple[str, Bilingual], ...]

    @property
    def outcome(self) -> Literal["answered", "broken_off", "failed"]:
        """What people had: a whole answer, the beginning of one and an error, or only an error."""
        if self.failure is None:
            return "answered"
        return "broken_off" if self.text else "failed"


async def observe(
    answer: AsyncGenerator[Head | Piece | Tail, None], drill: Drill, book_of: Callable[[], Book]
) -> DrillReport:
    """Read the answer of a drill to its end and tell what happened.

    answer: of Gateway.answer. book_of: the book that it has opened, once it was begun.
    """
    text: list[str] = []
    failure: Failure | None = None
    try:
        async with aclosing(answer) as items:
            async for item in items:
                if isinstance(item, Piece):
                    text += [chunk.text for chunk in item.frame.chunks if isinstance(chunk, TextDelta)]
    except Refusal as refusal:
        failure = Failure(refusal.status, refusal.code, Bilingual(refusal.de, refusal.en))
    book, ended = book_of(), asyncio.get_running_loop().time()
    target = book.candidate.target if book.candidate else None
    return DrillReport(
        request_id=book.request.id,
        drill=drill,
        text="".join(text),
        answered_by=(target.provider, target.model) if target else ("", ""),
        failure=failure,
        first_token_s=book.first_token - book.started if book.first_token else None,
        took_s=ended - book.started,
        cost_nano=book.cost_nano,
        fallback=book.trace.fallback,
        steps=_steps(book, drill),
        left_out=tuple(
            (drop.target.provider, Bilingual(drop.de, drop.en))
            for drop in (book.admitted.dropped if book.admitted else ())
        ),
    )


def _steps(book: Book, drill: Drill) -> tuple[Step, ...]:
    played = (FAULTS[drill.fault].kind, FAULTS[drill.fault].late)
    return tuple(
        Step(
            provider=attempt.provider,
            model=attempt.model,
            began_ms=round((attempt.started - book.started) * 1000, 1),
            took_ms=round((attempt.ended - attempt.started) * 1000, 1),
            fault=attempt.fault,
            status=attempt.status,
            played=drill.hits(attempt.provider) and attempt.fault in played,
        )
        for attempt in book.trace.attempts
    )
