"""The key figures of IT-Betrieb: value, trend, target, verdict, definition. Targets: PRODUCT 9.1."""

from dataclasses import dataclass

from leitstand.reports.operations import OperationsSnapshot, Plan, Slot, Span
from leitstand.web.charts import Spark, spark
from leitstand.web.format import NONE, Quantity
from leitstand.web.ports import Level
from leitstand.web.visit import Visit

TARGET_MEDIAN_S = 2.0
TARGET_ERROR_RATE = 0.01
TARGET_AVAILABILITY = 0.99
TARGET_CACHE_RATE = 0.30
CLOSE = 0.8  # from this share of a limit on it is "close"
GRAVE_ERROR_RATE = 0.10


@dataclass(frozen=True)
class KeyFigure:
    """One figure as shown. beside: what stands at the value; target: what it is measured by."""

    id: str
    name: str
    value: Quantity
    beside: str
    spark: Spark | None
    level: Level
    verdict: str
    target: str
    definition: str


def key_figures(visit: Visit, snapshot: OperationsSnapshot) -> tuple[KeyFigure, ...]:
    """All six, in the order of the page."""
    return (
        _response_time(visit, snapshot),
        _error_rate(visit, snapshot),
        _availability(visit, snapshot),
        _requests(visit, snapshot),
        _cache(visit, snapshot),
        _cost(visit, snapshot),
    )


def _unknown(visit: Visit) -> tuple[Level, str]:
    return "off", visit.say("keine Anfragen")


def _below(visit: Visit, value: float | None, limit: float) -> tuple[Level, str]:
    if value is None:
        return _unknown(visit)
    if value >= limit:
        return "warn", visit.say("über dem Ziel")
    return ("warn", visit.say("knapp")) if value >= CLOSE * limit else ("ok", visit.say("im Ziel"))


def _response_time(visit: Visit, snapshot: OperationsSnapshot) -> KeyFigure:
    value, p95 = snapshot.totals.median_s, snapshot.totals.p95_s
    level, verdict = _below(visit, value, TARGET_MEDIAN_S)
    return KeyFigure(
        "antwortzeit",
        visit.say("Antwortzeit, Median"),
        Quantity(NONE) if value is None else visit.form.seconds(value),
        "" if p95 is None else visit.say("95 %% bis %(p95)s", p95=visit.form.seconds(p95)),
        spark([slot.totals.median_s for slot in snapshot.slots], TARGET_MEDIAN_S),
        level,
        verdict,
        visit.say("Ziel unter %(limit)s", limit=visit.form.seconds(TARGET_MEDIAN_S).value + "\u00a0s"),
        visit.say("Die Hälfte der beantworteten Anfragen war so schnell oder schneller, von der Ankunft bis zum letzten Zeichen, Treffer im Zwischenspeicher eingeschlossen."),
    )  # fmt: skip


def _error_rate(visit: Visit, snapshot: OperationsSnapshot) -> KeyFigure:
    value = snapshot.totals.error_rate
    level, verdict = _below(visit, value, TARGET_ERROR_RATE)
    if value is not None and value >= GRAVE_ERROR_RATE:
        level = "crit"
    return KeyFigure(
        "fehlerquote",
        visit.say("Fehlerquote"),
        Quantity(NONE) if value is None else visit.form.percent(value),
        visit.say("%(failed)s von %(counted)s", failed=visit.form.number(snapshot.totals.failed), counted=visit.form.number(snapshot.totals.requests - snapshot.totals.refused)),
        spark([slot.totals.error_rate for slot in snapshot.slots], TARGET_ERROR_RATE),
        level,
        verdict,
        visit.say("Ziel unter %(limit)s", limit=visit.form.percent(TARGET_ERROR_RATE, 0)),
        visit.say("Anteil der Anfragen, die kein Anbieter beantwortet hat. Abweisungen nach Regel (Budget, Recht, Richtlinie) zählen nicht mit."),
    )  # fmt: skip


