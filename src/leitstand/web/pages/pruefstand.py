"""`/schutz/pruefstand`: what is found in a text and why, exactly what leaves the house, and where it could go."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.core.classes import DataClass
from leitstand.core.errors import Refusal
from leitstand.core.i18n import Bilingual
from leitstand.identity.roles import Permission
from leitstand.policy.admit import Protection
from leitstand.policy.explain import Explanation, Verdict
from leitstand.policy.questions import Looked, Question
from leitstand.privacy.bench import Finding, Piece
from leitstand.privacy.trial import Sample
from leitstand.privacy.why import TYPE_WORDS, reason_of, source_of
from leitstand.web.navigation import N_, PROTECTION, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import CLASS_WORDS, REGION_WORDS

_HOME = "/schutz/pruefstand"
_OFFERED = 30  # own past requests to choose from
SEES = {
    Protection.MASKED: N_("sieht Platzhalter"),
    Protection.HOUSE: N_("im Haus, sieht den Klartext"),
    Protection.RELEASED: N_("sieht den Klartext"),
}
SOURCES = {
    "use_case": N_("Anwendungsfall"),
    "stated": N_("angegeben"),
    "found": N_("gefunden"),
}


@dataclass(frozen=True)
class Choice:
    """One option of a form."""

    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True)
class FindingRow:
    """One find. number: from 1, as in the marked text."""

    number: int
    text: str
    type: str
    placeholders: str
    source: str
    reason: str
    sure: str
    data_class: str


@dataclass(frozen=True)
class TargetRow:
    """One target. place: in which order it would be asked, empty where it is not."""

    name: str
    model: str
    region: str
    level: Level
    word: str
    why: str
    sees: str


@dataclass(frozen=True)
class DecisionPanel:
    """A decision. answer: in a sentence. sources: what the class follows from. elsewhere: targets of other models."""

    level: Level
    answer: str
    data_class: str
    sources: tuple[str, ...]
    targets: tuple[TargetRow, ...]
    elsewhere: tuple[TargetRow, ...]


@dataclass(frozen=True)
class Result:
    """What came of a text. leaves: as a provider outside would get it."""

    data_class: str
    pieces: tuple[Piece, ...]
    findings: tuple[FindingRow, ...]
    leaves: str
    decision: DecisionPanel | None


@dataclass(frozen=True)
class BenchPage:
    """text: in the field. past: own requests. error: why nothing was looked at, or ""."""

    text: str
    past: tuple[Choice, ...]
    models: tuple[Choice, ...]
    use_cases: tuple[Choice, ...]
    classes: tuple[Choice, ...]
    result: Result | None = None
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        return await visit.page("pruefstand.html", await _page(visit, viewer, "", Question()))

    async def look(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        await visit.check_token()
        question = await question_of(visit)
        text = await _text(visit, viewer)
        try:
            looked = await desk.ports.privacy.look(viewer, text, question)
        except Refusal as refusal:
            page = await _page(visit, viewer, text, question, error=refusal.message(visit.language))
            return await visit.page("pruefstand.html", page, 422)
        return await visit.page("pruefstand.html", await _page(visit, viewer, text, question, looked))

    return [
        Route(_HOME, show, methods=["GET"], name="test-bench"),
        Route(_HOME, look, methods=["POST"]),
    ]


async def question_of(visit: Visit) -> Question:
    """The fields of a form as a question; a class that is none counts as not given."""
    word = await visit.field("klasse")
    stated = next((each for each in DataClass if each.word == word), None)
    return Question(
        await visit.field("modell"), await visit.field("fall"), stated, (await visit.field("person")).strip()
    )


async def _text(visit: Visit, viewer: Viewer) -> str:
    """What was pasted, else the chosen one of the viewer's own requests."""
    pasted = await visit.field("text")
    chosen = await visit.field("frage")
    if pasted.strip() or not chosen.isdigit():
        return pasted
    own = await visit.desk.ports.privacy.own_questions(viewer)
    return own[int(chosen)].text if int(chosen) < len(own) else ""


