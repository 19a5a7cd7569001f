"""The spool: makes records durable before an answer ends, at a cost of a few microseconds each.

All records of one turn of the event loop are written with one system call (group commit). From then on
they survive the death of the process; a thread brings them to the disk, within 50 ms (`background`) or
before `commit` returns (`always`), which survives a power cut too.

When the disk is full or fails, records stay in memory, bounded, and are written when it works again; a file
whose data could not be brought to the disk is given up and its newest records are written to another.
Writing twice does no harm: the journal keeps the first record of an id.
"""

import asyncio
import logging
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Literal

from leitstand.core.errors import Overloaded
from leitstand.journal.records import Record
from leitstand.journal.segments import SEGMENT_BYTES, Segment, encode_line

Sync = Literal["background", "always"]
BOUND = 10_000
_SYNC_INTERVAL_S = 0.05
_RETRY_S = 1.0
_COME_BACK_S = 5.0
_DISK_TIMEOUT_S = 30.0
_log = logging.getLogger(__name__)


class SpoolUnavailable(Overloaded):
    """A record cannot be kept: the disk fails and the memory for waiting records is used up.

    What cannot be recorded is not done, so to a caller it is `overloaded`, and a retry helps once there is room.
    """

    def __init__(self, cause: str) -> None:
        """cause: for operators, in the log."""
        super().__init__(
            "Leitstand kann zurzeit nichts protokollieren und nimmt deshalb keine Anfragen an. Die IT muss den "
            "Datenträger prüfen.",
            f"Leitstand cannot record anything at the moment, so it takes no requests ({cause}). IT must check the disk.",
            retry_after_s=_COME_BACK_S,
        )