def _availability(visit: Visit, snapshot: OperationsSnapshot) -> KeyFigure:
    value = snapshot.totals.availability
    level: Level
    if value is None:
        level, verdict = _unknown(visit)
    elif value >= TARGET_AVAILABILITY:
        level, verdict = "ok", visit.say("im Ziel")
    else:
        level, verdict = "warn", visit.say("unter dem Ziel")
    return KeyFigure(
        "verfuegbarkeit",
        visit.say("Verfügbarkeit"),
        Quantity(NONE) if value is None else visit.form.percent(value, 1 if value < 1 else 0),
        "",
        spark([slot.totals.availability for slot in snapshot.slots], TARGET_AVAILABILITY),
        level,
        verdict,
        visit.say("Ziel über %(limit)s", limit=visit.form.percent(TARGET_AVAILABILITY, 0)),
        visit.say("Anteil der 5-Minuten-Abschnitte mit Anfragen, in denen mindestens die Hälfte beantwortet wurde."),
    )  # fmt: skip


def _requests(visit: Visit, snapshot: OperationsSnapshot) -> KeyFigure:
    totals = snapshot.totals
    level: Level
    level, verdict = ("ok", visit.say("gezählt")) if totals.requests else _unknown(visit)
    return KeyFigure(
        "anfragen",
        visit.say("Anfragen heute") if snapshot.span is Span.TODAY else visit.say("Anfragen"),
        Quantity(visit.form.number(totals.requests)),
        "",
        spark([float(slot.totals.requests) for slot in snapshot.slots]),
        level,
        verdict,
        visit.say("%(refused)s abgewiesen", refused=visit.form.number(totals.refused)),
        visit.say("Alle Anfragen im Zeitraum, über den Chat und über die Schnittstelle, auch abgewiesene."),
    )


def _cache(visit: Visit, snapshot: OperationsSnapshot) -> KeyFigure:
    value = snapshot.totals.cache_rate
    level: Level
    if value is None:
        level, verdict = _unknown(visit)
    elif value >= TARGET_CACHE_RATE:
        level, verdict = "ok", visit.say("im Ziel")
    else:
        level, verdict = "off", visit.say("unter dem Ziel")
    return KeyFigure(
        "zwischenspeicher",
        visit.say("Zwischenspeicher"),
        Quantity(NONE) if value is None else visit.form.percent(value, 0),
        visit.say("spart %(saved)s", saved=visit.form.money(snapshot.totals.saved_nano)),
        spark([slot.totals.cache_rate for slot in snapshot.slots], TARGET_CACHE_RATE),
        level,
        verdict,
        visit.say("Ziel über %(limit)s", limit=visit.form.percent(TARGET_CACHE_RATE, 0)),
        visit.say("Anteil der Antworten, die schon vorlagen: dieselbe Anfrage mit denselben Rechten. Gespart ist, was der Anbieter dafür berechnet hätte."),
    )  # fmt: skip


def _cost(visit: Visit, snapshot: OperationsSnapshot) -> KeyFigure:
    level, verdict, target = _budget(visit, snapshot.plan)
    return KeyFigure(
        "kosten",
        visit.say("Kosten heute") if snapshot.span is Span.TODAY else visit.say("Kosten"),
        visit.form.money(snapshot.totals.cost_nano),
        "",
        spark(_running_cost(snapshot.slots)),
        level,
        verdict,
        target,
        visit.say("Gebuchte Kosten aller Anbieter im Zeitraum, nach der Preisliste des Tages. Der Verlauf ist aufsummiert; das Ziel ist das Budget des Monats."),
    )  # fmt: skip


def _budget(visit: Visit, plan: Plan) -> tuple[Level, str, str]:
    if not plan.month_limit_nano:
        return "off", visit.say("kein Monatsbudget"), ""
    share = plan.month_cost_nano / plan.month_limit_nano
    target = visit.say(
        "Monat %(share)s von %(limit)s",
        share=visit.form.percent(share, 0),
        limit=visit.form.total(plan.month_limit_nano),
    )
    if share >= 1:
        return "warn", visit.say("verbraucht"), target
    return ("ok", visit.say("im Plan"), target) if share < CLOSE else ("warn", visit.say("knapp"), target)


def _running_cost(slots: tuple[Slot, ...]) -> list[float]:
    total, sums = 0.0, []
    for slot in slots:
        total += slot.totals.cost_nano
        sums.append(total)
    return sums if total else []
