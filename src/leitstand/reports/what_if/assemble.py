"""From the sums of all days to the result: small groups folded, speed read off, and what is not known said."""

from collections.abc import Mapping

from leitstand.core.i18n import Bilingual
from leitstand.reports.what_if.measure import Measured
from leitstand.reports.what_if.result import (
    NOTHING,
    SMALLEST_GROUP,
    CacheEffect,
    Control,
    Pace,
    Range,
    Result,
    SpeedRow,
    TokenFactor,
    UseCaseCost,
)
from leitstand.reports.what_if.scenario import Scenario
from leitstand.reports.what_if.speed import Times
from leitstand.reports.what_if.sums import Group, Sums
from leitstand.reports.what_if.tokens import usual


def assemble(scenario: Scenario, measured: Measured, sums: Sums, switch: str) -> Result:
    """The result. switch: the YAML of the change."""
    use_cases = _use_cases(sums, measured.people)
    factors = _used(measured, sums)
    speed = _speed(sums, measured.people)
    total = _total(sums)
    return Result(
        requests=sum(group.requests for group in _groups(sums)),
        moved=sum(group.moved for group in _groups(sums)),
        before_nano=sum(group.before for group in _groups(sums)),
        after_nano=total,
        use_cases=use_cases,
        stays=sums.stays,
        cut=sums.cut,
        unpriced=sums.unpriced,
        factors=factors,
        speed=speed,
        cache=CacheEffect(sums.hits_lost, sums.hits_won, sums.unknown, sums.since_us),
        control=Control(
            sums.exact,
            sums.estimated,
            sums.unknown_price,
            sums.differing,
            sums.difference_nano,
        ),
        notes=tuple(_notes(scenario, sums, factors, speed)),
        switch=switch,
    )


def _groups(sums: Sums) -> list[Group]:
    return [group for models in sums.groups.values() for group in models.values()]


def _total(sums: Sums) -> Range:
    total = NOTHING
    for group in _groups(sums):
        total = total.plus(_cost(group))
    return total


def _cost(group: Group) -> Range:
    """With what lost hits would cost: what they saved, at the rate of the calls that were really asked."""
    rate = Range(1.0, 1.0, 1.0)
    if group.asked_before:
        paid = Range(group.asked_low, group.asked_value, group.asked_high)
        rate = paid.times(1 / group.asked_before)
    lost = rate.times(group.lost) if group.lost else NOTHING
    return Range(group.low + lost.low, group.value + lost.value, group.high + lost.high)


def _use_cases(sums: Sums, people: Mapping[str, int]) -> tuple[UseCaseCost, ...]:
    """The dearest first; those of too few persons as one row at the end."""
    rows: dict[str, UseCaseCost] = {}
    for use_case, models in sums.groups.items():
        name = use_case if people.get(use_case, 0) >= SMALLEST_GROUP else ""
        row = rows.get(name, UseCaseCost(name, 0, 0, 0, NOTHING))
        for group in models.values():
            row = UseCaseCost(
                name, row.requests + group.requests, row.moved + group.moved, row.before_nano + group.before,
                row.after_nano.plus(_cost(group)),
            )  # fmt: skip
        rows[name] = row
    return tuple(sorted(rows.values(), key=lambda row: (not row.name, -row.before_nano, row.name)))


def _used(measured: Measured, sums: Sums) -> tuple[TokenFactor, ...]:
    """The factors that were used; small groups keep theirs to themselves."""
    known = measured.ratios()
    found = []
    for use_case, rows in sorted(sums.targets.items()):
        if measured.people.get(use_case, 0) < SMALLEST_GROUP:
            continue
        for before, afters in sorted(rows.items()):
            for after in sorted(afters):
                ratio = known.get((use_case, before, after)) or usual(before, after)
                found.append(
                    TokenFactor(use_case, before, after, ratio.input, ratio.output, ratio.source, ratio.calls)
                )
    return tuple(found)


def _speed(sums: Sums, people: Mapping[str, int]) -> tuple[SpeedRow, ...]:
    rows: list[SpeedRow] = []
    for use_case, ways in sorted(sums.ways.items()):
        if people.get(use_case, 0) < SMALLEST_GROUP:
            continue
        timed = sums.times.get(use_case, {})
        for before, afters in sorted(ways.items()):
            for after in sorted(afters):
                here = timed.get(after, Times()).pace()
                elsewhere = here.p50_s is None
                new = _everywhere(sums, after) if elsewhere else here
                rows.append(
                    SpeedRow(use_case, before, after, timed.get(before, Times()).pace(), new, elsewhere)
                )
    return tuple(rows)


def _everywhere(sums: Sums, model: str) -> Pace:
    together = Times()
    for timed in sums.times.values():
        if model in timed:
            together.add(timed[model])
    return together.pace()


def _notes(
    scenario: Scenario, sums: Sums, factors: tuple[TokenFactor, ...], speed: tuple[SpeedRow, ...]
) -> list[Bilingual]:
    """What is not known, each as a sentence."""
    notes: list[Bilingual] = []
    if any(each.source == "assumed" for each in factors):
        notes.append(
            Bilingual(
                "Wie viele Tokens das neue Modell braucht, ist nicht überall gemessen: angenommen sind 0,8 bis 1,25 mal so viele "
                "Eingabe- und 0,6 bis 1,67 mal so viele Ausgabe-Tokens. Ein Modelltest mit zehn Fragen ersetzt die Annahme.",
                "How many tokens the new model needs is not measured everywhere: assumed are 0.8 to 1.25 times the input and "
                "0.6 to 1.67 times the output tokens. A model test of ten questions replaces the assumption.",
            )
        )
    if any(row.new.p50_s is None for row in speed):
        notes.append(
            Bilingual(
                "Wie schnell das neue Modell hier antwortet, ist nicht bekannt: Es hat im Zeitraum weniger als 30 Antworten gegeben.",
                "How fast the new model answers here is not known: it gave fewer than 30 answers in the period.",
            )
        )
    if scenario.replace:
        notes.append(
            Bilingual(
                "Den Rabatt für wiederholte Eingaben beim Anbieter rechnen wir beim neuen Modell so, wie er beim bisherigen war.",
                "The provider's discount for repeated input is taken over from the present model to the new one.",
            )
        )
    if sums.unknown:
        notes.append(
            Bilingual(
                f"Bei {sums.unknown} Anfragen ist nicht vermerkt, ob sie eine frühere wiederholen; sie zählen als nicht wiederholt.",
                f"For {sums.unknown} requests it is not noted whether they repeat an earlier one; they count as not repeated.",
            )
        )
    if sums.hits_won:
        notes.append(
            Bilingual(
                "Treffer eines neuen Zwischenspeichers gelten für einen Prozess ohne Änderung an Regeln und Routen; mehr werden es nicht.",
                "Hits of a new cache hold for one process without changes of rules and routes; there will not be more.",
            )
        )
    if sums.unpriced:
        notes.append(
            Bilingual(
                f"Für {sums.unpriced} Anfragen hat das neue Modell keinen bekannten Preis; gerechnet ist der hohe Vorsichtspreis.",
                f"For {sums.unpriced} requests the new model has no known price; the high precautionary price is used.",
            )
        )
    if sums.unknown_price:
        notes.append(
            Bilingual(
                f"Bei {sums.unknown_price} Anfragen ist der Preis ihres Tages nicht mehr bekannt; ihr gebuchter Betrag ist übernommen.",
                f"For {sums.unknown_price} requests the price of their day is not known any more; their booked amount is taken.",
            )
        )
    return notes
