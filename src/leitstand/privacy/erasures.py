"""Receipts of erasures, and the list by which they are repeated after a restore.

A backup from before an erasure brings the erased data back. The list holds no name: digests of its words, made with
the installation's secret, which a backup holds, too. Whoever keeps the list beside the backups can repeat everything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from leitstand.core.clock import from_us
from leitstand.core.errors import InvalidRequest


@dataclass(frozen=True)
class Erasure:
    """One receipt. what: person or scope. digests: of the words of a person's name; scope: hash of a file's name."""

    id: str
    time_us: int
    what: str
    actor: str
    reason: str
    scopes: int
    entries: int
    digests: tuple[str, ...] = ()
    scope: str = ""


def told(erasure: Erasure) -> dict[str, str | int]:
    """A receipt as JSON types, without digests."""
    return {
        "receipt": erasure.id, "time": from_us(erasure.time_us).isoformat(timespec="seconds"), "what": erasure.what,
        "by": erasure.actor, "reason": erasure.reason, "scopes": erasure.scopes, "entries": erasure.entries,
    }  # fmt: skip


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    receipt: str
    time_us: int
    digests: tuple[str, ...] = ()
    scope: str = ""


def written(erasures: Iterable[Erasure]) -> str:
    """The list: one JSON line for each erasure that can be repeated, oldest first."""
    lines = [
        msgspec.json.encode(_Line(each.id, each.time_us, each.digests, each.scope)).decode()
        for each in sorted(erasures, key=lambda each: each.time_us)
        if each.digests or each.scope
    ]
    return "".join(f"{line}\n" for line in lines)


def read(text: str) -> Iterator[Erasure]:
    """The list back; raises InvalidRequest with the number of the line that is none."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError as cause:
            raise InvalidRequest(
                f"Zeile {number} der Löschliste ist nicht zu lesen. Nehmen Sie die Datei, wie Leitstand sie ausgibt.",
                f"Line {number} of the list of erasures cannot be read. Use the file as Leitstand writes it.",
            ) from cause
        what = "person" if found.digests else "scope"
        yield Erasure(found.receipt, found.time_us, what, "", "", 0, 0, found.digests, found.scope)
