"""Makes the review of a month. Memory is bounded by the number of groups, not of records."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from leitstand.accounting.budgets.forecast import HISTORY_DAYS, forecast
from leitstand.accounting.budgets.repository import UsageRows, Used
from leitstand.accounting.limits import LimitRule
from leitstand.core.tiers import Tier
from leitstand.reports.repository import Journal
from leitstand.reports.review.decompose import Model, MonthUse, decompose
from leitstand.reports.review.decompose import Used as ModelUse
from leitstand.reports.review.groups import Group, merged
from leitstand.reports.review.limits import check_limits
from leitstand.reports.review.repository import HourSum, MonthRows, RecordSum
from leitstand.reports.review.values import (
    GROUP_KINDS,
    LEAST_PEOPLE,
    VERSION,
    Ahead,
    CacheUse,
    Cheaper,
    Driver,
    Drivers,
    Effect,
    GroupKind,
    Review,
    Tiering,
    Totals,
    Uncertain,
)
from leitstand.reports.tiers import take_tiers

_LEAST_SHORT = 20  # short requests from which a model's price for them is known
_LEAST_SAVING_NANO = 100_000_000  # ten cents
_LEAST_LOOKS = 100  # of caches, before their hit rate is taken for others
_MOST_ROWS = 10
_NOBODY = ""


@dataclass(frozen=True)
class Sources:
    """Where figures come from. rules: the limits of now."""

    months: MonthRows
    usage: UsageRows
    journal: Journal
    rules: Sequence[LimitRule]


@dataclass(frozen=True)
class Month:
    """A month of the organisation's calendar. label: 2026-10."""

    label: str
    begins: datetime
    ends: datetime

    @staticmethod
    def of(label: str, timezone: str) -> "Month":
        """By its label, which is valid."""
        first = date.fromisoformat(f"{label}-01")
        after = (first + timedelta(days=32)).replace(day=1)
        zone = ZoneInfo(timezone)
        return Month(label, _midnight(first, zone), _midnight(after, zone))

    def before(self) -> "Month":
        """The month before."""
        label = f"{(self.begins.date() - timedelta(days=1)):%Y-%m}"
        return Month.of(label, str(self.begins.tzinfo))

    def after(self) -> "Month":
        """The month after."""
        return Month.of(f"{self.ends:%Y-%m}", str(self.begins.tzinfo))

    @property
    def days(self) -> int:
        return (self.ends.date() - self.begins.date()).days

    @property
    def begins_us(self) -> int:
        return int(self.begins.timestamp() * 1_000_000)

    @property
    def ends_us(self) -> int:
        return int(self.ends.timestamp() * 1_000_000)


def take_review(sources: Sources, month: Month) -> Review:
    """Read everything and make the review. Blocking: it reads the month's records once."""
    now, before = _Sums(sources.months.hours(month.label)), _Sums(sources.months.hours(month.before().label))
    has_before = before.totals.requests > 0
    drivers = tuple(_drivers(kind, now.groups[kind], before.groups[kind]) for kind in GROUP_KINDS)
    shown: dict[str, set[str]] = {each.kind: {row.name for row in each.rows} for each in drivers}
    told = _Records(sources.months.records(month.begins_us, month.ends_us), shown["use_case"])
    return Review(
        version=VERSION,
        month=month.label,
        begins_us=month.begins_us,
        ends_us=month.ends_us,
        totals=now.totals,
        before=before.totals if has_before else None,
        effects=_effects(before, now) if has_before else (),
        drivers=drivers,
        cheaper=told.cheaper(),
        tiering=_tiering(sources.journal, month),
        limits=check_limits(sources.rules, _Daily(sources.usage, month), month.days, shown),
        caches=told.caches(),
        uncertain=told.uncertain(),
        ahead=_ahead(sources, month),
        records=told.count,
    )


class _Sums:
    """A month's sums by hour, added up in every way that the review needs."""

    def __init__(self, rows: Iterable[HourSum]) -> None:
        self.totals = Totals()
        self.groups: dict[GroupKind, dict[str, Group]] = {kind: {} for kind in GROUP_KINDS}
        self.models: dict[Model, ModelUse] = {}
        self.cached = 0
        for row in rows:
            self._add(row)

    def _add(self, row: HourSum) -> None:
        total = self.totals
        self.totals = Totals(
            total.requests + row.requests, total.cached + row.cached, total.input_tokens + row.input_tokens,
            total.output_tokens + row.output_tokens, total.cost_nano + row.cost_nano,
            total.saved_nano + row.saved_nano, total.unpriced + row.unpriced,
        )  # fmt: skip
        people = {row.user} if row.user else set()
        one = Group(people, row.requests, row.input_tokens + row.output_tokens, row.cost_nano)
        for kind in GROUP_KINDS:
            self.groups[kind].setdefault(getattr(row, kind), Group()).add(one)
        if row.provider or row.cost_nano:  # a request that was refused before it had a target has no price
            self.cached += row.cached
            place = row.provider, row.provider_model or row.model
            old = self.models.get(place, ModelUse(0, 0, 0))
            self.models[place] = ModelUse(
                old.requests + row.requests - row.cached,
                old.tokens + one.tokens,
                old.cost_nano + row.cost_nano,
            )

    def month_use(self) -> MonthUse:
        """For the decomposition."""
        return MonthUse(self.cached, self.models)


def _effects(before: _Sums, now: _Sums) -> tuple[Effect, ...]:
    return decompose(before.month_use(), now.month_use())


def _drivers(kind: GroupKind, now: dict[str, Group], before: dict[str, Group]) -> Drivers:
    shown, rest = merged(now)
    known, _ = merged(before)
    rows = tuple(_driver(name, group, known.get(name)) for name, group in shown.items())
    return Drivers(kind, rows, None if rest is None else _driver(_NOBODY, rest, None))