class Spool:
    """The writing end of the journal in one process; one event loop, and any thread by `write_now`."""

    def __init__(
        self,
        folder: Path,
        *,
        sync: Sync = "background",
        segment_bytes: int = SEGMENT_BYTES,
        bound: int = BOUND,
    ) -> None:
        """folder: DATA/spool, shared by all processes. bound: records kept in memory while the disk fails."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._always = sync == "always"
        self._segment_bytes = segment_bytes
        self._bound = bound
        self._lock = threading.Lock()  # guards everything down to `_segment`
        self._pending: list[bytes] = []  # lines that are in no file yet
        self._unsynced: deque[bytes] = deque(maxlen=10 * bound)  # lines in a file, not yet on the disk
        self._retired: list[Segment] = []  # full files that the sync thread will close
        self._segment: Segment | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False
        self._retry: asyncio.TimerHandle | None = None  # the next attempt, while the disk fails
        self._waiters: list[asyncio.Future[None]] = []  # of records that are in no file yet
        self._sync_waiters: list[asyncio.Future[None]] = []  # of records that are not on the disk yet
        self._degraded = False
        self._sync_turn = threading.Lock()  # one sync at a time: only it closes files
        self._syncing = False
        self._dirty = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def degraded(self) -> bool:
        """Whether the disk refuses records at the moment."""
        return self._degraded

    @property
    def backlog(self) -> int:
        """Records that wait in memory for the disk."""
        return len(self._pending)

    @property
    def has_room(self) -> bool:
        """Whether new work may begin; the last tenth of the memory is for what is already running."""
        return not self._degraded or len(self._pending) < self._bound * 9 // 10

    def demand_room(self) -> None:
        """Ask before new work; raises SpoolUnavailable when what comes of it might not be recorded."""
        if not self.has_room:
            raise SpoolUnavailable(f"the disk fails and {len(self._pending)} records wait in memory")

    def append(self, record: Record) -> None:
        """Put a record into the batch of this turn of the loop; raises SpoolUnavailable."""
        self._hold(encode_line(record))
        if not self._scheduled and not (self._degraded and self._retry is not None):
            self._scheduled = True
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._flush)

    async def commit(self) -> None:
        """Return when everything appended so far is written (`always`: is on the disk).

        While the disk fails it returns at once: the records are held in memory, see `degraded`.
        Raises SpoolUnavailable when the disk does not answer at all (`always` only).
        """
        if self._degraded:
            return
        loop = asyncio.get_running_loop()
        if self._pending:
            written = loop.create_future()
            self._waiters.append(written)
        elif self._always and (self._syncing or self._dirty.is_set()):
            written = loop.create_future()
            with self._lock:
                self._sync_waiters.append(written)
                self._dirty.set()
        else:
            return
        if not self._always:
            await written  # the next turn of the loop sets it
            return
        try:
            async with asyncio.timeout(_DISK_TIMEOUT_S):
                await written
        except TimeoutError as cause:
            raise SpoolUnavailable(f"the disk did not answer within {_DISK_TIMEOUT_S:.0f} s") from cause

    async def write(self, record: Record) -> None:
        """Append and commit; raises SpoolUnavailable when even the memory for waiting records is full."""
        self.append(record)
        await self.commit()

    def write_now(self, record: Record) -> None:
        """Write without an event loop, from any thread: commands, administration, shutdown.

        `always`: on the disk when it returns. Raises SpoolUnavailable like `append`.
        """
        self._hold(encode_line(record))
        with self._lock:
            self._write_pending()
        if self._always:
            self._sync()

    def close(self) -> None:
        """Write what is left, make it durable, end the file; raises SpoolUnavailable if records are lost."""
        self._stop.set()
        self._dirty.set()
        if self._thread is not None:
            self._thread.join(_DISK_TIMEOUT_S)
        with self._lock:
            self._write_pending()
        self._sync()
        with self._lock:
            if self._segment is not None:
                self._segment.close()
                self._segment = None
            if self._pending:
                raise SpoolUnavailable(f"{len(self._pending)} records could not be written to {self._folder}")

    def _hold(self, line: bytes) -> None:
        if self._degraded and len(self._pending) >= self._bound:
            raise SpoolUnavailable(f"the disk fails and {self._bound} records already wait in memory")
        self._pending.append(line)

    def _flush(self) -> None:
        """Write the batch; runs in the loop, once per turn that appended something."""
        self._scheduled = False
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        with self._lock:
            self._write_pending()
            waiters, self._waiters = self._waiters, []
            if self._pending:
                self._retry_later()
            elif self._always and not self._stop.is_set():
                self._sync_waiters += waiters
                return
        self._release(waiters)

    def _retry_later(self) -> None:
        if self._loop is not None and self._retry is None and not self._stop.is_set():
            self._retry = self._loop.call_later(_RETRY_S, self._flush)

    def _write_pending(self) -> None:
        """Bring all held lines into the file, or leave them held and be degraded; under the lock."""
        count = len(self._pending)
        if not count:
            return
        lines = self._pending[:count]
        try:
            self._write_lines(b"".join(lines))
        except OSError as cause:
            self._degrade(cause)
            return
        del self._pending[:count]
        self._unsynced.extend(lines)
        if not self._dirty.is_set():
            self._dirty.set()
            self._start_thread()

    def _write_lines(self, lines: bytes) -> None:
        if self._segment is None or not self._segment.fits(len(lines)):
            successor = Segment.create(self._folder, max(self._segment_bytes, len(lines)))
            if self._segment is not None:
                self._retired.append(self._segment)
            self._segment = successor
        self._segment.write(lines)

    def _start_thread(self) -> None:
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._sync_until_closed, name="spool-sync", daemon=True)
            self._thread.start()

    def _sync_until_closed(self) -> None:
        while not self._stop.is_set():
            if not self._dirty.wait(_DISK_TIMEOUT_S):
                continue
            if not self._always and self._stop.wait(_SYNC_INTERVAL_S):
                return
            self._sync()

    def _sync(self) -> None:
        """Bring all files to the disk, close the full ones, release who waited for it."""
        with self._sync_turn:
            self._syncing = True
            try:
                self._sync_files()
            finally:
                self._syncing = False

    def _sync_files(self) -> None:
        with self._lock:
            self._dirty.clear()
            retired, self._retired = self._retired, []
            current = self._segment
            lines, self._unsynced = self._unsynced, deque(maxlen=self._unsynced.maxlen)
            waiters, self._sync_waiters = self._sync_waiters, []
        try:
            for segment in [*retired, current] if current is not None else retired:
                segment.sync()
        except OSError as cause:
            self._give_up(current, lines, cause)
        else:
            self._recover()
        for segment in retired:
            segment.close()
        self._release_from_thread(waiters)

    def _give_up(self, segment: Segment | None, lines: deque[bytes], cause: OSError) -> None:
        """After a failed sync nobody knows what is on the disk: write those lines again, elsewhere."""
        with self._lock:
            self._pending[:0] = lines
            if segment is not None and self._segment is segment:
                self._segment = None
                segment.close()
            self._degrade(cause)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended; `close` tries once more
                self._loop.call_soon_threadsafe(self._retry_later)

    def _degrade(self, cause: OSError) -> None:
        if not self._degraded:
            self._degraded = True
            _log.error("the spool %s is unavailable, records wait in memory: %s", self._folder, cause)

    def _recover(self) -> None:
        with self._lock:
            if self._degraded and not self._pending:
                self._degraded = False
                _log.warning("the spool %s works again", self._folder)

    def _release_from_thread(self, waiters: list[asyncio.Future[None]]) -> None:
        if waiters and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and with it all who waited
                self._loop.call_soon_threadsafe(self._release, waiters)

    @staticmethod
    def _release(waiters: list[asyncio.Future[None]]) -> None:
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
