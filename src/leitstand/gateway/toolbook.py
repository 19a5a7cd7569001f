"""One journal record per tool call, whatever happens; of the arguments it holds the names, never a value."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from leitstand.core.classes import DataClass
from leitstand.core.conversation import Json
from leitstand.core.errors import Refusal
from leitstand.core.events import Events
from leitstand.core.money import ZERO, NanoEuro
from leitstand.gateway.bookkeeping import Journal
from leitstand.identity.callers import Caller
from leitstand.journal.records import TOOL_CALL, Record
from leitstand.policy.tools import SEPARATOR, AdmittedTool

TOOL_ERROR = "tool_error"  # the server answered, and its answer was an error
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,160}")
_MOST_KEYS = 50
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool call as it came in, read and not yet judged.

    name: SERVER__TOOL. only: the one server that the address names, empty for all. run: id of the agent run, empty
    for none. time_us: application time of arrival. scope: the caller's own name for whose data this is.
    """

    id: str
    name: str
    arguments: Json
    time_us: int
    use_case: str | None = None
    data_class: DataClass | None = None
    only: str = ""
    run: str = ""
    scope: str = ""

    @property
    def counted_for(self) -> str:
        """What limits and records call it in the place of a model: `mcp:SERVER`."""
        return f"mcp:{self.name.partition(SEPARATOR)[0]}"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """Event: a tool call has ended."""

    record: Record


@dataclass(slots=True)
class ToolBook:
    """Facts of one call as they become known; entered as an `async with` around all its work."""

    request: ToolRequest
    caller: Caller
    journal: Journal
    events: Events
    admitted: AdmittedTool | None = None
    entities: dict[str, int] = field(default_factory=dict)
    pseudonymised: int = 0
    cost_nano: NanoEuro = ZERO
    fault: str = ""
    tool_error: bool = False
    result_bytes: int = 0
    started: float = 0.0

    async def __aenter__(self) -> "ToolBook":
        self.started = asyncio.get_running_loop().time()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        from anyio import CancelScope  # loaded with the SDK, not with the house

        record = self._record(*self._verdict(error))
        with CancelScope(shield=True):  # the SDK cancels a caller's every await once the caller has left
            await self.journal.write(record)
        self.events.say(ToolCalled(record))
        if isinstance(error, Refusal):
            _log.info("tool call refused", extra={"request_id": record.id, "code": error.code})

    def _verdict(self, error: BaseException | None) -> tuple[str, str]:
        """(outcome, code) of the record."""
        match error:
            case None:
                return ("failed", TOOL_ERROR) if self.tool_error else ("ok", "")
            case Refusal(status=status):
                return ("failed" if status >= 500 else "refused"), error.code
            case asyncio.CancelledError():
                return "left", ""
            case _:
                return "failed", "internal_error"

    def _record(self, outcome: str, code: str) -> Record:
        request, admitted, person = self.request, self.admitted, self.caller.person
        latency_s = asyncio.get_running_loop().time() - self.started
        return Record(
            id=request.id,
            kind=TOOL_CALL,
            time_us=request.time_us,
            user=person.name,
            department=person.department,
            use_case=admitted.use_case.name if admitted else (request.use_case or ""),
            key_id=self.caller.key_id,
            model=request.counted_for if _WORD.fullmatch(request.name) else "",
            provider=admitted.server.name if admitted else "",
            provider_model=admitted.tool if admitted else "",
            region=admitted.server.target.region.value if admitted else "",
            data_class=admitted.data_class.word if admitted else "",
            outcome=outcome,
            code=code,
            cost_nano=self.cost_nano,
            latency_us=max(0, round(latency_s * 1_000_000)),
            pseudonymised=self.pseudonymised,
            detail=self._detail(),
        )

    def _detail(self) -> dict[str, Any]:
        keys = [key if _WORD.fullmatch(key) else "…" for key in self.request.arguments]
        facts: dict[str, Any] = {
            "dialect": "mcp", "arguments": sorted(keys)[:_MOST_KEYS], "run": self.request.run,
            "entities": self.entities, "fault": self.fault, "result_bytes": self.result_bytes,
        }  # fmt: skip
        return {name: value for name, value in facts.items() if value}


OpenToolBook = Callable[[ToolRequest, Caller], ToolBook]
