"""`/schutz/richtlinie`: where data of each class may go, and decisions explained."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.configuration.models import PolicyRule
from leitstand.core.classes import DataClass, Region
from leitstand.core.clock import from_us
from leitstand.core.errors import Refusal
from leitstand.core.i18n import Bilingual
from leitstand.identity.roles import Permission
from leitstand.policy.decisions import CLASS_BY, REASONS, PastDecision
from leitstand.policy.explain import Explanation
from leitstand.policy.questions import Question
from leitstand.privacy.entities import EntityType
from leitstand.privacy.why import TYPE_WORDS
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, PROTECTION, Entry
from leitstand.web.page import Page
from leitstand.web.pages.pruefstand import (
    Choice,
    DecisionPanel,
    choices,
    class_choices,
    decision_panel,
    question_of,
)
from leitstand.web.ports import Viewer
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import CLASS_WORDS, REGION_WORDS

_HOME = "/schutz/richtlinie"
DONE = {"geaendert": N_("Die Regel ist geändert. Das gilt in allen Prozessen nach spätestens zwei Sekunden.")}


@dataclass(frozen=True)
class RegionBox:
    """One region of a rule."""

    value: str
    label: str
    checked: bool


@dataclass(frozen=True)
class RuleRow:
    """The rule of a class. risky: it lets special categories out of the house."""

    word: str
    name: str
    regions: tuple[RegionBox, ...]
    pseudonymise: bool
    dpa: bool
    risky: bool


@dataclass(frozen=True)
class PastPanel:
    """A decision of the past, line by line: name and value."""

    request_id: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PolicyPage:
    """asked: the explanation of the form's question; past: of a request. done, error: of the last act, or ""."""

    rules: tuple[RuleRow, ...]
    may_write: bool
    models: tuple[Choice, ...]
    use_cases: tuple[Choice, ...]
    classes: tuple[Choice, ...]
    person: str
    request_id: str
    asked: DecisionPanel | None = None
    past: PastPanel | None = None
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_READ)
        done = visit.done(DONE)
        return await visit.page("richtlinie.html", _page(visit, viewer, done=done))

    async def change(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_WRITE)
        await visit.check_token()
        form = await request.form()
        try:
            data_class = DataClass.parse(await visit.field("klasse"))
            regions = tuple(each for each in Region if each.value in form.getlist("regionen"))
            await desk.ports.policy.set_rule(
                viewer,
                data_class,
                regions,
                bool(await visit.field("ersetzen")),
                bool(await visit.field("vertrag")),
            )
        except KeyError:  # a class that is none: the form was not ours
            return RedirectResponse(_HOME, 303)
        except Refusal as refusal:
            page = _page(visit, viewer, error=refusal.message(visit.language))
            return await visit.page("richtlinie.html", page, 422)
        return RedirectResponse(f"{_HOME}?getan=geaendert", 303)

    async def explain(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_READ)
        await visit.check_token()
        question, number = await question_of(visit), (await visit.field("anfrage")).strip()
        asked: Explanation | None = None
        past: PastDecision | None = None
        try:
            if number:
                past = await desk.ports.policy.past_decision(viewer, number)
            else:
                asked = await desk.ports.policy.explain(viewer, question)
        except Refusal as refusal:
            page = _page(visit, viewer, question, number, error=refusal.message(visit.language))
            return await visit.page("richtlinie.html", page, 422)
        return await visit.page("richtlinie.html", _page(visit, viewer, question, number, asked, past))

    return [
        Route(_HOME, show, methods=["GET"], name="policy"),
        Route(_HOME, change, methods=["POST"]),
        Route(f"{_HOME}/erklaeren", explain, methods=["POST"]),
    ]


def _page(
    visit: Visit,
    viewer: Viewer,
    question: Question | None = None,
    number: str = "",
    asked: Explanation | None = None,
    past: PastDecision | None = None,
    done: str = "",
    error: str = "",
) -> PolicyPage:
    port = visit.desk.ports.policy
    question = question or Question()
    return PolicyPage(
        rules=tuple(_rule(visit, data_class, rule) for data_class, rule in port.table().items()),
        may_write=Permission.CONFIGURATION_WRITE in viewer.permissions,
        models=choices(port.models(), question.model),
        use_cases=choices(port.use_cases(), question.use_case),
        classes=class_choices(visit, question.stated),
        person=question.user,
        request_id=number,
        asked=decision_panel(visit, asked) if asked else None,
        past=_past(visit, past) if past else None,
        done=done,
        error=error,
    )


def _rule(visit: Visit, data_class: DataClass, rule: PolicyRule) -> RuleRow:
    return RuleRow(
        word=data_class.word,
        name=visit.say(CLASS_WORDS[data_class]),
        regions=tuple(
            RegionBox(each.value, visit.say(REGION_WORDS[each]), each in rule.regions) for each in Region
        ),
        pseudonymise=rule.pseudonymise,
        dpa=rule.dpa,
        risky=data_class is DataClass.SPECIAL and bool(set(rule.regions) - {Region.LOCAL}),
    )


def _past(visit: Visit, found: PastDecision) -> PastPanel:
    moment = from_us(found.time_us)
    data_class = visit.say(CLASS_WORDS[DataClass.parse(found.data_class)]) if found.data_class else NONE
    because = visit.tell(CLASS_BY.get(found.class_by))
    entities = ", ".join(
        f"{visit.tell(TYPE_WORDS[EntityType(kind)])} {count}" for kind, count in found.entities.items()
    )
    dropped = "; ".join(
        f"{provider}: {visit.tell(REASONS.get(reason, Bilingual(reason, reason)))}"
        for provider, reason in found.dropped.items()
    )
    return PastPanel(
        found.request_id,
        (
            (visit.say("Zeit"), f"{visit.form.date(moment)} {visit.form.clock(moment)}"),
            (visit.say("Anwendungsfall"), found.use_case or NONE),
            (visit.say("Modell"), found.model or NONE),
            (visit.say("Klasse"), f"{data_class} {because}".strip()),
            (visit.say("Gefunden"), entities or visit.say("nichts")),
            (visit.say("Beantwortet von"), found.provider or visit.say("niemandem")),
            (visit.say("Nicht gefragt"), dropped or visit.say("kein Ziel ausgelassen")),
            (visit.say("Ergebnis"), f"{found.outcome} {found.code}".strip()),
        ),
    )


PAGE = Page(
    "richtlinie",
    _routes,
    (Entry(PROTECTION, N_("Richtlinie"), "shield", _HOME, Permission.CONFIGURATION_READ, 30),),
)
