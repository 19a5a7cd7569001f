"""Open holds as they lie in Valkey, and what is held there by none of them. What scripts answer is read here."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from leitstand.accounting.counters import scripts
from leitstand.accounting.counters.remote import Remote


class KeptHold(msgspec.Struct, frozen=True, array_like=True):
    """parts: name, held, likely."""

    request_id: str
    facts: bytes
    parts: list[tuple[str, int, int]]


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(KeptHold).decode


def loose(remote: Remote, names: Sequence[str], *, release: bool) -> list[int]:
    """How much of each counter is held by nobody; raises Away.

    That stays so, whatever others do meanwhile, so telling and giving back can be two steps.
    """
    held, records, owed = map(as_list, remote.run(scripts.HELD, names))
    rightly: dict[str, int] = defaultdict(int)
    for record in records:
        for name, amount, _ in decode(raw(record)).parts:
            rightly[name] += amount
    alone = texts(owed)
    for name, owed_text in zip(alone[::2], alone[1::2], strict=True):
        rightly[name] += int(owed_text)
    found = [int(there) - rightly[name] for name, there in zip(names, texts(held), strict=True)]
    rows = zip(names, found, strict=True)
    given_back = [word for name, amount in rows if amount > 0 for word in (name, amount)]
    if release and given_back:
        remote.run(scripts.RELEASE, given_back)
    return found


def raw(value: object) -> bytes:
    """A text as bytes."""
    assert isinstance(value, bytes)
    return value


def text(value: object) -> str:
    """A text."""
    return raw(value).decode()


def as_list(value: object) -> list[object]:
    """A list."""
    assert isinstance(value, list)
    return value


def texts(values: object) -> list[str]:
    """A list of texts."""
    return [text(value) for value in as_list(values)]
