"""An invoice against the journal: day by day and model by model, in tokens and euros, with the likely reasons."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from leitstand.accounting.invoices.read import Invoice, same_model
from leitstand.accounting.prices import Price, cost
from leitstand.core.conversation import Usage
from leitstand.core.money import nano

Reason = Literal[
    "vat", "exchange_rate", "uplift", "estimated", "lost", "day_cut", "other_keys", "not_billed", "cached_price", "price",
    "unpriced",
]  # fmt: skip
Verdict = Literal["agrees", "explained", "differs"]
HARMLESS: frozenset[Reason] = frozenset({"vat", "exchange_rate", "estimated", "lost", "day_cut"})
_VAT = (Decimal("1.19"), Decimal("1.20"), Decimal("1.21"))
_UPLIFTS = (Decimal("1.10"), 1 / Decimal("1.10"))
_NEAR = Decimal("0.004")
_RATE_DRIFT = Decimal("0.06")  # by which the euro moves within months


class Booked(NamedTuple):
    """What the journal booked for a model on a day, both as the invoice cuts its days."""

    day: date
    model: str
    input: int
    cached: int
    output: int
    requests: int
    cost_nano: int
    estimated_tokens: int
    unpriced: int


@dataclass(frozen=True)
class Tolerance:
    """Differences up to here agree: the larger of a share of the booked amount and an absolute one."""

    share: Decimal = Decimal("0.01")
    nano: int = 100_000_000
    tokens: int = 1000

    def of_money(self, booked_nano: int) -> int:
        """How many nano-euro may differ."""
        return max(self.nano, int(self.share * booked_nano))

    def of_tokens(self, booked_tokens: int) -> int:
        """How many tokens may differ."""
        return max(self.tokens, int(self.share * booked_tokens))


class Day(msgspec.Struct, frozen=True):
    """A model on a day. billed_nano: None where the export tells no money; billed_tokens: where it tells no tokens."""

    day: date
    model: str
    billed_tokens: int | None
    booked_tokens: int
    billed_nano: int | None
    booked_nano: int


class ModelDifference(msgspec.Struct, frozen=True):
    """A model over the month. quantity_nano, price_nano: the parts of the difference in money that other quantities
    and other prices make; None where the export tells only one of the two."""

    model: str
    billed_tokens: int | None
    booked_tokens: int
    billed_nano: int | None
    booked_nano: int
    quantity_nano: int | None
    price_nano: int | None
    reasons: tuple[Reason, ...]
    agrees: bool

    @property
    def tokens(self) -> int | None:
        """Billed but not booked; negative: booked but not billed."""
        return None if self.billed_tokens is None else self.billed_tokens - self.booked_tokens

    @property
    def nano(self) -> int | None:
        """The same in money."""
        return None if self.billed_nano is None else self.billed_nano - self.booked_nano


class Comparison(msgspec.Struct, frozen=True):
    """The whole month. rates: by which days were converted, `USD 1.1604 (2026-10-01 to 2026-10-31)`; lost_tokens: of
    calls whose process died, for which nobody knows the provider; ignored: lines of other months."""

    layout: str
    currency: str
    cut: str
    rates: str
    models: tuple[ModelDifference, ...]
    days: tuple[Day, ...]
    verdict: Verdict
    lost_tokens: int = 0
    ignored: int = 0

    @property
    def billed_nano(self) -> int | None:
        """In total; None where the export tells no money."""
        known = [each.billed_nano for each in self.models if each.billed_nano is not None]
        return sum(known) if known else None

    @property
    def booked_nano(self) -> int:
        """In total."""
        return sum(each.booked_nano for each in self.models)


@dataclass(frozen=True)
class Facts:
    """What a comparison is made of. to_euro: the factor of a day; price: of a model here, None if it is not ours."""

    booked: Sequence[Booked]
    to_euro: Callable[[date], Decimal]
    price: Callable[[str], Price | None]
    rates: str
    lost_tokens: int


@dataclass
class _Sum:
    """Of one model, or of one on a day."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    money: int | None = None
    has_tokens: bool = False

    @property
    def tokens(self) -> int | None:
        return self.input + self.output if self.has_tokens else None

    @property
    def usage(self) -> Usage:
        return Usage(self.input, self.output, self.cached, self.cache_write)


def compare(invoice: Invoice, month: str, facts: Facts, tolerance: Tolerance) -> Comparison:
    """month: ISO, `2026-10`; lines of others are counted and left out."""
    ours = list(dict.fromkeys(row.model for row in facts.booked))
    billed: dict[tuple[date, str], _Sum] = defaultdict(_Sum)
    ignored = 0
    for line in invoice.lines:
        if not line.day.isoformat().startswith(month):
            ignored += 1
            continue
        found = billed[line.day, same_model(line.model, ours)]
        found.has_tokens = found.has_tokens or line.tokens_known
        found.input, found.output = found.input + line.input, found.output + line.output
        found.cached, found.cache_write = found.cached + line.cached, found.cache_write + line.cache_write
        if line.amount is not None:
            found.money = (found.money or 0) + nano(line.amount * facts.to_euro(line.day))
    booked = _by_place(facts.booked)
    days = tuple(
        _day(place, billed.get(place), booked.get(place, ())) for place in sorted({*billed, *booked})
    )
    models = tuple(
        _model(name, _total(sums for (_, model), sums in billed.items() if model == name),
               [row for row in facts.booked if row.model == name],
               [day for day in days if day.model == name], facts, invoice, tolerance)
        for name in sorted({day.model for day in days})
    )  # fmt: skip
    return Comparison(
        invoice.layout, invoice.currency, invoice.cut, facts.rates, models, days, _verdict(models), facts.lost_tokens,
        ignored,
    )  # fmt: skip


