"""The result of a what-if scenario as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from leitstand.answers.quality import Quality
from leitstand.core.clock import from_us
from leitstand.reports.what_if.result import Control, Pace, Range, Result, SpeedRow
from leitstand.reports.what_if.scenarios import Told
from leitstand.web.format import NONE
from leitstand.web.navigation import N_
from leitstand.web.pages.modelltests import DECISIONS
from leitstand.web.ports import Level
from leitstand.web.visit import Visit

STATES: dict[str, tuple[Level, str]] = {
    "waiting": ("off", N_("wartet")),
    "running": ("work", N_("läuft")),
    "done": ("ok", N_("beendet")),
    "failed": ("warn", N_("nicht gerechnet")),
}
SOURCES = {
    "same": N_("dasselbe Modell, also genau"),
    "paired": N_("gemessen an %(count)s gleichen Fragen"),
    "traffic": N_("gemessen an je mindestens %(count)s eigenen Fragen beider Modelle"),
    "assumed": N_("angenommen, nicht gemessen"),
}
STAYS = {
    "policy": N_("Richtlinie: kein Ziel des neuen Modells darf diese Daten haben"),
    "task": N_("andere Aufgabe als ein Gespräch, etwa Einbettung oder Bild"),
}


@dataclass(frozen=True)
class CaseRow:
    """One use case, money as text."""

    name: str
    requests: str
    moved: str
    before: str
    after: str
    interval: str


@dataclass(frozen=True)
class SpeedLine:
    """One replacement in one use case: before and after, each as text; NONE where it is not known."""

    use_case: str
    way: str
    median: str
    slow: str
    first: str
    token: str
    note: str


@dataclass(frozen=True)
class FactorLine:
    """How the tokens were found."""

    use_case: str
    way: str
    input: str
    output: str
    source: str


@dataclass(frozen=True)
class QualityView:
    """What model tests say of one replacement. path: of the test. sets: label and address to begin another."""

    way: str
    level: Level
    word: str
    told: str
    path: str
    sets: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ResultView:
    """Everything. lead: the answer in a sentence. stays: reason and count. proof: how far the calculation is checked."""

    lead: str
    before: str
    after: str
    interval: str
    change: str
    change_range: str
    moved: str
    cases: tuple[CaseRow, ...]
    speed: tuple[SpeedLine, ...]
    factors: tuple[FactorLine, ...]
    qualities: tuple[QualityView, ...]
    stays: tuple[tuple[str, str], ...]
    hits: str
    cache_since: str
    cut: str
    proof_level: Level
    proof: str
    notes: tuple[str, ...]
    switch: str


def result_view(visit: Visit, told: Told, qualities: Sequence[Quality]) -> ResultView:
    """The result of a scenario that has one."""
    result = told.result
    assert result is not None
    level, proof = _proof(visit, result.control)
    return ResultView(
        lead=_lead(visit, result),
        before=str(visit.form.total(result.before_nano)),
        after=euros(visit, result.after_nano),
        interval=_interval(visit, result.after_nano),
        change=_percent(visit, result.saving.value),
        change_range=_change_range(visit, result.saving),
        moved=visit.form.number(result.moved),
        cases=tuple(
            CaseRow(
                row.name or visit.say("Übrige, je weniger als 5 Personen"),
                visit.form.number(row.requests),
                visit.form.number(row.moved),
                str(visit.form.total(row.before_nano)),
                euros(visit, row.after_nano),
                _interval(visit, row.after_nano),
            )
            for row in result.use_cases
        ),
        speed=tuple(_speed(visit, row) for row in result.speed),
        factors=tuple(
            FactorLine(
                each.use_case,
                f"{each.before} → {each.after}",
                _factor(visit, each.input),
                _factor(visit, each.output),
                visit.say(SOURCES[each.source], count=visit.form.number(each.calls)),
            )
            for each in result.factors
        ),
        qualities=tuple(_quality(visit, each) for each in qualities),
        stays=tuple(
            (visit.say(STAYS[reason]), visit.form.number(number)) for reason, number in result.stays.items()
        ),
        hits=_hits(visit, result),
        cache_since=visit.form.date(from_us(result.cache.since_us)) if result.cache.since_us else "",
        cut=visit.form.number(result.cut) if result.cut else "",
        proof_level=level,
        proof=proof,
        notes=tuple(visit.tell(note) for note in result.notes),
        switch=result.switch,
    )


def euros(visit: Visit, amount: Range) -> str:
    """The middle of an amount."""
    return str(visit.form.total(round(amount.value)))


def share(visit: Visit, saving: Range) -> str:
    """The change of the cost in per cent with its interval, where it has one."""
    told, between = _percent(visit, saving.value), _change_range(visit, saving)
    return f"{told} ({between})" if between else told


def _change_range(visit: Visit, saving: Range) -> str:
    low, high = _percent(visit, saving.high), _percent(visit, saving.low)
    return visit.say("%(low)s bis %(high)s", low=low, high=high) if low != high else ""


def _percent(visit: Visit, saving: float) -> str:
    gap = "" if visit.language == "en" else "\u00a0"
    return f"{visit.form.signed(-100 * saving, 0)}{gap}%"


def _interval(visit: Visit, amount: Range) -> str:
    low, high = (str(visit.form.total(round(part))) for part in (amount.low, amount.high))
    return visit.say("%(low)s bis %(high)s", low=low, high=high) if low != high else visit.say("genau")


def _lead(visit: Visit, result: Result) -> str:
    if not result.requests:
        return visit.say("Im Zeitraum gab es dort keine Anfragen.")
    before, after = str(visit.form.total(result.before_nano)), euros(visit, result.after_nano)
    if result.after_nano.low == result.after_nano.high == result.before_nano:
        return visit.say("Es hätte gleich viel gekostet: %(before)s.", before=before)
    return visit.say(
        "Es hätte %(after)s statt %(before)s gekostet, erwartet werden %(interval)s.",
        after=after, before=before, interval=_interval(visit, result.after_nano),
    )  # fmt: skip


def _factor(visit: Visit, factor: Range) -> str:
    low, value, high = (visit.form.number(part, 2) for part in (factor.low, factor.value, factor.high))
    return f"× {value}" if low == high else f"× {value} ({low}–{high})"


def _speed(visit: Visit, row: SpeedRow) -> SpeedLine:
    def pair(old: float | None, new: float | None, unit: str = "") -> str:
        return f"{_time(visit, old, unit)} → {_time(visit, new, unit)}"

    old, new = row.old, row.new
    note = _measured(visit, new, row.elsewhere)
    return SpeedLine(
        row.use_case,
        f"{row.before} → {row.after}",
        pair(old.p50_s, new.p50_s),
        pair(old.p95_s, new.p95_s),
        pair(old.first_p50_s, new.first_p50_s),
        pair(old.token_ms, new.token_ms, "ms"),
        note,
    )


def _time(visit: Visit, value: float | None, unit: str) -> str:
    if value is None:
        return NONE
    return f"{visit.form.number(value, 1)}\u00a0{unit}" if unit else str(visit.form.seconds(value))


def _measured(visit: Visit, pace: Pace, elsewhere: bool) -> str:
    if pace.p50_s is None:
        return visit.say("nicht bekannt")
    count = visit.form.number(pace.answers)
    if elsewhere:
        return visit.say("%(count)s Antworten in anderen Anwendungsfällen", count=count)
    return visit.say("%(count)s Antworten", count=count)


def _quality(visit: Visit, quality: Quality) -> QualityView:
    way = f"{quality.before} → {quality.after}"
    query = f"?kandidat={quality.after}&heute={quality.before}&mal=1"
    sets = tuple((each.label, f"/qualitaet/modelltests/{each.name}{query}") for each in quality.sets)
    if quality.running is not None:
        told = visit.say(
            "%(done)s von %(total)s Antworten", done=quality.running.done, total=quality.running.total
        )
        return QualityView(
            way, "work", visit.say("läuft"), told, f"/qualitaet/vergleiche/{quality.running.id}", sets
        )
    report = quality.report
    if report is None or report.comparison is None:
        return QualityView(way, "info", visit.say("nicht geprüft"), "", "", sets)
    level, word = DECISIONS.get(report.trial.decision, ("info", N_("nicht geprüft")))
    found = report.comparison
    told = visit.say(
        "%(ours)s der Antworten bestehen, bisher %(theirs)s; Unterschied zwischen %(low)s und %(high)s Punkten, %(count)s Fragen.",
        ours=visit.form.percent(found.candidate.passed, 0), theirs=visit.form.percent(found.baseline.passed, 0),
        low=visit.form.signed(100 * found.difference.low), high=visit.form.signed(100 * found.difference.high),
        count=len(found.cases),
    )  # fmt: skip
    return QualityView(way, level, visit.say(word), told, f"/qualitaet/vergleiche/{report.trial.id}", sets)


def _hits(visit: Visit, result: Result) -> str:
    won, lost = result.cache.hits_won, result.cache.hits_lost
    if not won and not lost:
        return NONE
    return visit.form.signed(won - lost)


def _proof(visit: Visit, control: Control) -> tuple[Level, str]:
    """How far the calculation agrees with the journal where nothing changes."""
    others = control.estimated + control.unknown_price + control.differing
    exact = visit.form.number(control.exact)
    if not others:
        return "ok", visit.say("Alle %(exact)s Buchungen kommen auf den Nanoeuro genau heraus.", exact=exact)
    told = visit.say(
        "%(exact)s Buchungen kommen auf den Nanoeuro genau heraus; bei %(unknown)s ist der Preis nicht mehr bekannt, %(estimated)s beruhen auf Schätzungen und weichen ab, %(differing)s weichen sonst ab (zusammen %(difference)s).",
        exact=exact, unknown=visit.form.number(control.unknown_price),
        estimated=visit.form.number(control.estimated), differing=visit.form.number(control.differing),
        difference=visit.form.money(control.difference_nano),
    )  # fmt: skip
    return ("warn" if control.differing else "info"), told
