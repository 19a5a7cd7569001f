"""The writer: moves spooled records into the chained table, in batches, exactly once.

One transaction holds the rows, the signed head and how far each spool file was read; a crash at any point
leaves all or nothing of it, and what is read twice is recognised by its id. Of all processes that share a
data folder one writes: whoever holds the flock on `spool/writer.lock`; when it dies, another takes over.
Where machines share a database (decision 0012), each has its spool and its writer; they take turns by a lock in the
database, read the signed head anew in each turn, and sign with the same key.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand.core.clock import Clock
from leitstand.core.ids import new_id
from leitstand.journal import chain, repository
from leitstand.journal.chain import Checkpoint, Head, Row, Signer
from leitstand.journal.records import Record
from leitstand.journal.segments import Fault, Taken, remove_drafts, segments, sync_folder, take

LOCK_FILE = "writer.lock"
BATCH = 250  # rows per transaction: about 3 ms under the interpreter lock
_INTERVAL_S = 0.1
_log = logging.getLogger(__name__)


@dataclass
class _Batch:
    """What one transaction will hold. offsets: file name to bytes. finished: files that can go afterwards."""

    records: list[Record] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    finished: list[Path] = field(default_factory=list)


class Writer:
    """The only one that writes the table `journal`."""

    def __init__(
        self,
        engine: Engine,
        spool_folder: Path,
        signer: Signer,
        *,
        clock: Clock | None = None,
        on_batch: Callable[[list[Record]], None] | None = None,
    ) -> None:
        """on_batch: told of each committed batch, in this thread, without records that were there before."""
        self._engine = engine
        self._folder = spool_folder
        self._signer = signer
        self._clock = clock or Clock()
        self._on_batch = on_batch
        self._lock: int | None = None
        self._machine = repository.machine_of(engine, spool_folder.parent)
        self._signed: Checkpoint | None = None  # what this writer signed last
        self._offsets: dict[str, int] | None = None  # None: read them from the database first
        self._unreadable: set[str] = set()  # files that the disk cannot give at the moment
        self._wake = threading.Event()
        self._failing = False
        self._turn = threading.RLock()  # one drain at a time: two would give the same number to two records

    @property
    def leading(self) -> bool:
        """Whether this is the process that writes."""
        return self._lock is not None

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed, so that records wait in the spool."""
        return self._failing

    def nudge(self) -> None:
        """Do not wait for the next turn; from any thread."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Move records every 100 ms until `stop` is set, then once more; whatever fails is tried again."""
        try:
            while not stop.is_set():
                self._try_drain()
                self._wake.wait(_INTERVAL_S)
                self._wake.clear()
            self._try_drain()
        finally:
            self.close()

    def drain(self) -> int:
        """Move all that is spooled; how many records were new. 0 when another process is the writer.

        May be called from any thread beside `run`. Raises SQLAlchemyError or OSError; nothing is lost then, and the
        next call goes on.
        """
        with self._turn:
            if not self._lead():
                return 0
            moved = 0
            try:
                while (batch := self._gather()) is not None:
                    moved += self._move(batch)
            except BaseException:
                self._offsets = self._signed = None  # unknown whether the transaction took place
                raise
            return moved

    def close(self) -> None:
        """Let another process be the writer."""
        with self._turn:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
                self._offsets = self._signed = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try_drain(self) -> None:
        try:
            self.drain()
        except (SQLAlchemyError, OSError) as cause:
            if not self._failing:
                self._failing = True
                _log.error("the journal cannot be written, records wait in the spool: %s", cause)
        except Exception:  # noqa: BLE001 - border of the thread: it must live as long as the process
            if not self._failing:
                self._failing = True
                _log.exception("the journal cannot be written, records wait in the spool")
        else:
            if self._failing:
                self._failing = False
                _log.warning("the journal can be written again")

    def _lead(self) -> bool:
        if self._lock is not None:
            return True
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / LOCK_FILE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lock = descriptor
            remove_drafts(self._folder)
        except BlockingIOError:
            os.close(descriptor)
            return False
        return True

    def _gather(self) -> _Batch | None:
        """The next batch from all spool files, oldest file first; None when there is nothing to do."""
        offsets = self._known_offsets()
        batch = _Batch()
        for path in segments(self._folder):
            room = BATCH - len(batch.records)
            if room <= 0:
                break
            offset = offsets.get(path.name, 0)
            taken = self._take(path, offset, room)
            if taken is None:
                continue
            batch.records += taken.records
            batch.records += [self._quarantine(path, fault) for fault in taken.faults]
            if taken.offset != offset:
                batch.offsets[path.name] = taken.offset
            if taken.finished:
                batch.finished.append(path)
        return batch if batch.records or batch.offsets or batch.finished else None

    def _take(self, path: Path, offset: int, room: int) -> Taken | None:
        """Read a file; one that the disk cannot give does not hold up the others."""
        try:
            taken = take(path, offset, room)
        except OSError as cause:
            if path.name not in self._unreadable:
                self._unreadable.add(path.name)
                _log.error("%s cannot be read, its records wait: %s", path, cause)
            return None
        self._unreadable.discard(path.name)
        return taken

    def _known_offsets(self) -> dict[str, int]:
        if self._offsets is None:
            with self._engine.begin() as connection:
                repository.take_turn(connection)
                offsets = repository.read_offsets(connection, self._machine)
                gone = offsets.keys() - {path.name for path in segments(self._folder)}
                if gone:
                    repository.forget_offsets(connection, self._machine, gone)
                self._append(connection, [])
            self._offsets = {file: offset for file, offset in offsets.items() if file not in gone}
        return self._offsets

    def _quarantine(self, path: Path, fault: Fault) -> Record:
        """Keep the bytes that are no record in `spool/corrupt`, and tell of them in the journal."""
        kept = self._folder / "corrupt" / f"{path.stem}-{fault.offset}.line"
        kept.parent.mkdir(exist_ok=True, mode=0o700)
        kept.write_bytes(fault.raw)
        _log.error("%s at byte %d: %s; kept in %s", path, fault.offset, fault.reason, kept)
        return Record(
            id=f"evt_{path.stem}_{fault.offset}",
            kind="journal.spool.torn" if fault.torn else "journal.spool.corrupt",
            time_us=self._clock.time_us(),
            user="system",
            detail={
                "file": path.name,
                "offset": fault.offset,
                "size_bytes": len(fault.raw),
                "reason": fault.reason,
            },
        )

    def _move(self, batch: _Batch) -> int:
        spooled = [repository.storable(record) for record in batch.records]
        with self._engine.begin() as connection:
            repository.take_turn(connection)
            known = repository.known_ids(connection, [record.id for record in spooled])
            fresh: dict[str, Record] = {}
            for record in spooled:
                if record.id not in known:
                    fresh.setdefault(record.id, record)
            records = list(fresh.values())
            self._append(connection, records)
            repository.write_offsets(connection, self._machine, batch.offsets)
        self._known_offsets().update(batch.offsets)
        if batch.finished:
            self._remove(batch.finished)
        if self._on_batch is not None and records:
            self._tell(records)
        return len(records)

    def _append(self, connection: Connection, records: list[Record]) -> None:
        """Chain the records behind the head and sign the new head.

        When the head is not what was signed, somebody has changed the table: the chain goes on from the
        signed head, so that the gap stays visible, and begins with a record that tells of it.
        """
        last, checkpoint = repository.last_row(connection), repository.read_checkpoint(connection)
        head = last or Head(0, chain.genesis(self._signer.public_key))
        if checkpoint is None or checkpoint != self._signed or head != checkpoint.head:
            fault = chain.head_fault(last, checkpoint, self._signer.public_key)
            if fault is not None:
                records = [self._broken(head, fault), *records]
                head = _resume(head, checkpoint, self._signer)
        if not records and checkpoint is not None:
            self._signed = checkpoint
            return
        rows, head = _chained(head, records)
        repository.append(connection, rows)
        self._signed = self._signer.sign(head, self._clock.time_us())
        repository.write_checkpoint(connection, self._signed)

    def _broken(self, head: Head, fault: str) -> Record:
        _log.critical("the journal was changed from outside: %s", fault)
        return Record(
            id=new_id("evt"),
            kind="journal.chain.broken",
            time_us=self._clock.time_us(),
            user="system",
            detail={"what": fault, "last_seq": head.seq},
        )

    def _remove(self, finished: list[Path]) -> None:
        for path in finished:
            path.unlink(missing_ok=True)
        sync_folder(self._folder)
        with self._engine.begin() as connection:
            repository.forget_offsets(connection, self._machine, [path.name for path in finished])
        for path in finished:
            self._known_offsets().pop(path.name, None)

    def _tell(self, records: list[Record]) -> None:
        assert self._on_batch is not None
        try:
            self._on_batch(records)
        except Exception:  # noqa: BLE001 - border: a listener must not stop the journal
            _log.exception("a listener to the journal failed")


def _resume(head: Head, checkpoint: Checkpoint | None, signer: Signer) -> Head:
    """Where to go on after a change from outside: the signed head, unless later rows take its numbers."""
    if checkpoint is None or not chain.is_signed_by(signer.public_key, checkpoint):
        return head
    return checkpoint.head if checkpoint.seq >= head.seq else head


def _chained(head: Head, records: list[Record]) -> tuple[list[tuple[Row, str]], Head]:
    rows: list[tuple[Row, str]] = []
    seq, digest = head
    for record in records:
        seq += 1
        row = chain.row_of(seq, repository.storable(record))
        digest = chain.link(digest, row)
        rows.append((row, digest))
    return rows, Head(seq, digest)
