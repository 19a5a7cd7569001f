"""`/betrieb/meldungen/regeln`: when somebody is told, how often that would have been, and what a change would change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.errors import InvalidRequest, NotFound, Refusal
from leitstand.identity.roles import Permission
from leitstand.monitoring.rule_desk import Comparison, RuleSight, SignalSight, Tested
from leitstand.monitoring.signals import Unit
from leitstand.monitoring.values import GRAVITY, Rule, Severity
from leitstand.web.alert_words import SEVERITIES, UNITS, amount, iso, lasted, moment, threshold
from leitstand.web.format import NONE
from leitstand.web.navigation import N_
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/betrieb/meldungen/regeln"
_MOST_TIMES = 12
NO_DATA = {
    "resolve": N_("Meldung endet"),
    "keep": N_("Meldung bleibt"),
    "fire": N_("Schweigen ist die Störung"),
}
DONE = {
    "gespeichert": N_("Die Regel gilt. In allen Prozessen nach spätestens zwei Sekunden."),
    "zurueck": N_("Die Regel gilt wieder wie ausgeliefert."),
}


@dataclass(frozen=True)
class RuleRow:
    """One rule as shown. fired: how often in the last days, "" while it is calculated."""

    name: str
    title: str
    why: str
    level: Level
    word: str
    limits: tuple[str, ...]
    window: str
    no_data: str
    fired: str
    own: bool
    changed: bool


@dataclass(frozen=True)
class SignalRow:
    """One signal. value: the gravest now, with its subject."""

    name: str
    title: str
    unit: str
    value: str


@dataclass(frozen=True)
class RulesPage:
    """waits: some back-tests are still to be done."""

    rows: tuple[RuleRow, ...]
    signals: tuple[SignalRow, ...]
    waits: bool
    may_set: bool
    done: str = ""


@dataclass(frozen=True)
class LevelFields:
    """The fields of one severity, as text. shipped: what holds where a field stays empty."""

    severity: Severity
    word: str
    above: str
    clears: str
    for_minutes: str


@dataclass(frozen=True)
class TestView:
    """A back-test in words. times: begin and duration of each alert, the newest first; more: how many are left out."""

    told: str
    times: tuple[tuple[str, str, str], ...]
    more: int


@dataclass(frozen=True)
class RulePage:
    """One rule with its form. unit: what limits are given in. name: empty for a new rule."""

    name: str
    title: str
    why: str
    unit: str
    signal: str
    signals: tuple[tuple[str, str], ...]
    enabled: bool
    levels: tuple[LevelFields, ...]
    window: str
    min_sample: str
    no_data: str
    no_data_words: tuple[tuple[str, str], ...]
    inhibited_by: str
    runbook: str
    new: bool
    own: bool
    changed: bool
    may_set: bool
    before: TestView | None = None
    after: TestView | None = None
    own_title: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        done = visit.done(DONE)
        rules = await desk.ports.alert_rules.rules(at_once=True)
        return await visit.page(
            "melderegeln.html",
            _page(visit, viewer, rules, await desk.ports.alert_rules.signals(), done, last=False),
        )

    async def listed(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        rules = await desk.ports.alert_rules.rules(at_once=False)
        return await visit.part("melderegeln_liste.html", _page(visit, viewer, rules, (), "", last=True))

    async def edit(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        try:
            sight = await desk.ports.alert_rules.get(request.path_params["rule"])
        except NotFound:
            return RedirectResponse(_HOME, 303)
        page = _form(visit, viewer, sight, await desk.ports.alert_rules.signals())
        return await visit.page("melderegel.html", page)

    async def new(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_WRITE)
        return await visit.page("melderegel.html", await _new_form(visit, viewer))

    async def change(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_WRITE)
        await visit.check_token()
        name, verb = (await visit.field("regel")).strip(), await visit.field("tun")
        try:
            if verb == "zurueck":
                await desk.ports.alert_rules.reset(viewer, name)
                return RedirectResponse(f"{_HOME}?getan=zurueck", 303)
            body = await _body(visit, name)
            if verb == "speichern":
                await desk.ports.alert_rules.keep(viewer, body)
                return RedirectResponse(f"{_HOME}?getan=gespeichert", 303)
            comparison = await desk.ports.alert_rules.compare(body)
        except Refusal as refusal:
            page = await _form_again(visit, viewer, name, error=refusal.message(visit.language))
            return await visit.page("melderegel.html", page, 422)
        page = await _form_again(visit, viewer, name, comparison=comparison)
        return await visit.page("melderegel.html", page)

    return [
        Route(_HOME, show, methods=["GET"], name="alert_rules"),
        Route(_HOME, change, methods=["POST"]),
        Route(f"{_HOME}/liste", listed, methods=["GET"]),
        Route(f"{_HOME}/neu", new, methods=["GET"]),
        Route(f"{_HOME}/{{rule:str}}", edit, methods=["GET"]),
    ]


# ---------------------------------------------------------------- the list


def _page(
    visit: Visit, viewer: Viewer, rules: Sequence[RuleSight], signals: Sequence[SignalSight], done: str, *, last: bool
) -> RulesPage:  # fmt: skip
    return RulesPage(
        rows=tuple(_row(visit, each) for each in rules),
        signals=tuple(_signal(visit, each) for each in signals),
        waits=not last and any(each.tested is None for each in rules),
        may_set=Permission.CONFIGURATION_WRITE in viewer.permissions,
        done=done,
    )


def _row(visit: Visit, sight: RuleSight) -> RuleRow:
    rule, unit = sight.rule, sight.signal.unit if sight.signal else None
    level, word = _state(sight)
    return RuleRow(
        rule.name,
        visit.tell(rule.title),
        visit.tell(rule.why),
        level,
        visit.say(word),
        tuple(threshold(visit, unit, each) for each in _gravest_first(rule)),
        lasted(visit, 0, int(rule.window_s * 1_000_000)),
        visit.say(NO_DATA[rule.no_data]),
        _fired(visit, sight.tested),
        sight.shipped is None,
        sight.shipped is not None and sight.is_changed,
    )


def _state(sight: RuleSight) -> tuple[Level, str]:
    if not sight.rule.enabled:
        return "off", N_("abgeschaltet")
    if sight.signal is None:
        return "warn", N_("Signal unbekannt")
    if sight.open:
        gravest = max(sight.open, key=lambda each: GRAVITY[each.severity])
        return SEVERITIES[gravest.severity][0], N_("meldet")
    return "ok", N_("ruhig")


def _fired(visit: Visit, tested: Tested | None) -> str:
    if tested is None:
        return ""
    days = _days(tested)
    count = len(tested.alerts)
    said = visit.words.ngettext("in %(days)s Tag", "in %(days)s Tagen", days) % {"days": days}
    return (
        visit.say("%(count)s-mal %(span)s", count=count, span=said)
        if count
        else visit.say("nie %(span)s", span=said)
    )


def _days(tested: Tested) -> int:
    return max(1, round((tested.until_us - tested.since_us) / 86_400_000_000))


def _signal(visit: Visit, sight: SignalSight) -> SignalRow:
    signal, worst = sight.signal, sight.worst
    subject = ", ".join(value for _, value in worst.labels) if worst else ""
    value = amount(visit, signal.unit, worst.value) if worst else NONE
    return SignalRow(
        signal.name,
        visit.tell(signal.title),
        visit.say(UNITS[signal.unit]),
        f"{value} ({subject})" if subject else value,
    )


def _gravest_first(rule: Rule) -> list[Any]:
    return sorted(rule.levels, key=lambda each: -GRAVITY[each.severity])


# ---------------------------------------------------------------- one rule


def _form(
    visit: Visit, viewer: Viewer, sight: RuleSight, signals: Sequence[SignalSight], comparison: Comparison | None = None,
    error: str = "",
) -> RulePage:  # fmt: skip
    rule, unit = comparison.rule if comparison else sight.rule, sight.signal.unit if sight.signal else None
    return RulePage(
        name=rule.name,
        title=visit.tell(sight.rule.title),
        why=visit.tell(sight.rule.why),
        unit=visit.say(UNITS[unit]) if unit else NONE,
        signal=rule.signal,
        signals=_choices(visit, signals),
        enabled=rule.enabled,
        levels=tuple(_fields(visit, rule, severity, unit) for severity in ("critical", "warning")),
        window=_number_text(visit, rule.window_s / 60),
        min_sample=str(rule.min_sample),
        no_data=rule.no_data,
        no_data_words=tuple((name, visit.say(word)) for name, word in NO_DATA.items()),
        inhibited_by=", ".join(rule.inhibited_by),
        runbook=f"/betrieb/anleitungen/{rule.runbook}" if rule.runbook else "",
        new=False,
        own=sight.shipped is None,
        changed=sight.is_changed,
        may_set=Permission.CONFIGURATION_WRITE in viewer.permissions,
        before=_test(visit, comparison.before if comparison else sight.tested, N_("So wie jetzt, Meldungen in %(days)s Tagen: %(count)s")),
        after=_test(visit, comparison.after if comparison else None, N_("Mit der Änderung, Meldungen in %(days)s Tagen: %(count)s")),
        error=error,
    )  # fmt: skip


async def _new_form(
    visit: Visit, viewer: Viewer, comparison: Comparison | None = None, error: str = ""
) -> RulePage:
    """An own rule that is not there yet; what was typed stays."""
    signals = await visit.desk.ports.alert_rules.signals()
    rule = comparison.rule if comparison else None

    async def typed(name: str, usual: str = "") -> str:
        return (await visit.field(name) if visit.request.method == "POST" else "") or usual

    levels = [
        LevelFields(
            severity,
            visit.say(SEVERITIES[severity][1]),
            await typed(f"{severity}_above"),
            await typed(f"{severity}_clears"),
            await typed(f"{severity}_for"),
        )
        for severity in ("critical", "warning")
    ]
    return RulePage(
        name=await typed("regel"), title=await typed("titel") or visit.say("Eigene Regel"), why="",
        unit="", signal=await typed("signal"), signals=_choices(visit, signals), enabled=True, levels=tuple(levels),
        window=await typed("fenster", "10"), min_sample=await typed("stichprobe", "10"),
        no_data=await typed("ohne_werte", rule.no_data if rule else "resolve"),
        no_data_words=tuple((name, visit.say(word)) for name, word in NO_DATA.items()),
        inhibited_by="", runbook="", new=True, own=True, changed=False,
        may_set=Permission.CONFIGURATION_WRITE in viewer.permissions, before=None,
        after=_test(visit, comparison.after if comparison else None, N_("Mit dieser Regel, Meldungen in %(days)s Tagen: %(count)s")),
        own_title=await typed("titel"),
        error=error,
    )  # fmt: skip


async def _form_again(
    visit: Visit, viewer: Viewer, name: str, *, comparison: Comparison | None = None, error: str = ""
) -> RulePage:
    try:
        sight = await visit.desk.ports.alert_rules.get(name)
    except NotFound:
        return await _new_form(visit, viewer, comparison, error)
    return _form(visit, viewer, sight, await visit.desk.ports.alert_rules.signals(), comparison, error)


def _choices(visit: Visit, signals: Sequence[SignalSight]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (row.name, f"{row.title} ({row.unit}, {visit.say('jetzt')} {row.value})")
        for row in (_signal(visit, each) for each in signals)
    )


def _fields(visit: Visit, rule: Rule, severity: Severity, unit: Unit | None) -> LevelFields:
    level, scale = rule.level(severity), _scale(unit)
    word = visit.say(SEVERITIES[severity][1])
    if level is None:
        return LevelFields(severity, word, "", "", "")
    texts = (level.fires * scale, level.clears * scale, level.for_s / 60)
    return LevelFields(severity, word, *(_number_text(visit, each) for each in texts))


def _test(visit: Visit, tested: Tested | None, sentence: str) -> TestView | None:
    if tested is None:
        return None
    newest = sorted(tested.alerts, key=lambda each: -(each.fired_us or 0))
    times = tuple(
        (
            moment(visit, each.fired_us),
            iso(visit, each.fired_us),
            ", ".join(
                [
                    *(value for _, value in each.labels),
                    lasted(visit, each.fired_us or 0, each.resolved_us or tested.until_us),
                ]
            ),
        )
        for each in newest[:_MOST_TIMES]
    )
    told = visit.say(sentence, count=len(newest), days=_days(tested))
    return TestView(told, times, max(0, len(newest) - _MOST_TIMES))


def _number_text(visit: Visit, value: float) -> str:
    """For a field: as people of the language write it, without grouping."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if visit.language == "de" else text


