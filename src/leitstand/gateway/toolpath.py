"""The way of a tool call, from top to bottom:

    ToolRequest ─ scan ───▶ Scanned       what personal data is in the arguments      privacy
                ─ admit ──▶ AdmittedTool  who may, which server, what it may see      policy/tools
                ─ step ───▶               one more step of the agent's run            accounting/runs
                ─ protect ▶ Masked        what the server may see                     privacy
                ─ hold ───▶ Entry         requests and money, before the call         accounting
                ─ call ───▶ result        once, for a tool may have effects           providers/mcp_client
                ─ settle ─▶ cost          also where the caller leaves                accounting
                ─ restore ▶ result        originals put back for this caller only     privacy
                ─ journal ▶ record        names of arguments, never their values      gateway/toolbook

The book is an `async with` around everything and the ledger one around the call.
"""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from leitstand.accounting.admission import Downgrade
from leitstand.accounting.ledger import Entry, Ledger
from leitstand.accounting.limits import Subject
from leitstand.accounting.prices import Price, Tariff, UnitPrices
from leitstand.accounting.runs import Run, Runs
from leitstand.accounting.sizing import Need
from leitstand.core.conversation import Json, Masked, Message, Prompt, ToolCall, Usage
from leitstand.core.errors import BudgetExhausted, Refusal, UpstreamFailed, UpstreamTimeout
from leitstand.core.money import NanoEuro, euro
from leitstand.gateway.call import characters
from leitstand.gateway.hotpath import Rules
from leitstand.gateway.tool_directory import ToolDirectory
from leitstand.gateway.toolbook import OpenToolBook, ToolBook, ToolRequest
from leitstand.identity.callers import Caller
from leitstand.policy.admit import Protection
from leitstand.policy.rulebook import ToolServer
from leitstand.policy.tools import SEPARATOR, AdmittedTool, ToolAsk, admit_tool, servers_for
from leitstand.privacy.leaks.values import Sent
from leitstand.privacy.mask import Scanned, clear, mask, release, scan
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.restore import Restorer
from leitstand.privacy.scan import Scanner
from leitstand.privacy.vault import Vault
from leitstand.providers.base import Target
from leitstand.providers.faults import TIMEOUTS, FaultKind, UpstreamFault

_ZERO = Decimal(0)
_NO_TOKENS = Tariff(_ZERO, _ZERO, _ZERO, _ZERO)
_BYTES = frozenset({"data", "blob"})  # encoded media in a result


class CallsTools(Protocol):
    """The door, as far as calls need it."""

    async def call(self, masked: Masked, target: Target, limit_bytes: int) -> Json:
        """Make the call; raises UpstreamFault."""


class ToolGateway:
    """The path with its parts. rules: those in force now."""

    def __init__(
        self, rules: Callable[[], Rules], ledger: Ledger, runs: Runs, directory: ToolDirectory,
        door: CallsTools, open_book: OpenToolBook, vault: Vault | None = None,
    ) -> None:  # fmt: skip
        """vault: gives the numbers of a client's file, where a call belongs to one."""
        self.directory = directory
        self._rules = rules
        self._ledger = ledger
        self._runs = runs
        self._door = door
        self._open_book = open_book
        self._vault = vault

    def identify(self, key: str, time_us: int, ip: str) -> Caller:
        """Who calls; raises InvalidKey or NotPermitted."""
        return self._rules().keys.identify(key, time_us, ip)

    async def list(self, caller: Caller, use_case: str | None, only: str = "") -> tuple[Json, ...]:
        """The tools that a caller may call in a use case; raises InvalidRequest, NotPermitted, NotFound."""
        _, servers = servers_for(self._rules().book, caller, use_case, only)
        return await self.directory.published(servers)

    async def call(self, request: ToolRequest, caller: Caller, today: date) -> Json:
        """Call a tool; returns the `CallToolResult` as JSON. Raises a Refusal."""
        rules = self._rules()
        async with self._open_book(request, caller) as book:
            scanned = await _scan(rules.scanner.of(caller.person.department), _prompt_of(request))
            book.entities = {kind.value: count for kind, count in scanned.counts.items()}
            ask = ToolAsk(
                caller, request.name, request.use_case, request.data_class, scanned.data_class,
                request.arguments, request.only,
            )  # fmt: skip
            admitted = book.admitted = admit_tool(rules.book, ask, today)
            if request.run:
                run = Run(caller.key_id or caller.name, request.run)
                self._runs.step(run, admitted.use_case.runs, request.id)
            masked, mapping = await self._protect(request, scanned, admitted)
            book.pseudonymised = masked.count
            need = _need(admitted.server)
            try:
                async with self._ledger.open(
                    _subject(admitted, request), need, request.id, rules.limit_wait_s
                ) as entry:
                    if admitted.protection is Protection.MASKED:
                        book.events.say(_sent(request, admitted, masked, mapping))
                    result = await self._call(admitted.server, masked, need, entry, book)
            except Downgrade as limit:
                raise _no_cheaper(limit) from limit
            book.tool_error = bool(result.get("isError"))
            return result if not mapping else _restored(result, Restorer(mapping))

    async def _call(
        self, server: ToolServer, masked: Masked, need: Need, entry: Entry, book: ToolBook
    ) -> Json:
        sent = True
        try:
            result = await self._door.call(masked, server.target, server.max_result_bytes)
            book.result_bytes = len(msgspec.json.encode(result))
            return result
        except UpstreamFault as fault:
            sent, book.fault = fault.sent, str(fault.kind)
            raise _refusal(fault, server) from fault
        finally:
            if sent:  # also when nobody waits any more: the tool may have done its work
                book.cost_nano = entry.settle(Usage(units=1, unit="call"), need.price)

    async def _protect(
        self, request: ToolRequest, scanned: Scanned, admitted: AdmittedTool
    ) -> tuple[Masked, Mapping]:
        """What the server may see; with a scope, under the numbers that the conversation has."""
        match admitted.protection:
            case Protection.MASKED if self._vault is not None and request.scope:
                return await asyncio.to_thread(self._vault.mask, request.scope, scanned)
            case Protection.MASKED:
                return mask(scanned)
            case Protection.HOUSE:
                return clear(scanned)
            case Protection.RELEASED:
                return release(scanned), Mapping()


