"""`/schutz/auftragsverarbeiter`: the register of data-processing agreements, and what follows from each now."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.errors import InvalidRequest, Refusal
from leitstand.identity.roles import Permission
from leitstand.policy.contracts import WARN_DAYS, ContractState, Processor
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, PROTECTION, Entry
from leitstand.web.page import Page
from leitstand.web.pages.begriffe import day_text
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import CLASS_WORDS, REGION_WORDS

_HOME = "/schutz/auftragsverarbeiter"
_FORMULA = tuple("=+-@\t")
STATES: dict[ContractState, tuple[Level, str]] = {
    ContractState.HOUSE: ("off", N_("kein Vertrag nötig")),
    ContractState.VALID: ("ok", N_("gilt")),
    ContractState.EXPIRING: ("warn", N_("endet bald")),
    ContractState.FUTURE: ("info", N_("gilt noch nicht")),
    ContractState.EXPIRED: ("crit", N_("abgelaufen")),
    ContractState.MISSING: ("warn", N_("fehlt")),
}
DONE = {
    "eingetragen": N_(
        "Der Vertrag ist eingetragen. Das gilt in allen Prozessen nach spätestens zwei Sekunden."
    ),
    "entfernt": N_("Der Vertrag ist entfernt. Dorthin gehen nur noch öffentliche Daten."),
}


@dataclass(frozen=True)
class Fields:
    """What stands in the form of a processor."""

    signed: str = ""
    expires: str = ""
    document: str = ""
    sha256: str = ""
    sub_processors: str = ""
    training_opt_out: bool = False
    retention_days: str = ""
    notes: str = ""


@dataclass(frozen=True)
class ProcessorPanel:
    """One processor. when: how long the contract runs, in words. follows: what is blocked now. link: to the document."""

    name: str
    kind: str
    region: str
    endpoint: str
    level: Level
    word: str
    when: str
    follows: str
    document: str
    link: bool
    sub_processors: str
    training: str
    retention: str
    needs_contract: bool
    has_contract: bool
    fields: Fields


@dataclass(frozen=True)
class RegisterPage:
    """lead: the state in a sentence. done, error: what came of the last act, or ""."""

    lead: str
    level: Level
    processors: tuple[ProcessorPanel, ...]
    may_write: bool
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_READ)
        done = visit.done(DONE)
        return await visit.page("auftragsverarbeiter.html", await _page(visit, viewer, done=done))

    async def export(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.CONFIGURATION_READ)
        rows = _rows(visit, await desk.ports.policy.processors())
        if request.url.path.endswith(".csv"):
            return _attached(_csv(rows), "text/csv; charset=utf-8", "auftragsverarbeiter.csv")
        return _attached(_markdown(rows), "text/markdown; charset=utf-8", "auftragsverarbeiter.md")

    def acted(
        done: str, work: Callable[[Visit, Viewer], Awaitable[None]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            visit, viewer = await desk.enter(request, Permission.PROVIDERS_WRITE)
            await visit.check_token()
            try:
                await work(visit, viewer)
            except Refusal as refusal:
                page = await _page(visit, viewer, error=refusal.message(visit.language))
                return await visit.page("auftragsverarbeiter.html", page, 422)
            return RedirectResponse(f"{_HOME}?getan={done}", 303)

        return act

    async def enter(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.policy.set_contract(viewer, await visit.field("anbieter"), await _contract(visit))

    async def remove(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.policy.set_contract(viewer, await visit.field("anbieter"), None)

    return [
        Route(_HOME, show, methods=["GET"], name="processors"),
        Route(f"{_HOME}.csv", export, methods=["GET"]),
        Route(f"{_HOME}.md", export, methods=["GET"]),
        Route(_HOME, acted("eingetragen", enter), methods=["POST"]),
        Route(f"{_HOME}/entfernen", acted("entfernt", remove), methods=["POST"]),
    ]


async def _contract(visit: Visit) -> dict[str, Any]:
    """The form as a `dpa`; empty fields are left out."""
    days = (await visit.field("speicherdauer")).strip()
    if days and not days.isdigit():
        raise InvalidRequest(f"„{days}“ ist keine Zahl von Tagen.", f"'{days}' is no number of days.")
    named = [name.strip() for name in (await visit.field("unterauftrag")).replace("\n", ",").split(",")]
    body = {
        "signed": await visit.field("unterschrieben"),
        "expires": await visit.field("endet"),
        "document": (await visit.field("dokument")).strip(),
        "document_sha256": (await visit.field("pruefsumme")).strip().lower(),
        "sub_processors": [name for name in named if name],
        "retention_days": int(days) if days else None,
        "notes": (await visit.field("bemerkung")).strip(),
    }
    opted = {"training_opt_out": True} if await visit.field("training") else {}
    return {key: value for key, value in body.items() if value not in ("", [], None)} | opted


async def _page(visit: Visit, viewer: Viewer, done: str = "", error: str = "") -> RegisterPage:
    found = await visit.desk.ports.policy.processors()
    level, lead = _lead(visit, found)
    return RegisterPage(
        lead=lead,
        level=level,
        processors=tuple(_panel(visit, each) for each in found),
        may_write=Permission.PROVIDERS_WRITE in viewer.permissions,
        done=done,
        error=error,
    )


def _lead(visit: Visit, found: Sequence[Processor]) -> tuple[Level, str]:
    def named(*states: ContractState) -> str:
        return ", ".join(each.name for each in found if each.state in states)

    if names := named(ContractState.EXPIRED):
        return "crit", visit.say(
            "Abgelaufen: %(names)s. Dorthin gehen nur noch öffentliche Daten.", names=names
        )
    if names := named(ContractState.EXPIRING):
        return "warn", visit.say(
            "In den nächsten %(days)s Tagen endet: %(names)s.", days=WARN_DAYS, names=names
        )
    if names := named(ContractState.MISSING):
        return "warn", visit.say("Ohne Vertrag: %(names)s. Dorthin gehen nur öffentliche Daten.", names=names)
    return "ok", visit.say("Alle nötigen Verträge gelten.")


def _panel(visit: Visit, found: Processor) -> ProcessorPanel:
    level, word = STATES[found.state]
    dpa = found.dpa
    return ProcessorPanel(
        name=found.name,
        kind=visit.say("MCP-Server") if found.is_tool else found.kind,
        region=visit.say(REGION_WORDS[found.region]),
        endpoint=found.endpoint or visit.say("Standardadresse der Art"),
        level=level,
        word=visit.say(word),
        when=_when(visit, found),
        follows=_follows(visit, found),
        document=dpa.document if dpa else "",
        link=bool(dpa and dpa.document.startswith("https://")),
        sub_processors=", ".join(dpa.sub_processors) if dpa else "",
        training=_training(visit, found),
        retention=_retention(visit, found),
        needs_contract=found.state is not ContractState.HOUSE,
        has_contract=dpa is not None,
        fields=_fields(found),
    )


def _when(visit: Visit, found: Processor) -> str:
    if found.dpa is None:
        return (
            visit.say("nicht nötig, im Haus")
            if found.state is ContractState.HOUSE
            else visit.say("kein Vertrag eingetragen")
        )
    signed = day_text(visit, found.dpa.signed)
    if found.dpa.expires is None or found.days is None:
        return visit.say("unterschrieben am %(signed)s, unbefristet", signed=signed)
    ends = day_text(visit, found.dpa.expires)
    if found.days < 0:
        return visit.say(
            "vom %(signed)s bis %(ends)s, seit %(days)s Tagen abgelaufen",
            signed=signed,
            ends=ends,
            days=-found.days,
        )
    return visit.say(
        "vom %(signed)s bis %(ends)s, noch %(days)s Tage", signed=signed, ends=ends, days=found.days
    )


def _follows(visit: Visit, found: Processor) -> str:
    if not found.blocked:
        return visit.say("Alle Klassen dürfen dorthin.")
    blocked = ", ".join(visit.say(CLASS_WORDS[each]) for each in found.blocked)
    said = visit.say("Gesperrt für: %(classes)s.", classes=blocked)
    if not found.by_contract:
        return said
    opened = ", ".join(visit.say(CLASS_WORDS[each]) for each in found.by_contract)
    return said + " " + visit.say("Ein gültiger Vertrag öffnet: %(classes)s.", classes=opened)


def _training(visit: Visit, found: Processor) -> str:
    if found.dpa is None:
        return NONE
    return visit.say("ausgeschlossen") if found.dpa.training_opt_out else visit.say("nicht ausgeschlossen")


def _retention(visit: Visit, found: Processor) -> str:
    if found.dpa is None or found.dpa.retention_days is None:
        return visit.say("nicht angegeben") if found.dpa else NONE
    return visit.say("%(days)s Tage", days=visit.form.number(found.dpa.retention_days))


def _fields(found: Processor) -> Fields:
    dpa = found.dpa
    if dpa is None:
        return Fields()
    return Fields(
        dpa.signed.isoformat(), dpa.expires.isoformat() if dpa.expires else "", dpa.document,
        dpa.document_sha256 or "", ", ".join(dpa.sub_processors), dpa.training_opt_out,
        "" if dpa.retention_days is None else str(dpa.retention_days), dpa.notes,
    )  # fmt: skip


# ---------------------------------------------------------------- the register as a file


def _rows(visit: Visit, found: Sequence[Processor]) -> list[list[str]]:
    """The head line and one line for each processor."""
    head = [
        visit.say("Anbieter"), visit.say("Art"), visit.say("Ort"), visit.say("Adresse"), visit.say("Zustand"),
        visit.say("Vertrag"), visit.say("Dokument"), visit.say("SHA-256"), visit.say("Unterauftragsverarbeiter"),
        visit.say("Training mit Daten"), visit.say("Speicherdauer beim Anbieter"), visit.say("Folge"),
    ]  # fmt: skip
    panels = (_panel(visit, each) for each in found)
    return [
        head,
        *(
            [
                each.name, each.kind, each.region, each.endpoint, each.word, each.when, each.document,
                each.fields.sha256, each.sub_processors, each.training, each.retention, each.follows,
            ]
            for each in panels
        ),
    ]  # fmt: skip


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _markdown(rows: list[list[str]]) -> str:
    lines = [" | ".join(_cell(cell) for cell in row) for row in rows]
    lines.insert(1, " | ".join("---" for _ in rows[0]))
    return "".join(f"| {line} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _attached(text: str, media_type: str, name: str) -> Response:
    return Response(text, 200, {"content-disposition": f'attachment; filename="{name}"'}, media_type)


PAGE = Page(
    "auftragsverarbeiter",
    _routes,
    (Entry(PROTECTION, N_("Verträge"), "inbox", _HOME, Permission.CONFIGURATION_READ, 40),),
)
