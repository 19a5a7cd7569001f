"""`/schutz/leckwache`: what the nightly second look found in what left the house, and the decisions on it.

Words and their context are shown only to whom may decide; others see what, where and how sure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission
from leitstand.privacy.leaks.values import Certainty, Finding, State
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, PROTECTION, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

MOST = 100
_HOME = "/schutz/leckwache"
CERTAINTIES: dict[Certainty, tuple[Level, str]] = {
    Certainty.CERTAIN: ("crit", N_("sicher")),
    Certainty.LIKELY: ("warn", N_("wahrscheinlich")),
    Certainty.POSSIBLE: ("info", N_("möglich")),
}
STATES = {
    State.OPEN: N_("offen"),
    State.CONFIRMED: N_("bestätigt"),
    State.DISMISSED: N_("verworfen"),
}
TYPES = {
    "PERSON": N_("Person"),
    "ADDRESS": N_("Adresse"),
    "ORG": N_("Firma"),
    "DATE_OF_BIRTH": N_("Geburtsdatum"),
    "EMAIL": N_("E-Mail-Adresse"),
    "PHONE": N_("Telefonnummer"),
    "IBAN": N_("Kontonummer"),
    "CREDIT_CARD": N_("Kartennummer"),
    "TAX_ID": N_("Steuernummer"),
    "VAT_ID": N_("Umsatzsteuernummer"),
    "SSN": N_("Sozialversicherungsnummer"),
    "HEALTH_ID": N_("Versichertennummer"),
    "ID_DOC": N_("Ausweisnummer"),
    "LICENSE_PLATE": N_("Kennzeichen"),
    "VIN": N_("Fahrgestellnummer"),
    "REF_ID": N_("Kennung"),
    "REG_NO": N_("Registernummer"),
    "USERNAME": N_("Benutzername"),
    "IP_ADDRESS": N_("Netzadresse"),
    "URL": N_("Webadresse"),
}


@dataclass(frozen=True)
class FindingRow:
    """One finding. words, before, after: empty where the viewer may not see them or their time is over."""

    id: str
    type: str
    level: Level
    certainty: str
    request: str
    sent: str
    iso: str
    use_case: str
    provider: str
    state: str
    is_open: bool
    decision: str
    words: str
    before: str
    after: str


@dataclass(frozen=True)
class LeakPage:
    """What the watch does, and what it found. sample: in words; empty: switched off. images: whether they are read."""

    sample: str
    kept: str
    looked: str
    open: str
    days: int
    images: bool
    may_judge: bool
    error: str
    done: str
    rows: tuple[FindingRow, ...]


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.LEAKS_READ)
        done = visit.say("Die Entscheidung ist gespeichert.") if request.query_params.get("fertig") else ""
        return await _shown(desk, visit, viewer, done=done)

    async def decide(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.LEAKS_JUDGE)
        await visit.check_token()
        state = State.CONFIRMED if await visit.field("urteil") == "leck" else State.DISMISSED
        always = await visit.field("immer") == "1"
        try:
            await desk.ports.leaks.decide(
                viewer, await visit.field("fund"), state, await visit.field("bemerkung"), always=always
            )
        except Refusal as refusal:
            return await _shown(desk, visit, viewer, error=refusal.message(visit.language))
        return RedirectResponse(f"{_HOME}?fertig=1", 303)

    return [
        Route(_HOME, show, methods=["GET"], name="leaks"),
        Route(_HOME, decide, methods=["POST"]),
    ]


async def _shown(desk: Desk, visit: Visit, viewer: Viewer, error: str = "", done: str = "") -> Response:
    leaks, form = desk.ports.leaks, visit.form
    settings = leaks.settings()
    kept, looked, is_open = await leaks.counts()
    sample = ""
    if settings.sample_percent:
        sample = visit.say(
            "%(percent)s %% der Anfragen, höchstens %(most)s am Tag",
            percent=form.number(settings.sample_percent), most=form.number(settings.most_per_day),
        )  # fmt: skip
    page = LeakPage(
        sample, form.number(kept), form.number(looked), form.number(is_open), settings.keep_days,
        leaks.reads_images(), Permission.LEAKS_JUDGE in viewer.permissions, error, done,
        tuple(_row(visit, each) for each in await leaks.findings(viewer, MOST)),
    )  # fmt: skip
    return await visit.page("leckwache.html", page)


def _row(visit: Visit, finding: Finding) -> FindingRow:
    level, certainty = CERTAINTIES[finding.certainty]
    sent, shown = from_us(finding.sent_us), finding.shown
    decision = ""
    if finding.state is not State.OPEN:
        day = visit.form.short_date(from_us(finding.decided_us))
        decision = " · ".join(filter(None, (finding.decided_by, day, finding.note)))
    return FindingRow(
        id=finding.id,
        type=visit.say(TYPES.get(finding.type, finding.type)),
        level=level,
        certainty=visit.say(certainty),
        request=finding.request_id,
        sent=f"{visit.form.short_date(sent)} {visit.form.clock(sent)}",
        iso=visit.form.iso(sent),
        use_case=finding.use_case or NONE,
        provider=finding.provider or NONE,
        state=visit.say(STATES[finding.state]),
        is_open=finding.state is State.OPEN,
        decision=decision,
        words=shown.words if shown else "",
        before=shown.before if shown else "",
        after=shown.after if shown else "",
    )


PAGE = Page(
    "leckwache",
    _routes,
    (Entry(PROTECTION, N_("Leckwache"), "shield", _HOME, Permission.LEAKS_READ, 40),),
)