def _by_place(rows: Iterable[Booked]) -> Mapping[tuple[date, str], Sequence[Booked]]:
    found: dict[tuple[date, str], list[Booked]] = defaultdict(list)
    for row in rows:
        found[row.day, row.model].append(row)
    return found


def _day(place: tuple[date, str], billed: _Sum | None, booked: Sequence[Booked]) -> Day:
    sums = billed or _Sum(money=0, has_tokens=True)
    tokens = sum(row.input + row.output for row in booked)
    return Day(*place, sums.tokens, tokens, sums.money, sum(row.cost_nano for row in booked))


def _total(sums: Iterable[_Sum]) -> _Sum:
    total = _Sum()
    for each in sums:
        total.input, total.output = total.input + each.input, total.output + each.output
        total.cached, total.cache_write = total.cached + each.cached, total.cache_write + each.cache_write
        total.has_tokens = total.has_tokens or each.has_tokens
        if each.money is not None:
            total.money = (total.money or 0) + each.money
    return total


def _model(
    name: str, billed: _Sum, booked: Sequence[Booked], days: Sequence[Day], facts: Facts, invoice: Invoice,
    tolerance: Tolerance,
) -> ModelDifference:  # fmt: skip
    usage = Usage(
        sum(row.input for row in booked), sum(row.output for row in booked), sum(row.cached for row in booked)
    )
    tokens, amount = usage.input_tokens + usage.output_tokens, sum(row.cost_nano for row in booked)
    is_billed = bool(billed.has_tokens or billed.money is not None)
    billed_tokens = billed.tokens if is_billed else 0
    billed_nano = billed.money if is_billed else None if _tells_no_money(invoice) else 0
    quantity = _quantity(billed, billed_tokens, usage, amount, facts.price(name))
    found = ModelDifference(
        name, billed_tokens, tokens, billed_nano, amount, quantity,
        None if quantity is None or billed_nano is None else billed_nano - amount - quantity, (), agrees=False,
    )  # fmt: skip
    if _agrees(found, tolerance):
        cut = _is_cut(days, tolerance)
        return msgspec.structs.replace(found, agrees=True, reasons=("day_cut",) if cut else ())
    reasons = tuple(dict.fromkeys(_reasons(found, billed, booked, invoice, facts, tolerance)))
    return msgspec.structs.replace(found, reasons=reasons)


def _tells_no_money(invoice: Invoice) -> bool:
    return all(line.amount is None for line in invoice.lines)


def _quantity(
    billed: _Sum, billed_tokens: int | None, usage: Usage, amount: int, price: Price | None
) -> int | None:
    """What the billed quantities would have cost more at what was really booked per token of each kind."""
    if billed_tokens is None or price is None:
        return None
    ours = cost(usage, price)
    if not ours:
        return cost(billed.usage, price) - amount
    return round(Decimal(cost(billed.usage, price) - ours) * amount / ours)


def _agrees(found: ModelDifference, tolerance: Tolerance) -> bool:
    money = found.nano is None or abs(found.nano) <= tolerance.of_money(found.booked_nano)
    most = tolerance.of_tokens(found.booked_tokens)
    return money and (found.tokens is None or abs(found.tokens) <= most)


def _is_cut(days: Sequence[Day], tolerance: Tolerance) -> bool:
    """Whether days differ, and the month does not: calls around midnight count for another day."""
    off = [day for day in days if day.billed_tokens is not None]
    return any(
        abs((day.billed_tokens or 0) - day.booked_tokens) > tolerance.of_tokens(day.booked_tokens)
        for day in off
    )  # fmt: skip


def _reasons(
    found: ModelDifference, billed: _Sum, booked: Sequence[Booked], invoice: Invoice, facts: Facts, tolerance: Tolerance
) -> Iterable[Reason]:  # fmt: skip
    """From the surest to the last that is left."""
    if not found.booked_tokens and not found.booked_nano:
        yield "other_keys"
        return
    most = tolerance.of_tokens(found.booked_tokens)
    if found.tokens is not None and abs(found.tokens) > most:
        estimated = sum(row.estimated_tokens for row in booked)
        if estimated:
            yield "estimated"
        if facts.lost_tokens and found.tokens < 0:
            yield "lost"
        if abs(found.tokens) > max(most, estimated + (facts.lost_tokens if found.tokens < 0 else 0)):
            yield "other_keys" if found.tokens > 0 else "not_billed"
    yield from _money_reasons(found, billed, booked, invoice, tolerance)


def _money_reasons(
    found: ModelDifference, billed: _Sum, booked: Sequence[Booked], invoice: Invoice, tolerance: Tolerance
) -> Iterable[Reason]:  # fmt: skip
    if found.nano is None or not found.booked_nano or not found.billed_nano:
        return
    by_price = found.nano if found.price_nano is None else found.price_nano
    if abs(by_price) <= tolerance.of_money(found.booked_nano):
        return
    if any(row.unpriced for row in booked):
        yield "unpriced"
    ratio = Decimal(found.billed_nano) / (found.billed_nano - by_price)
    if any(abs(ratio - vat) < _NEAR for vat in _VAT):
        yield "vat"
    elif any(abs(ratio - uplift) < _NEAR for uplift in _UPLIFTS):
        yield "uplift"
    elif found.tokens == 0 and billed.has_tokens and billed.cached != sum(row.cached for row in booked):
        yield "cached_price"
    elif invoice.currency != "EUR" and abs(ratio - 1) < _RATE_DRIFT:
        yield "exchange_rate"
    else:
        yield "price"


def _verdict(models: Sequence[ModelDifference]) -> Verdict:
    if all(model.agrees for model in models):
        return "agrees"
    known = all(model.agrees or (model.reasons and set(model.reasons) <= HARMLESS) for model in models)
    return "explained" if known else "differs"
