"""Purge: old records leave the journal from the front, and what stays can still be proven.

    rows ≤ n, checked against the chain ─▶ deleted ─▶ cut {n, hash of n} signed        one transaction per batch

The first row that stays follows the hash in the cut, as the very first one followed genesis. So a verifier finds
any other row that is missing, also one removed "with" the purge, and a forged cut has no signature. A batch whose
rows do not follow each other is not deleted: a purge must not take away the traces of a change.
The newest record always stays. Source: decision 0013.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, Engine, RowMapping

from leitstand.journal import chain, repository
from leitstand.journal.chain import COLUMNS, Cut, Head, Signer

BATCH = 1000  # rows: about 20 ms in which another writer to SQLite waits


class Damaged(Exception):
    """A record that is due does not fit the chain, so nothing from there on is purged. seq: its number."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"record {seq} does not fit the chain; 'leitstand audit verify' tells more")
        self.seq = seq


class Purged(NamedTuple):
    """One batch that is gone. cut: where the journal begins since."""

    rows: int
    cut: Cut


def due(engine: Engine, before_us: int) -> int:
    """The number of the last record that may go: all up to it are older; 0 when none may."""
    with engine.connect() as connection:
        return repository.last_before(connection, before_us)


def purge(engine: Engine, signer: Signer, before_us: int, time_us: int) -> Iterator[Purged]:
    """Remove the records before `before_us` (application time), batch by batch; each batch is committed when told.

    It may be broken off anywhere and goes on where it stopped; two at once do each other no harm.
    Raises Damaged, SQLAlchemyError.
    """
    last = due(engine, before_us)
    while True:
        with repository.purging(engine) as connection:
            purged = _purge_batch(connection, signer, last, time_us)
        if purged is None:
            return
        yield purged


def _purge_batch(connection: Connection, signer: Signer, last: int, time_us: int) -> Purged | None:
    cut = repository.read_cut(connection)
    if cut is not None and not chain.is_cut_signed_by(signer.public_key, cut):
        raise Damaged(cut.seq)
    start = cut.head if cut is not None else Head(0, chain.genesis(signer.public_key))
    rows = repository.rows_between(connection, start.seq, last, BATCH)
    if not rows:
        return None
    end = _follow(start, rows)
    renewed = signer.cut(end, time_us)
    repository.remove_up_to(connection, end.seq)
    repository.write_cut(connection, renewed)
    return Purged(len(rows), renewed)


def _follow(start: Head, rows: list[RowMapping]) -> Head:
    """The head after these rows; raises Damaged at the first that does not follow."""
    seq, digest = start
    for row in rows:
        seq += 1
        if row["seq"] != seq or chain.link(digest, [row[name] for name in COLUMNS]) != row["hash"]:
            raise Damaged(seq)
        digest = row["hash"]
    return Head(seq, digest)
