"""`/betrieb/werkzeuge`: the MCP servers, how they are, who may use which tool, and the last calls. No persons."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import NotFound
from leitstand.core.i18n import Bilingual
from leitstand.gateway.tool_views import ToolServerView
from leitstand.identity.roles import ROLES, Permission
from leitstand.reports.tools import PERIOD_DAYS, RecentCall, ToolFigures, ToolSnapshot
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, RUNNING, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import CLASS_WORDS, REGION_WORDS

_HOME = "/betrieb/werkzeuge"
OUTCOMES: dict[str, tuple[Level, str]] = {
    "ok": ("ok", N_("beantwortet")),
    "refused": ("info", N_("abgewiesen")),
    "failed": ("warn", N_("fehlgeschlagen")),
    "left": ("off", N_("abgebrochen")),
    "lost": ("crit", N_("verloren")),
}
CODES = {
    "tool_error": N_("Fehler im Werkzeug"),
    "upstream_failed": N_("Server gestört"),
    "upstream_timeout": N_("zu langsam"),
    "budget_exhausted": N_("Budget"),
    "rate_limited": N_("Takt"),
    "run_limit": N_("Lauf am Ende"),
    "not_permitted": N_("Recht"),
    "not_found": N_("unbekannt"),
    "policy_no_target": N_("Richtlinie"),
}


@dataclass(frozen=True)
class ServerPanel:
    """One server. may: who, in words. gets: the highest class that it gets, in words. fault: empty while it answers."""

    name: str
    title: str
    place: str
    level: Level
    word: str
    checked: str
    fault: str
    may: str
    gets: str
    published: tuple[str, ...]
    hidden: tuple[str, ...]
    calls: str
    failed: str
    refused: str
    cost: str


@dataclass(frozen=True)
class CallRow:
    """One call. why: the reason of one that brought nothing, empty for others."""

    time: str
    iso: str
    use_case: str
    tool: str
    level: Level
    word: str
    why: str
    took: str
    cost: str


@dataclass(frozen=True)
class ToolsPage:
    """address: where MCP clients connect."""

    days: int
    address: str
    servers: tuple[ServerPanel, ...]
    recent: tuple[CallRow, ...]


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        tools = desk.ports.tools
        page = _page(visit, tools.servers(), await tools.figures(), str(request.base_url))
        return await visit.page("werkzeuge.html", page)

    async def check(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        await visit.check_token()
        name = await visit.field("server")
        try:
            await desk.ports.tools.check(name)
        except NotFound:  # it was removed meanwhile: the fresh page shows what there is
            return RedirectResponse(_HOME, 303)
        return RedirectResponse(f"{_HOME}#{name}", 303)

    return [
        Route(_HOME, show, methods=["GET"], name="tools"),
        Route(_HOME, check, methods=["POST"]),
    ]


def _page(visit: Visit, servers: tuple[ToolServerView, ...], snapshot: ToolSnapshot, base: str) -> ToolsPage:
    return ToolsPage(
        days=PERIOD_DAYS,
        address=f"{base.rstrip('/')}/mcp",
        servers=tuple(
            _panel(visit, server, snapshot.figures.get(server.name, ToolFigures())) for server in servers
        ),
        recent=tuple(_call(visit, call) for call in snapshot.recent),
    )


def _panel(visit: Visit, server: ToolServerView, figures: ToolFigures) -> ServerPanel:
    form, state = visit.form, server.state
    level, word = _state(server)
    gets = visit.say(CLASS_WORDS[server.data_class]) if server.data_class is not None else ""
    return ServerPanel(
        name=server.name,
        title=server.title,
        place=visit.say(REGION_WORDS[server.region]),
        level=level,
        word=visit.say(word),
        checked=form.clock(from_us(state.checked_us), seconds=True) if state.checked_us else "",
        fault=state.fault,
        may=_who(visit, server),
        gets=gets,
        published=server.published,
        hidden=server.hidden,
        calls=form.number(figures.calls),
        failed=form.number(figures.failed),
        refused=form.number(figures.refused),
        cost=str(form.money(figures.cost_nano)),
    )


def _state(server: ToolServerView) -> tuple[Level, str]:
    if server.data_class is None:
        return "off", N_("gesperrt")
    if not server.state.checked_us:
        return "info", N_("noch nicht geprüft")
    return ("warn", N_("gestört")) if server.state.fault else ("ok", N_("läuft"))


def _who(visit: Visit, server: ToolServerView) -> str:
    rows = [row for row in ROLES if row.role in server.roles]
    named = ", ".join(visit.tell(Bilingual(row.de, row.en)) for row in rows)
    roles = named or visit.say("alle Rollen")
    if not server.use_cases:
        return visit.say("%(roles)s in allen Anwendungsfällen", roles=roles)
    return visit.say("%(roles)s in: %(use_cases)s", roles=roles, use_cases=", ".join(server.use_cases))


def _call(visit: Visit, call: RecentCall) -> CallRow:
    level, word = OUTCOMES.get(call.outcome, ("off", call.outcome))
    known = CODES.get(call.code)
    return CallRow(
        time=f"{visit.form.short_date(call.time)} {visit.form.clock(call.time)}",
        iso=visit.form.iso(call.time),
        use_case=call.use_case or NONE,
        tool=f"{call.server}: {call.tool}" if call.server else NONE,
        level=level,
        word=visit.say(word),
        why=visit.say(known) if known else call.code,
        took=str(visit.form.seconds(call.latency_s)),
        cost=str(visit.form.money(call.cost_nano)),
    )


PAGE = Page(
    "werkzeuge",
    _routes,
    (Entry(RUNNING, N_("Werkzeuge"), "workflow", _HOME, Permission.OPERATIONS_READ, 50),),
)
