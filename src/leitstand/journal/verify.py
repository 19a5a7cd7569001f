"""Verify the journal of a data folder, offline and without changing a byte.

Found are: a changed value in any column, missing, added and reordered rows, a cut tail, a changed or
replaced checkpoint, a replaced key, columns that are not covered, and breaks that the writer met earlier.
Not found, in principle: a history that was rewritten as a whole by someone with the private key, and a whole
folder put back to an older state. Against both help copies of the head and of the key's fingerprint elsewhere.
"""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy.exc import SQLAlchemyError

from leitstand.core import sealing
from leitstand.journal import backlog, chain, offline_repository
from leitstand.journal.chain import COLUMNS, Checkpoint, Cut, Head
from leitstand.journal.offline_repository import Evidence
from leitstand.journal.repository import Unreadable

MAX_PROBLEMS = 20
_ID, _KIND, _HASH = 1, 2, -1
_ESTIMATED, _UNPRICED = COLUMNS.index("estimated"), COLUMNS.index("unpriced")
_BOOLEAN = {0: False, 1: True}


class Problem(NamedTuple):
    """One thing that is wrong. seq and id name the record; None and "" where none is meant."""

    seq: int | None
    id: str
    what: str


@dataclass
class Verdict:
    """The result. fingerprint: of the public key; head: hash of the newest row, to be noted elsewhere.

    problem_count: all that were found; `problems` holds the first 20. spooled: records that wait to be
    chained; purged: the number before which old records were removed, at `cut_us`; torn and corrupt: lines in the spool that are no records (torn: cut off by a killed process).
    """

    rows: int = 0
    head: str = ""
    signed_us: int | None = None
    purged: int = 0
    cut_us: int | None = None
    fingerprint: str = ""
    spooled: int = 0
    torn: int = 0
    corrupt: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem_count == 0

    def note(self, seq: int | None, record_id: str, what: str) -> None:
        """Add a problem."""
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(seq, record_id, what))


class _Start(NamedTuple):
    """The first row's number, and the hash that it follows; empty without a key: then it is taken as it is."""

    seq: int
    follows: str


def verify(data: Path, public_key_file: Path | None = None) -> Verdict:
    """Check the whole journal in DATA, in bounded memory; raises Unreadable.

    public_key_file: a copy of `audit.pub` kept elsewhere; without it the one in DATA is believed.
    """
    verdict = Verdict()
    try:
        with offline_repository.opened(data) as evidence:
            _check_all(verdict, data, evidence, public_key_file)
    except (OSError, sqlite3.Error, SQLAlchemyError) as cause:
        if verdict.rows == 0:
            raise Unreadable(str(cause)) from cause
        verdict.note(None, "", f"the database cannot be read after {verdict.rows} records: {cause}")
    return verdict


def _check_all(verdict: Verdict, data: Path, evidence: Evidence, public_key_file: Path | None) -> None:
    present = evidence.columns()
    if not present:
        raise Unreadable("the database has no journal table")
    if not _check_columns(verdict, present):
        return
    key = _public_key(verdict, data, public_key_file)
    checkpoint = evidence.checkpoint()
    if evidence.count_other_checkpoints():
        verdict.note(None, "", "there is more than one checkpoint")
    last = _walk(verdict, evidence, _beginning(verdict, evidence.cut(), key))
    if key is not None:
        verdict.fingerprint = chain.fingerprint(key)
        _check_head(verdict, last, checkpoint, key)
    elif last.head is not None or checkpoint is not None:
        verdict.note(None, "", f"{chain.PUBLIC_KEY_FILE} is missing: no signature can be checked")
    _check_spool(verdict, data, evidence.offsets())


def _beginning(verdict: Verdict, cut: Cut | None, key: Ed25519PublicKey | None) -> _Start:
    """Where the journal has to begin: after what was purged, if the audit key has signed that."""
    if cut is None:
        return _Start(1, "" if key is None else chain.genesis(key))
    if key is None:
        verdict.purged, verdict.cut_us = cut.seq, cut.time_us
        return _Start(_int(cut.seq) + 1, "")
    if not chain.is_cut_signed_by(key, cut):
        verdict.note(None, "", "the cut before which records were purged is not signed by the audit key")
        return _Start(1, chain.genesis(key))
    verdict.purged, verdict.cut_us = cut.seq, cut.time_us
    return _Start(cut.seq + 1, cut.hash)


def _check_columns(verdict: Verdict, present: list[str]) -> bool:
    """Note missing and additional columns; whether the rows can be checked."""
    expected = {*COLUMNS, "hash"}
    for column in sorted(set(present) - expected):
        verdict.note(None, "", f"column '{column}' is not covered by the chain")
    missing = sorted(expected - set(present))
    for column in missing:
        verdict.note(None, "", f"column '{column}' is missing")
    return not missing


