"""How well unusual usage is found: simulated companies, known incidents, false alarms counted on quiet ones.

    .venv/bin/python bench/unusual.py [--companies 6] [--users 100] [--days 90] [--seed 1]

Each company has users with a weekly pattern of their own, heavy tails, holidays, leave, people who join, growth, service
keys and use cases. From the third week on it is looked at every ten minutes, with the product's own detection
(accounting/unusual), the patterns taken anew each midnight. Incidents are put into copies of the last weeks. Written for
docs/benchmarks/unusual.md; prints JSON.
"""

import argparse
import json
import math
import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from leitstand.accounting.unusual.calendar import Hours
from leitstand.accounting.unusual.history import HISTORY_DAYS, read_past
from leitstand.accounting.unusual.pattern import Patterns
from leitstand.accounting.unusual.values import (
    DAY_US,
    HOUR_US,
    NOTHING,
    Amounts,
    Demand,
    HourUse,
    Known,
    Now,
)

ZONE = "Europe/Berlin"
BEGIN = datetime(2026, 8, 31, tzinfo=ZoneInfo(ZONE))  # a Monday; 90 days hold the change to winter time
BIN_US = HOUR_US // 6
HOLIDAYS = frozenset(date(2026, *day).toordinal() for day in ((10, 3), (10, 31), (11, 1), (11, 18)))
NANO_PER_TOKEN = 2_000  # 2 EUR per million tokens
WATCH_FROM_DAY = 21

Uses = dict[str, dict[int, Amounts]]  # scope -> bin (since BEGIN) -> amounts


@dataclass
class Company:
    """kinds: user, key, use_case -> what each used."""

    days: int
    kinds: dict[str, Uses] = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))

    def add(self, kind: str, name: str, slot: int, tokens: int, requests: int) -> None:
        before = self.kinds[kind][name].get(slot, NOTHING)
        self.kinds[kind][name][slot] = before.plus(Amounts(tokens * NANO_PER_TOKEN, tokens, requests))


