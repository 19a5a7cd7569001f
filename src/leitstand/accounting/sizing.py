"""How large a call may become: the worst case, the usual case, and what of it fits into what is left.

Pure arithmetic on a need and a model's history; the ledger asks, the counters decide.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from leitstand.accounting.history import ModelHistory
from leitstand.accounting.prices import MTOK, Price
from leitstand.core.conversation import Unit
from leitstand.core.money import NANO_PER_EURO, nano, nano_up

_NEARLY = Decimal("0.49")  # of a nano-euro, so that a cost rounded half up still fits
_USUAL_SHARE = 0.9  # an answer up to a tenth shorter than usual is better than a refusal
_COMFORT = 1.5  # times the length that 95 % of answers stay within


@dataclass(frozen=True, slots=True)
class Need:
    """What a call asks for, before it is sent.

    input_tokens: upper estimate; input_least: what it surely is (see `estimate`).
    output_cap: the client's own cap per choice, None if it gave none; then default_output_cap is held.
    price: of the dearest candidate that may be asked; cheapest: of the cheapest, None for the same.
    choices: how many answers are asked for. units, unit: pictures, seconds of sound or searches, at most.
    """

    input_tokens: int
    output_cap: int | None
    default_output_cap: int
    price: Price
    cheapest: Price | None = None
    input_least: int = 0
    choices: int = 1
    units: int = 0
    unit: Unit = ""

    def units_euro(self, price: Price) -> Decimal:
        """What the units cost at a price, at most."""
        return self.units * price.reserved(self.unit) if self.units else Decimal(0)

    @property
    def asked_output(self) -> int:
        """Output tokens to hold per choice."""
        return self.default_output_cap if self.output_cap is None else self.output_cap

    @property
    def low_price(self) -> Price:
        """The price of the cheapest candidate."""
        return self.cheapest or self.price


class Sizing:
    """The sizes of one call, in nano-euro (`in_money`) or tokens, as its model's history stands now."""

    def __init__(self, need: Need, history: ModelHistory) -> None:
        self.need = need
        self.history = history
        self.proven = history.is_proven
        """Whether this model's estimates have met a real count."""
        self.worst_input = history.worst_input(need.input_tokens)
        self.usual_input = history.typical_input(need.input_tokens) if self.proven else need.input_tokens
        most = need.asked_output * need.choices
        self.usual_output = min(history.typical_output(), most) if self.proven else most
        """Output tokens of all choices; the most that is asked while nothing is known."""

    def largest(self, in_money: bool, cap: int) -> int:
        """The call at its largest under a cap of output tokens, at the dearest candidate, rounded up."""
        output = cap * self.need.choices
        if not in_money:
            return self.worst_input + output
        return nano_up(self._euro(self.need.price, self.worst_input, output))

    def worst(self, in_money: bool) -> int:
        """The call at its largest."""
        return self._worst_money if in_money else self.largest(False, self.need.asked_output)

    def comfortable(self, in_money: bool) -> int:
        """The call as large as nearly all calls of this model stay."""
        output = min(round(self.history.high_output() * _COMFORT), self.need.asked_output)
        return self.largest(in_money, output)

    def usual(self, in_money: bool) -> int:
        """The call at its usual size, at the cheapest candidate."""
        return self._usual_money if in_money else self.usual_input + self.usual_output

    def likely(self, in_money: bool, held: int) -> int:
        """What to book of an amount held if the call is lost; all of it while the usual size is unknown."""
        return min(self.usual(in_money), held) if self.proven else held

    def floor(self, in_money: bool, *, fresh: bool) -> int:
        """What must be left for the call to make sense: nearly its usual size.

        While that is unknown: its estimated input, but on a fresh budget only what the input surely takes, since
        an estimate that is far too high would otherwise shut the model out for good and never be corrected.
        """
        if self.proven:
            output = max(round(self.usual_output * _USUAL_SHARE), min(self.usual_output, 1))
            return self._at_cheapest(in_money, self.usual_input, output)
        output = min(self.need.asked_output, 1) * self.need.choices
        return self._at_cheapest(in_money, self._hoped_input(fresh), output)

    def _hoped_input(self, fresh: bool) -> int:
        """The smallest input on which to go ahead when little is left."""
        if self.proven:
            return self.usual_input
        return self.need.input_least if fresh else self.worst_input

    @cached_property
    def _worst_money(self) -> int:
        return self.largest(True, self.need.asked_output)

    @cached_property
    def _usual_money(self) -> int:
        return self._at_cheapest(True, self.usual_input, self.usual_output)

    def _at_cheapest(self, in_money: bool, input_tokens: int, output_tokens: int) -> int:
        if not in_money:
            return input_tokens + output_tokens
        return round(nano(self._euro(self.need.low_price, input_tokens, output_tokens)) * self.history.share)

    def cap(self, in_money: bool, room: int, price: Price, *, fresh: bool) -> int:
        """Output tokens per choice that fit into `room` after the input, at most those asked; 0 if none.

        The input counts at its worst if an answer of usual length fits then, else as in `floor`. While nothing is known
        of the model, any answer that fits beside the worst input is taken: hoping for less could pass the limit.
        """
        usual = self.usual_output if self.proven else 1
        worst = self._fit(in_money, room, self.worst_input, price, 1.0)
        if worst >= min(self.need.asked_output, usual):
            return worst
        tokens = self._hoped_input(fresh)
        hopeful = self._fit(in_money, room, tokens, price, 1.0)
        if hopeful < 1:
            hopeful = self._fit(in_money, room, tokens, price, self.history.share)
        return max(worst, hopeful)

    def _fit(self, in_money: bool, room: int, input_tokens: int, price: Price, share: float) -> int:
        asked = self.need.asked_output
        if not in_money:
            left = Decimal(room - input_tokens)
        else:
            tariff = price.at(input_tokens)
            euro = (room + _NEARLY) / NANO_PER_EURO / Decimal(share or 1) - self.need.units_euro(price)
            left = euro * MTOK - input_tokens * tariff.input
            if tariff.output == 0:
                return asked if left >= 0 else 0
            left /= tariff.output
        return max(min(int(left / self.need.choices), asked), 0)

    def _euro(self, price: Price, input_tokens: int, output_tokens: int) -> Decimal:
        """Cost of the units, and of tokens of which none is cached."""
        tariff = price.at(input_tokens)
        tokens = (input_tokens * tariff.input + output_tokens * tariff.output) / MTOK
        return tokens + self.need.units_euro(price)
