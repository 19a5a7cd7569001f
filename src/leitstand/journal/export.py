"""Export the journal as JSON lines, for auditors and for other programs."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Engine, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from leitstand.core import money
from leitstand.core.clock import from_us
from leitstand.journal import repository
from leitstand.journal.repository import Filter, Unreadable

_encoder = msgspec.json.Encoder()

_AS_STORED = (
    "kind", "user", "use_case", "department", "key_id", "model", "provider", "provider_model", "region",
    "data_class", "outcome", "code", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens",
    "cache", "pseudonymised", "fallback", "estimated", "unpriced", "seq", "hash",
)  # fmt: skip


def export(
    engine: Engine, *, since_us: int | None = None, until_us: int | None = None, audit_events: bool = False
) -> Iterator[bytes]:
    """One line (with line end) per interaction, oldest first; audit events too if asked.

    since_us (included), until_us (not included): application time in microseconds.
    `time` is ISO 8601 in UTC, `tokens` is input plus output, `cost` and `saved` are EUR as exact decimals,
    `latency_ms` counts from arrival to the last byte, `first_token_ms` to the first content.
    Raises Unreadable.
    """
    try:
        for row in repository.rows(engine, Filter(since_us, until_us, audit_events)):
            yield _encoder.encode(_line(row)) + b"\n"
    except SQLAlchemyError as cause:
        raise Unreadable(str(cause)) from cause


def _line(row: RowMapping) -> dict[str, object]:
    return {
        "request_id": row["id"],
        "time": from_us(row["time_us"]).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        **{column: row[column] for column in _AS_STORED},
        "tokens": row["input_tokens"] + row["output_tokens"],
        "cost": _euro(row["cost_nano"]),
        "saved": _euro(row["saved_nano"]),
        "latency_ms": row["latency_us"] / 1000,
        "first_token_ms": row["first_token_us"] / 1000,
        "detail": _detail(row["detail"]),
    }


def _detail(stored: str) -> object:
    """The stored JSON; as plain text if somebody has damaged it, so that the export goes on."""
    try:
        return msgspec.json.decode(stored)
    except msgspec.DecodeError:
        return stored


def _euro(amount_nano: int) -> msgspec.Raw:
    """A JSON number with all its digits, without a detour over binary floating point."""
    return msgspec.Raw(money.plain(amount_nano).encode())