def _scale(unit: Unit | None) -> float:
    """Shares are typed in percent."""
    return 100.0 if unit == "share" else 1.0


# ---------------------------------------------------------------- what was typed


async def _body(visit: Visit, name: str) -> dict[str, Any]:
    """As the configuration's `alerts.rules` has it; empty fields are left out."""
    body: dict[str, Any] = {"name": name, "enabled": await visit.field("abgeschaltet") != "ja"}
    unit = await _unit(visit, name, body)
    for severity in ("warning", "critical"):
        above = await _number(visit, f"{severity}_above")
        if above is None:
            continue
        clears, minutes = (
            await _number(visit, f"{severity}_clears"),
            await _number(visit, f"{severity}_for"),
        )
        limits = {"above": _exact(above / _scale(unit)), "for_minutes": minutes or 0.0}
        if clears is not None:
            limits["clears"] = _exact(clears / _scale(unit))
        body[severity] = limits
    if (window := await _number(visit, "fenster")) is not None:
        body["window_minutes"] = window
    if (sample := await _number(visit, "stichprobe")) is not None:
        body["min_sample"] = int(sample)
    if no_data := await visit.field("ohne_werte"):
        body["no_data"] = no_data
    return body


async def _unit(visit: Visit, name: str, body: dict[str, Any]) -> Unit | None:
    """Of a known rule's signal, or of the one that was chosen; title and signal of an own rule go into the body."""
    try:
        sight = await visit.desk.ports.alert_rules.get(name)
    except NotFound:
        sight = None
    if sight is not None and sight.shipped is not None:
        return sight.signal.unit if sight.signal else None
    signal = await visit.field("signal") or (sight.rule.signal if sight else "")
    body |= {"title": (await visit.field("titel")).strip(), "signal": signal}
    known = {each.signal.name: each.signal for each in await visit.desk.ports.alert_rules.signals()}
    return known[signal].unit if signal in known else None


async def _number(visit: Visit, name: str) -> float | None:
    text = (await visit.field(name)).strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError as cause:
        raise InvalidRequest(f"„{text}“ ist keine Zahl.", f"'{text}' is no number.") from cause


def _exact(value: float) -> float:
    """7 % is 0.07 and not 0.07000000000000001."""
    return float(f"{value:.12g}")


PAGE = Page("melderegeln", _routes)  # its file comes before meldungen.py, whose `/{alert}` takes what is left
