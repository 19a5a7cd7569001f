"""`/schutz/loeschung`: find a person or a client's file in the vault of placeholders, and erase it for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import InvalidRequest, Refusal
from leitstand.identity.roles import Permission
from leitstand.privacy.erasures import Erasure
from leitstand.web.navigation import N_, PROTECTION, Entry
from leitstand.web.page import Page
from leitstand.web.visit import Desk, Visit

_HOME = "/schutz/loeschung"
_MOST_SHOWN = 200
_LEAST_REASON = 3
WHAT = {"person": N_("Person oder Angabe"), "scope": N_("Akte")}


@dataclass(frozen=True)
class HeldRow:
    """One entry that would be erased."""

    file: int
    original: str
    placeholder: str


@dataclass(frozen=True)
class Found:
    """What would be erased. answer: in a sentence. rows: of a person; counts: of a file, by word."""

    answer: str
    anything: bool
    rows: tuple[HeldRow, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    more: int = 0


@dataclass(frozen=True)
class ReceiptRow:
    """One receipt."""

    id: str
    time: str
    iso: str
    what: str
    amount: str
    by: str
    reason: str


@dataclass(frozen=True)
class ErasurePage:
    """what, name: in the form. done, error: what came of the last act, or ""."""

    what: Literal["person", "scope"]
    name: str
    found: Found | None
    receipts: tuple[ReceiptRow, ...]
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.VAULT_ERASE)
        number = request.query_params.get("quittung", "")
        page = await _page(visit, done=_told(visit, await desk.ports.erasing.receipts(), number))
        return await visit.page("loeschung.html", page)

    async def find(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.VAULT_ERASE)
        await visit.check_token()
        what, name = await _wanted(visit)
        if not name:
            page = await _page(visit, what, error=visit.say("Geben Sie einen Namen oder eine Angabe ein."))
            return await visit.page("loeschung.html", page, 422)
        if what == "person":
            held = await desk.ports.erasing.find_person(viewer, name)
            rows = tuple(HeldRow(each.file, each.original, each.placeholder) for each in held)
            files = len({each.file for each in held})
            found = Found(_answer(visit, len(rows), files), bool(rows), rows[:_MOST_SHOWN], (), max(0, len(rows) - _MOST_SHOWN))  # fmt: skip
        else:
            counts = await desk.ports.erasing.count_file(name)
            total = sum(counts.values())
            found = Found(_answer(visit, total, int(total > 0)), total > 0, (), tuple(counts.items()))
        return await visit.page("loeschung.html", await _page(visit, what, name, found))

    async def erase(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.VAULT_ERASE)
        await visit.check_token()
        what, name = await _wanted(visit)
        try:
            reason = (await visit.field("grund")).strip()
            if not name or len(reason) < _LEAST_REASON:
                raise InvalidRequest(
                    "Zum Löschen gehören ein Name und ein Grund, zum Beispiel „Antrag nach Art. 17 DSGVO“.",
                    "An erasure needs a name and a reason, for example 'request under GDPR article 17'.",
                )
            receipt = await desk.ports.erasing.erase(viewer, what, name, reason[:300])
        except Refusal as refusal:
            page = await _page(visit, what, name, error=refusal.message(visit.language))
            return await visit.page("loeschung.html", page, 422)
        return RedirectResponse(f"{_HOME}?quittung={receipt.id}", 303)

    async def repeat_list(request: Request) -> Response:
        await desk.enter(request, Permission.VAULT_ERASE)
        headers = {"content-disposition": 'attachment; filename="loeschliste.jsonl"'}
        return Response(await desk.ports.erasing.repeat_list(), 200, headers, "application/x-ndjson")

    return [
        Route(_HOME, show, methods=["GET"], name="erasure"),
        Route(f"{_HOME}/suchen", find, methods=["POST"]),
        Route(_HOME, erase, methods=["POST"]),
        Route(f"{_HOME}.jsonl", repeat_list, methods=["GET"]),
    ]


async def _wanted(visit: Visit) -> tuple[Literal["person", "scope"], str]:
    what: Literal["person", "scope"] = "scope" if await visit.field("was") == "scope" else "person"
    return what, (await visit.field("name")).strip()


def _answer(visit: Visit, entries: int, files: int) -> str:
    if not entries:
        return visit.say("Im Tresor steht dazu nichts.")
    return visit.say(
        "%(entries)s Einträge in %(files)s Akten würden gelöscht.",
        entries=visit.form.number(entries),
        files=visit.form.number(files),
    )


def _told(visit: Visit, receipts: Sequence[Erasure], number: str) -> str:
    """What an erasure of just now did; it may not be in the table yet."""
    if not number.startswith("evt_"):
        return ""
    receipt = next((each for each in receipts if each.id == number), None)
    if receipt is None:
        return visit.say("Gelöscht. Die Quittung steht gleich in der Liste.")
    entries = visit.form.number(receipt.entries)
    return visit.say("Gelöscht: %(entries)s Einträge. Quittung %(number)s.", entries=entries, number=number)


async def _page(
    visit: Visit,
    what: Literal["person", "scope"] = "person",
    name: str = "",
    found: Found | None = None,
    done: str = "",
    error: str = "",
) -> ErasurePage:
    receipts = await visit.desk.ports.erasing.receipts()
    return ErasurePage(what, name, found, tuple(_receipt(visit, each) for each in receipts), done, error)


def _receipt(visit: Visit, receipt: Erasure) -> ReceiptRow:
    moment = from_us(receipt.time_us)
    return ReceiptRow(
        id=receipt.id,
        time=f"{visit.form.date(moment)} {visit.form.clock(moment)}",
        iso=visit.form.iso(moment),
        what=visit.say(WHAT[receipt.what]),
        amount=visit.say(
            "%(entries)s in %(files)s Akten",
            entries=visit.form.number(receipt.entries),
            files=visit.form.number(receipt.scopes),
        ),
        by=receipt.actor,
        reason=receipt.reason,
    )


PAGE = Page(
    "loeschung",
    _routes,
    (Entry(PROTECTION, N_("Löschung"), "lock", _HOME, Permission.VAULT_ERASE, 50),),
)
