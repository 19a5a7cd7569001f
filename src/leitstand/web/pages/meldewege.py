"""`/betrieb/meldewege`: every way out with its state and a test, who hears of what at this hour, who is on duty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.configuration.alerts import AlertRoute
from leitstand.configuration.channels import ON_CALL, ChannelKind
from leitstand.configuration.on_call import Swap
from leitstand.core.clock import from_us
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.identity.roles import Permission
from leitstand.monitoring.channel_desk import ChannelBoard, ChannelSight, Hearing
from leitstand.monitoring.on_call import Turn
from leitstand.monitoring.values import Rule, Severity
from leitstand.web.acts import form
from leitstand.web.alert_words import SEVERITIES, moment
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, RUNNING, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/betrieb/meldewege"
_FIRST_ASKED = "provider_unreachable"  # what people have in mind when they think of being woken
KINDS: dict[ChannelKind, str] = {
    "webhook": N_("Webhook"),
    "email": N_("E-Mail"),
    "teams": N_("Microsoft Teams"),
    "slack": N_("Slack"),
    "mattermost": N_("Mattermost"),
    "pagerduty": N_("PagerDuty"),
    "opsgenie": N_("Opsgenie"),
    "apprise": N_("Apprise"),
}
DONE = {
    "getauscht": N_("Der Tausch gilt. Ab dann wird gerufen, wer an der Reihe ist."),
    "zurueck": N_("Der Tausch ist aufgehoben."),
}


@dataclass(frozen=True)
class ChannelRow:
    """One way out. target: where it leads, as far as it may be shown. fault: why it fails; empty while it delivers."""

    name: str
    kind: str
    target: str
    level: Level
    word: str
    fault: str
    last: str
    waiting: str


@dataclass(frozen=True)
class RouteRow:
    """One route in words."""

    name: str
    what: str
    about: str
    whom: str
    when: str


@dataclass(frozen=True)
class TurnRow:
    """One turn. now: whose it is. reach: telephone and address for colleagues."""

    person: str
    begins: str
    begins_iso: str
    ends: str
    note: str
    reach: str
    now: bool


@dataclass(frozen=True)
class SwapRow:
    """One swap, and its days as the form sends them back."""

    person: str
    days: str
    begins: str
    ends: str


@dataclass(frozen=True)
class ChannelsPage:
    """lead: the answer in a sentence. asked, severity: of the question who would hear; heard: its answer, line by line.

    tested: what came of a test; tested_level: how to show it.
    """

    lead: str
    channels: tuple[ChannelRow, ...]
    routes: tuple[RouteRow, ...]
    rules: tuple[tuple[str, str], ...]
    asked: str
    severity: Severity
    heard: tuple[str, ...]
    turns: tuple[TurnRow, ...]
    people: tuple[str, ...]
    swaps: tuple[SwapRow, ...]
    today: str
    may_act: bool
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        done = visit.done(DONE)
        return await visit.page("meldewege.html", await _page(visit, viewer, done=done))

    async def test(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.ALERTS_HANDLE)
        await visit.check_token()
        name = await visit.field("weg")
        try:
            tested = await desk.ports.channels.test(viewer, name)
        except NotFound:  # it was removed meanwhile: the fresh page shows what there is
            return RedirectResponse(_HOME, 303)
        if tested.reason:
            error = visit.say(
                "Die Probe auf „%(name)s“ ist nicht angekommen: %(reason)s", name=name, reason=tested.reason
            )
            return await visit.page("meldewege.html", await _page(visit, viewer, error=error))
        done = visit.say("Die Probe auf „%(name)s“ ist angenommen worden.", name=name)
        return await visit.page("meldewege.html", await _page(visit, viewer, done=done))

    async def again(visit: Visit, viewer: Viewer, error: str) -> Response:
        return await visit.page("meldewege.html", await _page(visit, viewer, error=error), 422)

    act = partial(form, desk, Permission.ALERTS_HANDLE, _HOME, again=again)

    async def swap(visit: Visit, viewer: Viewer) -> None:
        begins, ends = await _day(visit, "von"), await _day(visit, "bis")
        await desk.ports.channels.swap(viewer, begins, ends, await visit.field("person"))

    async def undo(visit: Visit, viewer: Viewer) -> None:
        begins, ends = await _day(visit, "von"), await _day(visit, "bis")
        await desk.ports.channels.undo_swap(viewer, begins, ends, await visit.field("person"))

    async def _page(visit: Visit, viewer: Viewer, done: str = "", error: str = "") -> ChannelsPage:
        board = await desk.ports.channels.board()
        asked = _asked(visit, board.rules)
        hearing = await desk.ports.channels.hearing(*asked) if asked else None
        return _view(visit, viewer, board, hearing, done, error)

    return [
        Route(_HOME, show, methods=["GET"], name="channels"),
        Route(f"{_HOME}/probe", test, methods=["POST"]),
        Route(f"{_HOME}/tausch", act(swap, done="getan=getauscht#bereitschaft"), methods=["POST"]),
        Route(f"{_HOME}/tausch/aufheben", act(undo, done="getan=zurueck#bereitschaft"), methods=["POST"]),
    ]


async def _day(visit: Visit, name: str) -> date:
    text = await visit.field(name)
    try:
        return date.fromisoformat(text)
    except ValueError as cause:
        raise InvalidRequest(f"„{text}“ ist kein Tag.", f"'{text}' is no day.") from cause


def _asked(visit: Visit, rules: Sequence[Rule]) -> tuple[str, Severity] | None:
    """The rule and gravity in question; a rule that cannot be as grave is asked for what it can be."""
    wish, known = visit.request.query_params.get("regel", _FIRST_ASKED), {each.name: each for each in rules}
    rule = known.get(wish) or next(iter(known.values()), None)
    if rule is None:
        return None
    can: list[Severity] = [each.severity for each in rule.levels]
    severity: Severity = "warning" if visit.request.query_params.get("schwere") == "warning" else "critical"
    return rule.name, severity if severity in can or not can else can[0]


# ---------------------------------------------------------------- the view


def _view(
    visit: Visit, viewer: Viewer, board: ChannelBoard, hearing: Hearing | None, done: str, error: str
) -> ChannelsPage:
    return ChannelsPage(
        lead=_lead(visit, board),
        channels=tuple(_channel(visit, each) for each in board.channels),
        routes=tuple(_route(visit, each, board.rules) for each in board.routes),
        rules=tuple((rule.name, visit.tell(rule.title) or rule.name) for rule in board.rules),
        asked=hearing.rule if hearing else "",
        severity=hearing.severity if hearing else "critical",
        heard=tuple(_heard(visit, hearing)) if hearing else (),
        turns=tuple(_turn(visit, each, board) for each in board.turns),
        people=board.people,
        swaps=tuple(_swap(visit, each) for each in board.swaps),
        today=f"{board.now.astimezone(visit.form.zone):%Y-%m-%d}" if board.now else "",
        may_act=Permission.ALERTS_HANDLE in viewer.permissions,
        done=done,
        error=error,
    )


def _lead(visit: Visit, board: ChannelBoard) -> str:
    if not board.channels:
        return visit.say("Noch kein Meldeweg eingerichtet: Meldungen stehen nur auf der Seite.")
    failing = sum(bool(each.reason) for each in board.channels)
    if failing:
        return visit.say(
            "%(failing)s von %(count)s Meldewegen stellen nicht zu; die anderen springen ein.",
            failing=visit.form.number(failing), count=visit.form.number(len(board.channels)),
        )  # fmt: skip
    return visit.say("Kein Meldeweg ist gestört.")


def _channel(visit: Visit, sight: ChannelSight) -> ChannelRow:
    state = sight.state
    level, word = _state(sight)
    fault = sight.reason
    if fault and state.failing_since_us is not None:
        fault = visit.say(
            "%(reason)s, seit %(since)s", reason=fault, since=moment(visit, state.failing_since_us)
        )
    return ChannelRow(
        name=sight.channel.name,
        kind=visit.say(KINDS[sight.channel.kind]),
        target=sight.target,
        level=level,
        word=visit.say(word),
        fault=fault,
        last=moment(visit, state.sent_us) if state.sent_us is not None else NONE,
        waiting=visit.form.number(state.waiting) if state.waiting else NONE,
    )


def _state(sight: ChannelSight) -> tuple[Level, str]:
    if sight.reason:
        return "crit", N_("stellt nicht zu")
    return ("info", N_("noch nie benutzt")) if sight.state.sent_us is None else ("ok", N_("stellt zu"))


def _route(visit: Visit, route: AlertRoute, rules: Sequence[Rule]) -> RouteRow:
    titles = {rule.name: visit.tell(rule.title) or rule.name for rule in rules}
    about = [titles.get(name, name) for name in route.rules] + list(route.providers)
    what = visit.say("alle") if route.severity == "any" else visit.say(SEVERITIES[route.severity][1])
    return RouteRow(
        name=route.name,
        what=what,
        about=", ".join(about) or visit.say("alle Regeln"),
        whom=", ".join(
            visit.say("wer Bereitschaft hat") if each == ON_CALL else each for each in route.channels
        ),
        when=_when(visit, route),
    )


def _when(visit: Visit, route: AlertRoute) -> str:
    if route.after_minutes:
        minutes = visit.form.number(route.after_minutes)
        said = visit.say("nach %(minutes)s Minuten, wenn niemand übernommen hat", minutes=minutes)
    elif route.severity == "critical":
        said = visit.say("sofort, zu jeder Stunde")
    elif route.severity == "warning":
        said = visit.say("in der Arbeitszeit; Programme sofort")
    else:
        said = visit.say("Kritisches sofort, Warnungen in der Arbeitszeit")
    if not route.remind_minutes:
        return said
    again = visit.say("dann alle %(minutes)s Minuten", minutes=visit.form.number(route.remind_minutes))
    return f"{said}, {again}"


def _heard(visit: Visit, hearing: Hearing) -> list[str]:
    """The answer in sentences, in the order in which things happen."""
    if not hearing.at_once and not hearing.held and not hearing.later:
        return [visit.say("Niemand: Die Meldung stünde nur auf der Seite.")]
    said = []
    if hearing.at_once:
        said.append(visit.say("Sofort: %(who)s.", who=", ".join(hearing.at_once)))
    if hearing.held and hearing.held_until_us is not None:
        until = (
            f"{visit.form.weekday(from_us(hearing.held_until_us))}, {moment(visit, hearing.held_until_us)}"
        )
        said.append(
            visit.say(
                "Mit Beginn der Arbeitszeit (%(until)s): %(who)s.", until=until, who=", ".join(hearing.held)
            )
        )
    said += [
        visit.say(
            "Nach %(minutes)s Minuten, wenn niemand übernommen hat: %(who)s.",
            minutes=visit.form.number(minutes), who=", ".join(names),
        )
        for minutes, names in hearing.later
    ]  # fmt: skip
    return said


def _turn(visit: Visit, turn: Turn, board: ChannelBoard) -> TurnRow:
    form = visit.form
    return TurnRow(
        person=turn.person.name,
        begins=f"{form.weekday(turn.begins)}, {form.short_date(turn.begins)} {form.clock(turn.begins)}",
        begins_iso=form.iso(turn.begins),
        ends=f"{form.weekday(turn.ends)}, {form.short_date(turn.ends)} {form.clock(turn.ends)}",
        note=visit.say("statt %(name)s", name=turn.instead_of) if turn.instead_of else "",
        reach=", ".join(each for each in (turn.person.phone, turn.person.email) if each),
        now=board.now is not None and turn.begins <= board.now < turn.ends,
    )


def _swap(visit: Visit, swap: Swap) -> SwapRow:
    first, last = (f"{day.day}.{day.month}.{day.year}" for day in (swap.begins, swap.ends))
    if visit.language != "de":
        first, last = swap.begins.isoformat(), swap.ends.isoformat()
    days = first if swap.begins == swap.ends else visit.say("%(first)s bis %(last)s", first=first, last=last)
    return SwapRow(swap.person, days, swap.begins.isoformat(), swap.ends.isoformat())


PAGE = Page(
    "meldewege",
    _routes,
    (Entry(RUNNING, N_("Meldewege"), "bell", _HOME, Permission.OPERATIONS_READ, 40),),
)