async def _scan(scanner: Scanner, prompt: Prompt) -> Scanned:
    if characters(prompt) <= scanner.inline_characters:
        return scan(prompt, scanner)
    return await asyncio.to_thread(scan, prompt, scanner)


def _prompt_of(request: ToolRequest) -> Prompt:
    """The call as what privacy reads and the door accepts: a turn that calls a tool."""
    arguments = msgspec.json.encode(request.arguments).decode()
    tool = request.name.partition(SEPARATOR)[2]
    return Prompt("chat", request.name, (Message("assistant", (ToolCall(request.id, tool, arguments),)),))


def _sent(request: ToolRequest, admitted: AdmittedTool, masked: Masked, mapping: Mapping) -> Sent:
    return Sent(
        request.id, request.time_us, masked, mapping, admitted.caller.person.department, admitted.use_case.name,
        request.counted_for, request.scope,
    )  # fmt: skip


def _need(server: ToolServer) -> Need:
    price = Price(_NO_TOKENS, "mcp_servers", units=UnitPrices(call=euro(NanoEuro(server.cost_nano))))
    return Need(0, 0, 0, price, units=1, unit="call")


def _subject(admitted: AdmittedTool, request: ToolRequest) -> Subject:
    person = admitted.caller.person
    return Subject(
        person.name, person.department, admitted.use_case.name, admitted.caller.key_id, request.counted_for
    )


def _restored(value: Any, restorer: Restorer) -> Any:
    """A result with the originals in all its strings, encoded media aside."""
    match value:
        case str():
            return restorer.plain(value)
        case dict():
            return {
                key: inner if key in _BYTES and isinstance(inner, str) else _restored(inner, restorer)
                for key, inner in value.items()
            }
        case list():
            return [_restored(inner, restorer) for inner in value]
    return value


def _refusal(fault: UpstreamFault, server: ToolServer) -> Refusal:
    detail: dict[str, object] = {"server": server.name, "fault": str(fault.kind)}
    if fault.kind in TIMEOUTS:
        return UpstreamTimeout(
            f"Der MCP-Server „{server.title}“ hat nicht in {server.target.patience.total_s:g} s geantwortet. "
            "Prüfen Sie vor einem neuen Versuch, ob das Werkzeug seine Arbeit getan hat.",
            f"The MCP server '{server.title}' did not answer within {server.target.patience.total_s:g} s. Before "
            "trying again, check whether the tool has done its work.",
            detail=detail,
        )
    if fault.kind is FaultKind.CONTEXT_TOO_LONG:
        return UpstreamFailed(
            f"Die Antwort des MCP-Servers „{server.title}“ ist größer als {server.max_result_bytes // 1024} KiB. "
            "Grenzen Sie die Frage ein.",
            f"The answer of the MCP server '{server.title}' is larger than {server.max_result_bytes // 1024} KiB. "
            "Narrow the question.",
            detail=detail,
        )
    return UpstreamFailed(
        f"Der MCP-Server „{server.title}“ ist nicht erreichbar oder gestört. Versuchen Sie es später; die IT sieht "
        "den Grund auf der Seite „Werkzeuge“.",
        f"The MCP server '{server.title}' cannot be reached or is in trouble. Try later; IT sees the reason on the "
        "page 'Tools'.",
        detail=detail,
    )


def _no_cheaper(downgrade: Downgrade) -> BudgetExhausted:
    scope = downgrade.limit.scope
    return BudgetExhausted(
        f"Das Budget für „{scope}“ ist verbraucht; für Werkzeuge gibt es kein günstigeres Modell.",
        f"The budget of '{scope}' is used up; for tools there is no cheaper model.",
        detail={"limit": scope},
    )
