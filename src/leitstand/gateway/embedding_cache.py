"""The embedding cache on the way out: the provider is asked only for inputs whose vectors are not known.

A request that is known as a whole never comes here: gateway/call.py answers it before the hold.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from leitstand.accounting.estimate import estimate
from leitstand.accounting.prices import cost
from leitstand.core.conversation import Chunk, Embedded, Frame, Masked, Usage, Used
from leitstand.core.money import NanoEuro
from leitstand.gateway.call import Call, price_of
from leitstand.gateway.routing import Router, Sender
from leitstand.gateway.vectors import Known, Vectors, names_of, packed, texts_of
from leitstand.privacy.mask import selected
from leitstand.providers.base import Target

CostOf = Callable[[Target, int], NanoEuro]
Note = Callable[[int, NanoEuro], None]


def remembering(router: Router, call: Call, vectors: Vectors) -> Router:
    """The router, with the known vectors before its door where the call may use them."""
    if call.key is None or call.masked.prompt.dialect != "embeddings":
        return router

    def cost_of(target: Target, tokens: int) -> NanoEuro:
        return cost(Usage(input_tokens=tokens), price_of(call.prices, target))

    return router.through(lambda door: Remembering(door, vectors, cost_of, call.note_recalled))


class Remembering:
    """A Sender that knows vectors; the one behind it is asked for the rest, and what it answers is kept."""

    def __init__(self, door: Sender, vectors: Vectors, cost_of: CostOf, note: Note) -> None:
        """cost_of: of so many input tokens at a target. note: told how many inputs were known, and what that saved."""
        self._door = door
        self._vectors = vectors
        self._cost_of = cost_of
        self._note = note

    async def send(
        self, masked: Masked, target: Target, *, again: bool = False
    ) -> AsyncGenerator[Frame, None]:
        """One frame with all vectors in order, and the usage of what was really asked; see routing.Sender."""
        now = asyncio.get_running_loop().time()
        names = names_of(masked.prompt, target)
        known = {name: found for name in names if (found := self._vectors.get(name, now)) is not None}
        # By name, so a text that stands there twice is asked for once.
        missing = {name: place for place, name in enumerate(names) if name not in known}
        if not missing:  # another request has brought the last ones since this one was judged
            yield self._answer(names, known, {}, (Used(Usage()),))
            return
        rest = selected(masked, missing.values())
        async with aclosing(self._door.send(rest, target, again=again)) as frames:
            async for frame in frames:
                vectors = [chunk for chunk in frame.chunks if isinstance(chunk, Embedded)]
                others = tuple(chunk for chunk in frame.chunks if not isinstance(chunk, Embedded))
                if vectors:
                    others = others if _tokens(others) else (*others, _estimate(rest))
                    fresh = self._keep(list(missing), rest, target, vectors, _tokens(others), now)
                    yield self._answer(names, known, fresh, others)
                else:
                    yield frame

    def _keep(
        self, names: Sequence[bytes], rest: Masked, target: Target, vectors: Sequence[Embedded],
        tokens: int, now: float,
    ) -> dict[bytes, Known]:  # fmt: skip
        """Remember what came; the tokens of the whole are shared out by the length of the texts."""
        texts = texts_of(rest.prompt)
        share = tokens / max(1, sum(map(len, texts)))
        fresh: dict[bytes, Known] = {}
        for vector in vectors:
            name, own = names[vector.index], round(len(texts[vector.index]) * share)
            fresh[name] = Known(packed(vector.vector), self._cost_of(target, own), now)
            self._vectors.put(name, fresh[name])
        return fresh

    def _answer(
        self, names: Sequence[bytes], known: dict[bytes, Known], fresh: dict[bytes, Known],
        others: tuple[Chunk, ...],
    ) -> Frame:  # fmt: skip
        """All vectors in order, and the rest of what the provider said."""
        whole = {**known, **fresh}
        unasked = Counter(names) - Counter(fresh.keys())
        saved = sum(whole[name].cost_nano * times for name, times in unasked.items())
        self._note(unasked.total(), NanoEuro(saved))
        vectors = tuple([whole[name].at(index) for index, name in enumerate(names)])
        return Frame((*vectors, *others), None, "embeddings")


def _estimate(rest: Masked) -> Used:
    """What was really asked, where the provider does not count: later only the whole request is known."""
    return Used(Usage(estimate(rest.prompt).upper, estimated=True))


def _tokens(chunks: Sequence[Chunk]) -> int:
    return next((chunk.usage.input_tokens for chunk in chunks if isinstance(chunk, Used)), 0)
