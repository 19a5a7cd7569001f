"""The dead man's switch: a sign of life that stops when Leitstand can no longer warn. Pure."""

from collections.abc import Collection, Sequence

from leitstand.monitoring.values import Notice

ROUND_MAX_S = 120.0  # older is a path that stands still
STUCK_S = 120.0  # a notice that is due for so long and was not tried
_S = 1_000_000


def why_silent(
    rounded_us: int | None, due: Sequence[Notice], channels: Collection[str], failing: Collection[str], now_us: int
) -> str:  # fmt: skip
    """The reason not to send one, "" where all is well; for operators.

    rounded_us: end of the last round of the alert path. due: notices that are due now. channels: all that are
    configured; failing: those whose last delivery failed.
    """
    if rounded_us is None or now_us - rounded_us > ROUND_MAX_S * _S:
        return "alert rules are not being judged"
    if any(now_us - each.due_us > STUCK_S * _S for each in due):
        return "alerts are waiting and are not being delivered"
    if channels and set(channels) <= set(failing):
        return "no alert channel delivers"
    return ""