def _public_key(verdict: Verdict, data: Path, public_key_file: Path | None) -> Ed25519PublicKey | None:
    """The key to check with; None where there is none. A key that does not fit the others is a problem."""
    beside = _read_public_key(verdict, data / chain.PUBLIC_KEY_FILE)
    private = _read_private_key(verdict, data / chain.PRIVATE_KEY_FILE)
    trusted = _read_public_key(verdict, public_key_file) if public_key_file is not None else beside
    for other, name in ((beside, chain.PUBLIC_KEY_FILE), (private, chain.PRIVATE_KEY_FILE)):
        if trusted is not None and other is not None and other != trusted:
            verdict.note(None, "", f"{name} belongs to another key pair: a key was replaced")
    if trusted is None and private is not None:
        verdict.note(None, "", f"{chain.PUBLIC_KEY_FILE} is missing although the private key is there")
        return private
    return trusted


def _read_public_key(verdict: Verdict, path: Path) -> Ed25519PublicKey | None:
    if not path.exists():
        return None
    try:
        return chain.read_public_key(path)
    except ValueError as cause:
        verdict.note(None, "", f"{path.name} is no public key: {cause}")
        return None


def _read_private_key(verdict: Verdict, path: Path) -> Ed25519PublicKey | None:
    try:
        seed = sealing.shared_secret(chain.PRIVATE_KEY) or path.read_bytes()
    except OSError:
        return None  # an auditor's copy rightly lacks the private key
    try:
        return Ed25519PrivateKey.from_private_bytes(seed).public_key()
    except ValueError as cause:
        verdict.note(None, "", f"{chain.PRIVATE_KEY_FILE} is no private key: {cause}")
        return None


class _Last(NamedTuple):
    """Where the walk ended: the newest row and its id."""

    head: Head | None
    id: str


def _walk(verdict: Verdict, evidence: Evidence, start: _Start) -> _Last:
    """Recompute every row's hash from the hash stored before it.

    A row whose own `hash` was changed is the only one named: its successor may follow either hash.
    """
    expected, record_id = start.seq, ""
    believed: tuple[str, ...] = (start.follows,) if start.follows else ()
    last: Head | None = None
    for page in evidence.pages():
        for row in page:
            seq, stored = row[0], str(row[_HASH])
            if seq != expected:
                _note_gap(verdict, expected, row, record_id)
                believed = ()
            record_id = str(row[_ID])
            computed = _judge(verdict, row, stored, believed)
            if row[_KIND] == "journal.chain.broken":
                verdict.note(_int(seq), record_id, f"a change from outside was found earlier: {row[-2]}")
            believed = (stored,) if computed in (None, stored) else (stored, str(computed))
            expected = _int(seq) + 1
            last = Head(_int(seq), stored)
            verdict.rows += 1
    verdict.head = last.hash if last is not None else ""
    return _Last(last, record_id)


def _judge(verdict: Verdict, row: tuple[object, ...], stored: str, believed: tuple[str, ...]) -> str | None:
    """Note a row whose hash does not follow; the hash it should have, None when that is unknown.

    believed: hashes that the row may follow; empty when its predecessor is missing.
    """
    covered = list(row[:-1])
    for index in (_ESTIMATED, _UNPRICED):
        value = covered[index]
        if isinstance(value, int):
            covered[index] = _BOOLEAN.get(value, value)
    computed: str | None = None
    for previous in believed:
        try:
            computed = chain.link(previous, covered)
        except UnicodeError:
            break  # half characters, which no writer could have stored
        if computed == stored:
            return computed
    if not believed:
        return None
    verdict.note(_int(row[0]), str(row[_ID]), "the record was changed: its content does not fit its hash")
    return computed


def _note_gap(verdict: Verdict, expected: int, row: tuple[object, ...], before: str) -> None:
    seq, record_id = _int(row[0]), str(row[_ID])
    if seq < expected:
        verdict.note(seq, record_id, f"the record was added: numbers begin at {expected}")
        return
    which = f"record {expected} is" if seq == expected + 1 else f"records {expected} to {seq - 1} are"
    place = f"between {before or 'the beginning'} and {record_id}"
    verdict.note(expected, "", f"{which} missing, {place}")


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _check_head(verdict: Verdict, last: _Last, checkpoint: Checkpoint | None, key: Ed25519PublicKey) -> None:
    if checkpoint is None and last.head is None:
        verdict.note(None, "", "the signed checkpoint is missing")
        return
    fault = chain.head_fault(last.head, checkpoint, key)
    if fault is not None:
        verdict.note(last.head.seq if last.head is not None else None, last.id, fault)
    elif checkpoint is not None:
        verdict.signed_us = checkpoint.time_us


def _check_spool(verdict: Verdict, data: Path, offsets: dict[str, int]) -> None:
    """Count what waits in the spool; a line that was changed there is a problem, a torn end is not."""
    waiting = backlog.measure(data / "spool", offsets)
    verdict.spooled, verdict.torn, verdict.corrupt = waiting.records, waiting.torn, len(waiting.corrupt)
    for what in waiting.corrupt:
        verdict.note(None, "", what)