def slots_of(day: int) -> Iterator[tuple[int, datetime]]:
    begin_us = int(BEGIN.timestamp() * 1e6)
    midnight = datetime.fromordinal(BEGIN.toordinal() + day).replace(tzinfo=BEGIN.tzinfo)
    first = (int(midnight.timestamp() * 1e6) - begin_us) // BIN_US
    after = datetime.fromordinal(BEGIN.toordinal() + day + 1).replace(tzinfo=BEGIN.tzinfo)
    for slot in range(first, (int(after.timestamp() * 1e6) - begin_us) // BIN_US):
        yield slot, datetime.fromtimestamp((begin_us + slot * BIN_US) / 1e6, BEGIN.tzinfo)


def company(users: int, days: int, chance: random.Random) -> Company:
    """One company. Growth: up to a doubling in the time."""
    made, growth = Company(days), chance.uniform(0.0, math.log(2)) / days
    for number in range(users):
        joins = 0 if chance.random() < 0.8 else chance.randrange(0, days - 14)
        leave = range(start := chance.randrange(days), start + chance.choice((0, 0, 5, 12)))
        rate = math.exp(chance.gauss(math.log(0.35), 0.9))  # requests in ten minutes of work
        size = math.exp(chance.gauss(math.log(1800), 0.7))  # tokens of the middle request
        begins, ends = chance.randint(6, 9), chance.randint(15, 19)
        late, case = chance.random() < 0.06, f"fall-{number % 12}"
        for day in range(joins, days):
            today = date.fromordinal(BEGIN.toordinal() + day)
            quiet = today.weekday() > 4 or today.toordinal() in HOLIDAYS or day in leave
            mood = math.exp(chance.gauss(0, 0.6) + growth * day)
            for slot, at in slots_of(day):
                inside = begins <= at.hour < ends and not quiet
                odds = rate * mood * (1.0 if inside else 0.05 if late and 7 <= at.hour < 23 else 0.0005)
                for _ in range(poisson(odds, chance)):
                    tokens = int(size * heavy(chance))
                    made.add("user", f"u{number}", slot, tokens, 1)
                    made.add("use_case", case, slot, tokens, 1)
    machines(made, chance, growth)
    return made


def machines(made: Company, chance: random.Random, growth: float) -> None:
    """Service keys: some with nightly batches, some all day."""
    for number in range(20):
        nightly, size = number % 3 == 0, math.exp(chance.gauss(math.log(4000), 0.8))
        rate = math.exp(chance.gauss(math.log(0.8), 0.8))
        for day in range(made.days):
            mood = math.exp(chance.gauss(0, 0.4) + growth * day)
            for slot, at in slots_of(day):
                now = at.hour in (2, 3) if nightly else True
                for _ in range(poisson(rate * mood * (4 if nightly else 1), chance) if now else 0):
                    made.add("key", f"k{number}", slot, int(size * heavy(chance, 0.6)), 1)


def heavy(chance: random.Random, sigma: float = 0.9) -> float:
    """Log-normal, and one request in three hundred with a long document."""
    return math.exp(chance.gauss(0, sigma)) * (chance.uniform(10, 40) if chance.random() < 1 / 300 else 1)


def poisson(mean: float, chance: random.Random) -> int:
    if mean < 0.01:
        return int(chance.random() < mean)
    limit, count, product = math.exp(-min(mean, 500)), 0, chance.random()
    while product > limit:
        product *= chance.random()
        count += 1
    return count


# ---------------------------------------------------------------- the watch


@dataclass(frozen=True)
class Alarm:
    scope: str
    slot: int
    rule: str
    window: str


def watch(made: Company, days: range, demand: Demand, only: set[str] | None = None) -> list[Alarm]:
    """All alarms, one per scope and day as the product tells them. only: scopes (kind:name) that are looked at."""
    hours, begin_us, alarms = Hours(ZONE), int(BEGIN.timestamp() * 1e6), list[Alarm]()
    hourly = {
        kind: {name: by_hour(uses, begin_us) for name, uses in scopes.items()}
        for kind, scopes in made.kinds.items()
    }
    daily = {
        kind: {name: by_day(uses, begin_us, hours) for name, uses in scopes.items()}
        for kind, scopes in made.kinds.items()
    }
    for day in days:
        slots = list(slots_of(day))
        now_us, today = begin_us + slots[0][0] * BIN_US, BEGIN.toordinal() + day
        total = sum(len(scopes) for scopes in made.kinds.values())
        for kind, scopes in made.kinds.items():
            pasts = {
                name: read_past(kept, hours, now_us, ())
                for name in scopes
                if (
                    kept := [
                        u for u in hourly[kind][name] if now_us - HISTORY_DAYS * DAY_US <= u.hour_us < now_us
                    ]
                )
            }
            patterns = Patterns(kind, pasts, now_us, demand, total)
            week = {name: total_of(daily[kind][name], range(today - 6, today)) for name in scopes}
            growth = patterns.growth(
                {name: Now(week=total_of(daily[kind][name], range(today - 7, today))) for name in pasts}
            )
            for name, uses in scopes.items():
                scope = f"{kind}:{name}"
                if only is None or scope in only:
                    alarm = one_day(scope, uses, slots, patterns, week[name], growth, hours, begin_us)
                    alarms += [alarm] if alarm else []
    return once_a_week(alarms)


def one_day(
    scope: str, uses: dict[int, Amounts], slots: list[tuple[int, datetime]], patterns: Patterns, week: Amounts,
    growth: float, hours: Hours, begin_us: int,
) -> Alarm | None:  # fmt: skip
    name, spent, off = scope.partition(":")[2], NOTHING, NOTHING
    for slot, _ in slots:
        here = uses.get(slot)
        if here is None:
            continue
        spent = spent.plus(here)
        hour = NOTHING
        for back in range(6):
            hour = hour.plus(uses.get(slot - back, NOTHING))
        place = hours.place(begin_us + slot * BIN_US)
        off = off if place.part == "work" else off.plus(here)
        now = Now(hour, spent, off, week.plus(spent))
        found = patterns.judge(name, now, place, Known(), growth)
        if found:
            return Alarm(scope, slot, found.rule, found.window)
    return None


def once_a_week(alarms: list[Alarm]) -> list[Alarm]:
    """A finding about a week stands for a week."""
    last: dict[str, int] = {}
    kept = []
    for alarm in sorted(alarms, key=lambda each: each.slot):
        if alarm.window == "week" and alarm.slot - last.get(alarm.scope, -10_000) < 7 * 144:
            continue
        if alarm.window == "week":
            last[alarm.scope] = alarm.slot
        kept.append(alarm)
    return kept


def by_hour(uses: dict[int, Amounts], begin_us: int) -> list[HourUse]:
    sums: dict[int, Amounts] = defaultdict(lambda: NOTHING)
    for slot, amounts in uses.items():
        hour_us = (begin_us + slot * BIN_US) // HOUR_US * HOUR_US
        sums[hour_us] = sums[hour_us].plus(amounts)
    return [HourUse("", hour_us, amounts) for hour_us, amounts in sums.items()]


def by_day(uses: dict[int, Amounts], begin_us: int, hours: Hours) -> dict[int, Amounts]:
    sums: dict[int, Amounts] = defaultdict(lambda: NOTHING)
    for slot, amounts in uses.items():
        day = hours.place(begin_us + slot * BIN_US).day
        sums[day] = sums[day].plus(amounts)
    return sums


def total_of(daily: dict[int, Amounts], days: range) -> Amounts:
    total = NOTHING
    for day in days:
        total = total.plus(daily.get(day, NOTHING))
    return total


# ---------------------------------------------------------------- incidents


def stolen_key(made: Company, scope: str, first_day: int, chance: random.Random) -> int:
    """Somebody else uses it day and night, ten times as much a day as its owner on a working day."""
    uses = at(made, scope)
    mean = statistics.fmean(daily_tokens(uses, first_day))
    begin = next(slots_of(first_day))[0] + chance.randrange(144)
    for slot in range(begin, begin + 3 * 144):
        tokens = int(10 * mean / 144 * math.exp(chance.gauss(-0.3, 0.8)))
        put(uses, slot, tokens, max(tokens // 2000, 1))
    return begin


def runaway(made: Company, scope: str, first_day: int, chance: random.Random) -> int:
    """A program in a loop in working hours: one call in two seconds with 3,000 tokens."""
    uses = at(made, scope)
    begin = next(slots_of(first_day))[0] + chance.randrange(48, 100)
    for slot in range(begin, begin + 36):
        put(uses, slot, 300 * 3000, 300)
    return begin


def creep(made: Company, scope: str, first_day: int, chance: random.Random) -> int:
    """A third more each week, for four weeks: threefold at the end."""
    uses, begin = at(made, scope), next(slots_of(first_day))[0]
    for slot in [each for each in uses if each >= begin]:
        factor = 1.33 ** ((slot - begin) / (7 * 144))
        tokens = int(uses[slot].tokens * factor)
        uses[slot] = Amounts(tokens * NANO_PER_TOKEN, tokens, round(uses[slot].requests * factor))
    return begin


def night(made: Company, scope: str, first_day: int, chance: random.Random) -> int:
    """Three hours from one in the night, a whole working day's use in each."""
    uses = at(made, scope)
    mean = statistics.fmean(daily_tokens(uses, first_day))
    begin = next(slots_of(first_day))[0] + 6
    for slot in range(begin, begin + 18):
        tokens = int(mean / 6 * math.exp(chance.gauss(-0.1, 0.5)))
        put(uses, slot, tokens, max(tokens // 2000, 1))
    return begin


def at(made: Company, scope: str) -> dict[int, Amounts]:
    kind, _, name = scope.partition(":")
    return made.kinds[kind][name]


def put(uses: dict[int, Amounts], slot: int, tokens: int, requests: int) -> None:
    uses[slot] = uses.get(slot, NOTHING).plus(Amounts(tokens * NANO_PER_TOKEN, tokens, requests))


def daily_tokens(uses: dict[int, Amounts], before_day: int) -> list[int]:
    sums: dict[int, int] = defaultdict(int)
    for slot, amounts in uses.items():
        if slot < before_day * 144:
            sums[slot // 144] += amounts.tokens
    return list(sums.values())


INCIDENTS: dict[str, tuple[Callable[[Company, str, int, random.Random], int], str, int]] = {
    "stolen key, tenfold": (stolen_key, "user", 3),
    "run-away loop": (runaway, "user", 1),
    "run-away loop of a service key": (runaway, "key", 1),
    "night use": (night, "user", 1),
    "slow creep, +33 % a week": (creep, "user", 28),
}


@dataclass(frozen=True)
class Outcome:
    """minutes: from the begin to the alarm; None: not found. eur: what it cost."""

    minutes: float | None
    rule: str
    eur: float


def incident(made: Company, name: str, scope: str, chance: random.Random, demand: Demand) -> Outcome:
    """Put it in, watch, take it out."""
    inject, _kind, lasts = INCIDENTS[name]
    before = dict(at(made, scope))
    first = made.days - (lasts + 2 if lasts > 10 else chance.choice((9, 10, 11, 12, 13)))
    while BEGIN.toordinal() + first in HOLIDAYS or (first % 7) > 4:
        first -= 1
    try:
        begin = inject(made, scope, first, chance)
        days = range(first, min(first + lasts + 1, made.days), 4 if lasts > 10 else 1)
        found = [a for a in watch(made, days, demand, {scope}) if a.slot >= begin]
        more = sum(a.cost_nano for a in at(made, scope).values()) - sum(a.cost_nano for a in before.values())
    finally:
        kind, _, who = scope.partition(":")
        made.kinds[kind][who] = before
    first_slot = min((a.slot for a in found), default=None)
    if first_slot is None:
        return Outcome(None, "", more / 1e9)
    return Outcome((first_slot - begin + 1) * 10.0, found[0].rule, more / 1e9)


def interval(count: int, n: int) -> tuple[float, float]:
    """Wilson, 95 %."""
    z, share = 1.96, count / n
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return round((middle - half) / (1 + z * z / n), 3), round((middle + half) / (1 + z * z / n), 3)


def poisson_interval(count: int, weeks: float) -> tuple[float, float]:
    """95 %, by the chi-square's Wilson and Hilferty approximation."""
    low = 0.0 if not count else count * (1 - 1 / (9 * count) - 1.96 / (3 * math.sqrt(count))) ** 3
    more = count + 1
    high = more * (1 - 1 / (9 * more) + 1.96 / (3 * math.sqrt(more))) ** 3
    return round(low / weeks, 2), round(high / weeks, 2)


def told(rows: list[Outcome]) -> dict[str, object]:
    """The figures of one kind of incident."""
    if not rows:
        return {"n": 0}
    delays = sorted(row.minutes for row in rows if row.minutes is not None)
    return {
        "n": len(rows), "found": len(delays), "recall": round(len(delays) / len(rows), 3),
        "recall_95": interval(len(delays), len(rows)),
        "median_delay_min": statistics.median(delays) if delays else None,
        "p90_delay_min": delays[int(0.9 * (len(delays) - 1))] if delays else None,
        "critical": sum(row.rule == "token_use_unusual" for row in rows),
        "median_eur": round(statistics.median(row.eur for row in rows), 2),
    }  # fmt: skip


def false_alarms(companies: list[Company], word: str, per_week: float) -> dict[str, object]:
    """Alarms of companies in which nothing happens."""
    alarms, weeks = list[Alarm](), 0.0
    for made in companies:
        alarms += watch(made, range(WATCH_FROM_DAY, made.days), Demand(per_week))
        weeks += (made.days - WATCH_FROM_DAY) / 7
    return {
        "sensitivity": word, "weeks": round(weeks, 1), "false_alarms": len(alarms),
        "critical": sum(a.rule == "token_use_unusual" for a in alarms),
        "by_kind": {k: sum(a.scope.startswith(k + ":") for a in alarms) for k in ("user", "key", "use_case")},
        "by_window": {w: sum(a.window == w for a in alarms) for w in ("hour", "day", "off", "week")},
        "per_week": round(len(alarms) / weeks, 2), "per_week_95": poisson_interval(len(alarms), weeks),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=6)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--incidents", type=int, default=6, help="of each kind in each company")
    args = parser.parse_args()
    chances = [random.Random(args.seed * 1000 + number) for number in range(args.companies)]
    companies = [company(args.users, args.days, chance) for chance in chances]
    for word, per_week in (("low", 0.5), ("normal", 2.0), ("high", 10.0)):
        print(json.dumps(false_alarms(companies, word, per_week)), flush=True)
    for name, (_, kind, lasts) in INCIDENTS.items():
        rows: list[Outcome] = []
        for made, chance in zip(companies, chances, strict=True):
            busy = [
                who for who, uses in made.kinds[kind].items() if len(daily_tokens(uses, args.days - 40)) >= 10
            ]
            count = min(args.incidents if lasts < 10 else args.incidents // 2, len(busy))
            rows += [
                incident(made, name, f"{kind}:{who}", chance, Demand())
                for who in chance.sample(sorted(busy), count)
            ]
        dear = [row for row in rows if row.eur >= 5]
        print(json.dumps({"incident": name, "all": told(rows), "from 5 EUR on": told(dear)}), flush=True)


if __name__ == "__main__":
    main()
