"""One question of the house itself to the gateway, and its answer as a whole."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import date
from typing import NamedTuple

from leitstand.core.clock import Clock
from leitstand.core.conversation import Prompt, TextDelta, Used
from leitstand.core.errors import Overloaded, RateLimited
from leitstand.core.ids import new_id
from leitstand.core.money import ZERO, NanoEuro
from leitstand.gateway.hotpath import Gateway
from leitstand.gateway.values import Piece, Request, Tail
from leitstand.identity.callers import Caller

_PATIENCE_S = 600.0  # of waiting for a turn within rate limits
_LEAST_WAIT_S, _MOST_WAIT_S = 0.5, 60.0


class Said(NamedTuple):
    """An answer. time_us: application time of the question; tokens: of the answer."""

    request_id: str
    text: str
    cost_nano: NanoEuro
    tokens: int
    time_us: int
    latency_us: int


class Asker:
    """Asks in a person's name, marked with a purpose and never from the cache."""

    def __init__(self, gateway: Gateway, clock: Clock, today: Callable[[], date], purpose: str) -> None:
        self._gateway = gateway
        self._clock = clock
        self._today = today
        self._purpose = purpose

    async def ask(self, prompt: Prompt, use_case: str, caller: Caller) -> Said:
        """The whole answer; waits for its turn where limits ask for it. Raises the Refusal that remains."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + _PATIENCE_S
        while True:
            try:
                return await self._ask_once(prompt, use_case, caller)
            except (RateLimited, Overloaded) as refusal:
                wait_s = min(max(refusal.retry_after_s or 0.0, _LEAST_WAIT_S), _MOST_WAIT_S)
                if loop.time() + wait_s > patience:
                    raise
                await asyncio.sleep(wait_s)

    async def _ask_once(self, prompt: Prompt, use_case: str, caller: Caller) -> Said:
        now_us, loop = self._clock.time_us(), asyncio.get_running_loop()
        request = Request(
            id=new_id("req", now_us), prompt=prompt, time_us=now_us, use_case=use_case or None, cache="off",
            purpose=self._purpose,
        )  # fmt: skip
        pieces: list[str] = []
        cost, tokens, started = ZERO, 0, loop.time()
        async with aclosing(self._gateway.answer(request, caller, self._today())) as parts:
            async for part in parts:
                if isinstance(part, Tail):
                    cost = part.cost_nano
                for chunk in part.frame.chunks if isinstance(part, Piece) else ():
                    if isinstance(chunk, TextDelta) and chunk.choice == 0:
                        pieces.append(chunk.text)
                    elif isinstance(chunk, Used):
                        tokens = chunk.usage.output_tokens
        latency_us = round((loop.time() - started) * 1e6)
        return Said(request.id, "".join(pieces), cost, tokens, now_us, latency_us)
