"""Requests in a sliding minute, exact to the second and never too many.

Sixty-one buckets of one second each: the running second and the sixty before it. So no sixty seconds, wherever
they begin, see more than the limit; the price is that a slot may come free up to a second late. A bucket holds
`second << COUNT_BITS | count`, so that one of an earlier minute is known by its second.
"""

from collections.abc import Sequence

from leitstand.accounting.counters import PACE_WINDOW_S

BUCKETS = PACE_WINDOW_S + 1
_COUNT_BITS = 24
_COUNT_MASK = (1 << _COUNT_BITS) - 1


def packed(second: int, count: int) -> int:
    """A bucket with so many requests of a second."""
    return second << _COUNT_BITS | count


def counted(buckets: Sequence[int], second: int) -> int:
    """Requests in the window that ends with `second`."""
    oldest = (second - PACE_WINDOW_S) << _COUNT_BITS
    return sum(bucket & _COUNT_MASK for bucket in buckets if bucket >= oldest)


def stamped(buckets: Sequence[int], second: int) -> tuple[int, int]:
    """(index of the second's bucket, its value with one request more)."""
    index = second % BUCKETS
    base = second << _COUNT_BITS
    bucket = buckets[index]
    return index, (bucket if bucket >= base else base) + 1


def wait_s(buckets: Sequence[int], now_s: float, limit: int) -> float:
    """Seconds until one more request fits; a whole window if the limit is 0."""
    second = int(now_s)
    oldest = (second - PACE_WINDOW_S) << _COUNT_BITS
    surplus = counted(buckets, second) - limit + 1
    for bucket in sorted(bucket for bucket in buckets if bucket >= oldest):
        surplus -= bucket & _COUNT_MASK
        if surplus <= 0:
            return max((bucket >> _COUNT_BITS) + BUCKETS - now_s, 0.001)
    return float(BUCKETS)