def _driver(name: str, group: Group, before: Group | None) -> Driver:
    return Driver(
        name, group.requests, group.tokens, group.cost_nano, None if before is None else before.cost_nano
    )


# ---------------------------------------------------------------- what only records tell


@dataclass
class _Looks:
    """A use case and its caches."""

    looked: int = 0
    hits: int = 0
    saved_nano: int = 0
    off_requests: int = 0
    off_nano: int = 0


class _Records:
    """The records of a month, added up. use_cases: those that may be shown; all others are one, named ""."""

    def __init__(self, rows: Iterable[RecordSum], use_cases: set[str]) -> None:
        self.count = 0
        self._short: dict[tuple[str, str, str], Group] = {}
        self._price: dict[Model, Group] = {}
        self._looks: dict[str, _Looks] = {}
        self._uncertain: dict[tuple[str, str, str], Group] = {}
        for row in rows:
            self.count += row.requests
            case = row.use_case if row.use_case in use_cases else _NOBODY
            self._look(case, row)
            self._weigh(case, row)

    def _look(self, case: str, row: RecordSum) -> None:
        looks = self._looks.setdefault(case, _Looks())
        if row.cache in ("hit", "semantic", "miss"):
            looks.looked += row.requests
            looks.saved_nano += row.saved_nano
            looks.hits += row.requests if row.cache != "miss" else 0
        elif row.cost_nano:
            looks.off_requests += row.requests
            looks.off_nano += row.cost_nano

    def _weigh(self, case: str, row: RecordSum) -> None:
        one = Group({row.user} if row.user else set(), row.requests, row.tokens, row.cost_nano)
        for why in ("unpriced", "estimated"):
            if getattr(row, why):
                self._uncertain.setdefault((row.provider, row.provider_model, why), Group()).add(one)
        if row.short and row.cost_nano and row.tokens and row.cache not in ("hit", "semantic"):
            self._short.setdefault((case, row.provider, row.provider_model), Group()).add(one)
            self._price.setdefault((row.provider, row.provider_model), Group()).add(one)

    def cheaper(self) -> tuple[Cheaper, ...]:
        """Where short requests went to a model that is not the cheapest, the largest saving first."""
        known = {model: group for model, group in self._price.items() if group.requests >= _LEAST_SHORT}
        if len(known) < 2:
            return ()
        best = min(known, key=lambda model: known[model].cost_nano / known[model].tokens)
        found = [
            Cheaper(
                case, provider, model, *best, group.requests, group.cost_nano,
                group.tokens * known[best].cost_nano // known[best].tokens,
            )
            for (case, provider, model), group in self._short.items()
            if (provider, model) != best and len(group.people) >= LEAST_PEOPLE
        ]  # fmt: skip
        worth = [each for each in found if each.saving_nano >= _LEAST_SAVING_NANO]
        return tuple(sorted(worth, key=lambda each: -each.saving_nano)[:_MOST_ROWS])

    def caches(self) -> tuple[CacheUse, ...]:
        """How caches worked, the largest cost without one first."""
        looked = sum(looks.looked for looks in self._looks.values())
        hits = sum(looks.hits for looks in self._looks.values())
        rows = []
        for case, looks in self._looks.items():
            possible = looks.off_nano * hits // looked if looked >= _LEAST_LOOKS else None
            rows.append(
                CacheUse(
                    case,
                    looks.looked,
                    looks.hits,
                    looks.saved_nano,
                    looks.off_requests,
                    looks.off_nano,
                    possible,
                )
            )
        order = sorted(rows, key=lambda each: (-each.off_nano, -each.saved_nano, each.use_case))
        return tuple(each for each in order if each.looked or each.off_requests)[:_MOST_ROWS]

    def uncertain(self) -> tuple[Uncertain, ...]:
        """Cost that is not certain, the largest first."""
        rows = [
            Uncertain(provider, model, "unpriced" if why == "unpriced" else "estimated", each.requests, each.cost_nano)
            for (provider, model, why), each in self._uncertain.items()
        ]  # fmt: skip
        return tuple(sorted(rows, key=lambda each: -each.cost_nano)[:_MOST_ROWS])


def _tiering(journal: Journal, month: Month) -> Tiering:
    tiers = take_tiers(journal, month.begins_us, month.ends_us, 0)
    simple = sum(each.requests for each in tiers.figures if each.tier is Tier.SIMPLE)
    return Tiering(tiers.requests, simple, tiers.cost_nano, tiers.full_nano)


class _Daily:
    """What each of a kind of scope used on the month's days; each kind is read once."""

    def __init__(self, usage: UsageRows, month: Month) -> None:
        self._usage = usage
        self._month = month
        self._read: dict[str, list[Used]] = {}

    def __call__(self, kind: str) -> Sequence[Used]:
        if kind not in self._read:
            rows = self._usage.daily(kind, f"{self._month.begins:%Y-%m-%d}")
            last = f"{self._month.ends:%Y-%m-%d}"
            self._read[kind] = [row for row in rows if row.day < last]
        return self._read[kind]


def _ahead(sources: Sources, month: Month) -> Ahead | None:
    since = month.ends.date() - timedelta(days=HISTORY_DAYS)
    rows = sources.usage.daily("company", since.isoformat())
    daily: Mapping[date, float] = {
        day: float(row.cost_nano) for row in rows if (day := date.fromisoformat(row.day)) < month.ends.date()
    }
    following = month.after()
    last = following.ends.date() - timedelta(days=1)
    found = forecast(daily, following.begins.date(), last, 0.0, math.inf)
    if found is None:
        return None
    return Ahead(following.label, round(found.total), round(found.low), round(found.high))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