async def _page(
    visit: Visit, viewer: Viewer, text: str, question: Question, looked: Looked | None = None, error: str = ""
) -> BenchPage:
    own = await visit.desk.ports.privacy.own_questions(viewer)
    return BenchPage(
        text=text,
        past=tuple(Choice(str(number), _short(sample)) for number, sample in enumerate(own[:_OFFERED])),
        models=choices(visit.desk.ports.policy.models(), question.model),
        use_cases=choices(visit.desk.ports.policy.use_cases(), question.use_case),
        classes=class_choices(visit, question.stated),
        result=_result(visit, looked) if looked else None,
        error=error,
    )


def choices(names: Sequence[str], chosen: str) -> tuple[Choice, ...]:
    """Names as options."""
    return tuple(Choice(name, name, name == chosen) for name in names)


def class_choices(visit: Visit, chosen: DataClass | None) -> tuple[Choice, ...]:
    """Data classes as options."""
    return tuple(Choice(each.word, visit.say(CLASS_WORDS[each]), each is chosen) for each in DataClass)


def _short(sample: Sample) -> str:
    text = " ".join(sample.text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"


def _result(visit: Visit, looked: Looked) -> Result:
    found = looked.examined
    return Result(
        data_class=visit.say(CLASS_WORDS[found.data_class]),
        pieces=found.pieces,
        findings=tuple(_finding(visit, number, each) for number, each in enumerate(found.findings, 1)),
        leaves=found.leaves,
        decision=decision_panel(visit, looked.decision) if looked.decision else None,
    )


def _finding(visit: Visit, number: int, found: Finding) -> FindingRow:
    return FindingRow(
        number=number,
        text=found.text,
        type=visit.tell(TYPE_WORDS[found.entity.type]),
        placeholders=" ".join(found.placeholders),
        source=visit.tell(source_of(found.entity)),
        reason=visit.tell(reason_of(found.entity)),
        sure=str(visit.form.percent(found.entity.score, 0)),
        data_class=visit.say(CLASS_WORDS[found.data_class]),
    )


def decision_panel(visit: Visit, found: Explanation) -> DecisionPanel:
    """A decision for a page."""
    here = [each for each in found.verdicts if each.reason != "route"]
    return DecisionPanel(
        level="ok" if found.refusal is None else "crit",
        answer=_answer(visit, found, here),
        data_class=visit.say(CLASS_WORDS[found.data_class]) if found.data_class is not None else "",
        sources=tuple(
            f"{visit.say(SOURCES[each.name])}: {visit.say(CLASS_WORDS[each.data_class])}"
            for each in found.sources
        ),
        targets=tuple(target_row(visit, each) for each in here),
        elsewhere=tuple(target_row(visit, each) for each in found.verdicts if each.reason == "route"),
    )


def _answer(visit: Visit, found: Explanation, here: Sequence[Verdict]) -> str:
    if found.refusal is not None:
        return visit.tell(Bilingual(found.refusal.de, found.refusal.en))
    names = ", ".join(each.target.provider for each in here if each.allowed)
    return visit.say("Erlaubt, in dieser Reihenfolge: %(names)s.", names=names)


def target_row(visit: Visit, found: Verdict) -> TargetRow:
    """One target for a table."""
    word = visit.say("erlaubt") if found.allowed else visit.say("nicht gefragt")
    return TargetRow(
        name=found.target.provider,
        model=found.target.model,
        region=visit.say(REGION_WORDS[found.target.region]),
        level="ok" if found.allowed else "off",
        word=f"{found.place}. {word}" if found.allowed else word,
        why=visit.tell(found.why),
        sees=visit.say(SEES[found.protection]) if found.allowed and found.protection else "",
    )


PAGE = Page(
    "pruefstand",
    _routes,
    (Entry(PROTECTION, N_("Prüfstand"), "search", _HOME, Permission.CONFIGURATION_READ, 10),),
)
