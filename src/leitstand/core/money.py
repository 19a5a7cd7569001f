"""Money as integers: one nano-euro is 0.000 000 001 EUR.

Nano and not micro, because a call of 20 embedding tokens costs less than one micro-euro: rounding each
call to micro would make sums drift. An int64 column holds 9.2 billion EUR. Rounded once, half up, here.
"""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import NewType

NanoEuro = NewType("NanoEuro", int)
NANO_PER_EURO = 1_000_000_000
ZERO = NanoEuro(0)


def nano(euro: Decimal | int | str) -> NanoEuro:
    """Amount in EUR to nano-euro, rounded half up."""
    return NanoEuro(int((Decimal(euro) * NANO_PER_EURO).to_integral_value(ROUND_HALF_UP)))


def nano_up(euro: Decimal) -> NanoEuro:
    """Amount in EUR to nano-euro, rounded up: for what is reserved."""
    return NanoEuro(int((euro * NANO_PER_EURO).to_integral_value(ROUND_CEILING)))


def euro(amount: int) -> Decimal:
    """Nano-euro to EUR, exact."""
    return Decimal(amount) / NANO_PER_EURO


def plain(amount: int) -> str:
    """EUR as a plain decimal for headers and exports, e.g. `0.000415`, without exponent or padding."""
    text = f"{euro(amount):.9f}".rstrip("0").rstrip(".")
    return text or "0"
