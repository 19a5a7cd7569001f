"""`/schutz/begriffe`: terms and own patterns, and what a new one would change before it is kept."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.configuration.models import Pattern, Term
from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission
from leitstand.privacy.entities import EntityType
from leitstand.privacy.trial import Effect, Trial
from leitstand.privacy.why import TYPE_WORDS
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, PROTECTION, Entry
from leitstand.web.page import Page
from leitstand.web.pages.pruefstand import Choice
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/schutz/begriffe"
_SHOWN_EFFECTS = 40
TREATS = {"always": N_("immer ersetzen"), "never": N_("nie ersetzen")}
ORIGINS = {
    "pasted": N_("eigenes Beispiel"),
    "own": N_("eigene frühere Frage"),
    "shipped": N_("mitgelieferter Text"),
}
DONE = {
    "gespeichert": N_("Gespeichert. Das gilt in allen Prozessen nach spätestens zwei Sekunden."),
    "entfernt": N_("Entfernt. Das gilt in allen Prozessen nach spätestens zwei Sekunden."),
    "eingelesen": N_("Die Liste ist eingelesen."),
}
RuleKind = Literal["term", "pattern"]


@dataclass(frozen=True)
class RuleRow:
    """One term or pattern. treat: empty for patterns. level, word: whether it counts today."""

    key: str
    name: str
    note: str
    treat: str
    type: str
    whose: str
    level: Level
    word: str
    until: str


@dataclass(frozen=True)
class Slice:
    """A piece of a text. change: hidden, shown, or empty."""

    text: str
    change: str = ""


@dataclass(frozen=True)
class EffectRow:
    """A text that changes. over: something is hidden though there is nothing to hide."""

    origin: str
    slices: tuple[Slice, ...]
    over: bool


@dataclass(frozen=True)
class TrialPanel:
    """What would change, in figures and in texts."""

    level: Level
    answer: str
    warnings: tuple[str, ...]
    effects: tuple[EffectRow, ...]
    more: int


@dataclass(frozen=True)
class Draft:
    """What stands in the two forms."""

    text: str = ""
    treat: str = "always"
    type: str = "REF_ID"
    department: str = ""
    owner: str = ""
    comment: str = ""
    until: str = ""
    name: str = ""
    expression: str = ""
    examples: str = ""
    counter_examples: str = ""


@dataclass(frozen=True)
class RulesPage:
    """term, pattern: the forms. done, error: what came of the last act, or ""."""

    terms: tuple[RuleRow, ...]
    patterns: tuple[RuleRow, ...]
    types: tuple[Choice, ...]
    departments: tuple[str, ...]
    term: Draft
    pattern: Draft
    may_write: bool
    trial: TrialPanel | None = None
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_READ)
        done = visit.done(DONE)
        return await visit.page("begriffe.html", await _page(visit, viewer, done=done))

    async def export(request: Request) -> Response:
        await desk.enter(request, Permission.CONFIGURATION_READ)
        headers = {"content-disposition": 'attachment; filename="begriffe.csv"'}
        return Response(await desk.ports.privacy.export_terms(), 200, headers, "text/csv; charset=utf-8")

    def tried(kind: RuleKind) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            visit, viewer = await desk.enter(request, Permission.CONFIGURATION_WRITE)
            await visit.check_token()
            draft = await _draft(visit)
            try:
                trial = await desk.ports.privacy.try_rule(viewer, kind, _body(kind, draft))
            except Refusal as refusal:
                page = await _page(visit, viewer, kind, draft, error=refusal.message(visit.language))
                return await visit.page("begriffe.html", page, 422)
            return await visit.page("begriffe.html", await _page(visit, viewer, kind, draft, trial))

        return act

    def kept(done: str, work: Callable[[Visit, Viewer], Awaitable[object]], kind: RuleKind) -> Callable[[Request], Awaitable[Response]]:  # fmt: skip
        async def act(request: Request) -> Response:
            visit, viewer = await desk.enter(request, Permission.CONFIGURATION_WRITE)
            await visit.check_token()
            try:
                await work(visit, viewer)
            except Refusal as refusal:
                draft = await _draft(visit)
                page = await _page(visit, viewer, kind, draft, error=refusal.message(visit.language))
                return await visit.page("begriffe.html", page, 422)
            return RedirectResponse(f"{_HOME}?getan={done}", 303)

        return act

    async def keep_term(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.privacy.set_rule(viewer, "term", _body("term", await _draft(visit)))

    async def keep_pattern(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.privacy.set_rule(viewer, "pattern", _body("pattern", await _draft(visit)))

    async def drop_term(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.privacy.remove_rule(viewer, "term", await visit.field("schluessel"))

    async def drop_pattern(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.privacy.remove_rule(viewer, "pattern", await visit.field("schluessel"))

    async def take_list(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.privacy.import_terms(viewer, await visit.field("liste"))

    posts: tuple[tuple[str, Callable[[Request], Awaitable[Response]]], ...] = (
        ("begriff/probe", tried("term")),
        ("muster/probe", tried("pattern")),
        ("begriff", kept("gespeichert", keep_term, "term")),
        ("muster", kept("gespeichert", keep_pattern, "pattern")),
        ("begriff/entfernen", kept("entfernt", drop_term, "term")),
        ("muster/entfernen", kept("entfernt", drop_pattern, "pattern")),
        ("liste", kept("eingelesen", take_list, "term")),
    )
    return [
        Route(_HOME, show, methods=["GET"], name="terms"),
        Route(f"{_HOME}.csv", export, methods=["GET"]),
        *(Route(f"{_HOME}/{path}", handler, methods=["POST"]) for path, handler in posts),
    ]


async def _draft(visit: Visit) -> Draft:
    async def field(name: str) -> str:
        return (await visit.field(name)).replace("\r\n", "\n").strip()

    return Draft(
        text=await field("begriff"), treat=await field("behandlung") or "always", type=await field("art") or "REF_ID",
        department=await field("abteilung"), owner=await field("zustaendig"), comment=await field("zweck"),
        until=await field("bis"), name=await field("name"), expression=await field("ausdruck"),
        examples=await field("beispiele"), counter_examples=await field("gegenbeispiele"),
    )  # fmt: skip


def _body(kind: RuleKind, draft: Draft) -> dict[str, Any]:
    """The form as a body; empty fields are left out."""
    shared = {
        "type": draft.type, "department": draft.department, "owner": draft.owner, "comment": draft.comment,
        "until": draft.until,
    }  # fmt: skip
    given: dict[str, Any] = {key: value for key, value in shared.items() if value}
    if kind == "term":
        return {"text": draft.text, "treat": draft.treat, **given}
    return {
        "name": draft.name, "expression": draft.expression, "examples": _lines(draft.examples),
        "counter_examples": _lines(draft.counter_examples), **given,
    }  # fmt: skip


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


async def _page(
    visit: Visit,
    viewer: Viewer,
    kind: RuleKind = "term",
    draft: Draft | None = None,
    trial: Trial | None = None,
    done: str = "",
    error: str = "",
) -> RulesPage:
    port = visit.desk.ports.privacy
    draft = draft or Draft()
    return RulesPage(
        terms=tuple(_term(visit, key, term) for key, term in await port.terms()),
        patterns=tuple(_pattern(visit, pattern) for pattern in await port.patterns()),
        types=tuple(
            Choice(each.value, visit.tell(TYPE_WORDS[each]), each.value == draft.type) for each in EntityType
        ),
        departments=tuple(await port.departments()),
        term=draft if kind == "term" else Draft(),
        pattern=draft if kind == "pattern" else Draft(),
        may_write=Permission.CONFIGURATION_WRITE in viewer.permissions,
        trial=_trial(visit, trial) if trial else None,
        done=done,
        error=error,
    )


def _term(visit: Visit, key: str, term: Term) -> RuleRow:
    return _row(visit, key, term.text, term, visit.say(TREATS[term.treat]))


def _pattern(visit: Visit, pattern: Pattern) -> RuleRow:
    return _row(visit, pattern.name, pattern.name, pattern, "", pattern.expression)


def _row(visit: Visit, key: str, name: str, rule: Term | Pattern, treat: str, note: str = "") -> RuleRow:
    today = visit.desk.ports.status.now().astimezone(visit.form.zone).date()
    over = rule.until is not None and rule.until < today
    said = (note, rule.comment, visit.say("zuständig: %(name)s", name=rule.owner) if rule.owner else "")
    return RuleRow(
        key=key,
        name=name,
        note=" · ".join(filter(None, said)),
        treat=treat,
        type=NONE
        if isinstance(rule, Term) and rule.treat == "never"
        else visit.tell(TYPE_WORDS[EntityType(rule.type)]),
        whose=rule.department or visit.say("alle"),
        level="off" if over else "ok",
        word=visit.say("abgelaufen") if over else visit.say("gilt"),
        until=day_text(visit, rule.until) if rule.until else visit.say("unbefristet"),
    )


def day_text(visit: Visit, day: date) -> str:
    """A day as the language writes it."""
    return visit.form.date(datetime(day.year, day.month, day.day, 12, tzinfo=visit.form.zone))


def _trial(visit: Visit, trial: Trial) -> TrialPanel:
    form = visit.form
    answer = visit.say(
        "%(changed)s von %(texts)s Texten ändern sich: %(hidden)s Stellen werden neu ersetzt, %(shown)s werden lesbar.",
        changed=form.number(len(trial.effects)), texts=form.number(trial.texts), hidden=form.number(trial.hidden),
        shown=form.number(trial.shown),
    )  # fmt: skip
    if trial.over:
        answer += " " + visit.say(
            "%(over)s davon ohne Anlass: in Texten, in denen nichts zu schützen ist.",
            over=form.number(trial.over),
        )
    return TrialPanel(
        level="warn" if trial.over or trial.shown or trial.warnings else "ok",
        answer=answer,
        warnings=tuple(visit.tell(each) for each in trial.warnings),
        effects=tuple(_effect(visit, each) for each in trial.effects[:_SHOWN_EFFECTS]),
        more=max(0, len(trial.effects) - _SHOWN_EFFECTS),
    )


def _effect(visit: Visit, effect: Effect) -> EffectRow:
    marks = sorted(
        [(span.start, span.end, "hidden") for span in effect.hidden]
        + [(span.start, span.end, "shown") for span in effect.shown]
    )
    text, place = effect.sample.text, 0
    slices: list[Slice] = []
    for start, end, change in marks:
        slices += [Slice(text[place:start]), Slice(text[start:end], change)]
        place = end
    slices.append(Slice(text[place:]))
    shown = tuple(each for each in slices if each.text)
    return EffectRow(
        visit.say(ORIGINS[effect.sample.origin]), shown, effect.sample.harmless and bool(effect.hidden)
    )


PAGE = Page(
    "begriffe",
    _routes,
    (Entry(PROTECTION, N_("Begriffe und Muster"), "file-text", _HOME, Permission.CONFIGURATION_READ, 20),),
)
