"""A file of 64-bit words, shared by processes, changed in transactions that survive `kill -9`.

The file is memory-mapped: what a process has stored stays in the kernel's page cache when it dies. Between
processes an `flock` keeps order; the kernel releases it when its holder dies, at whatever instruction. So that
nobody then finds half a change, every change is a redo log: first all (word, value) pairs are written beside,
then one store of their count makes the change valid, then it is applied, then the count is cleared. Whoever
takes the lock and finds a count applies the log again, which is idempotent because it holds absolute values.
A power cut may tear the file; the boot id in the header tells, and the counters are rebuilt (see `Counters`).
"""

import fcntl
import mmap
import os
import threading
import time
from array import array
from pathlib import Path
from types import TracebackType

from leitstand.core.errors import Overloaded

LOG = 32  # word that counts the valid words of the log; they follow it
LOG_WORDS = 256
HEADER_WORDS = 512
MAGIC, BOOT_0, BOOT_1, REBUILD = 0, 1, 2, 3  # words of the header; 8 to 31 belong to the tables

_LOCK_TIMEOUT_S = 5.0
_SPINS = 40
_NAP_S = 0.0001
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class MappedWords:
    """The words, and the lock around them: `with mapped:` … `commit` …

    Not to be carried over a fork: parent and child would share one lock.
    """

    def __init__(self, path: Path, size_words: int, magic: int) -> None:
        """Open or make the file. magic: names layout and sizes; raises ValueError if the file has another."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._mutex = threading.Lock()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock()
        try:
            if os.fstat(self._fd).st_size < size_words * 8:
                os.ftruncate(self._fd, size_words * 8)  # sparse: blocks appear as words are written
            self._map = mmap.mmap(self._fd, size_words * 8)
            self.bytes = memoryview(self._map)
            self.words = self.bytes.cast("q")
            self._check_header(path, magic)
        finally:
            self._unlock()

    def _check_header(self, path: Path, magic: int) -> None:
        if self.words[MAGIC] == 0:
            self.words[REBUILD] = 1
            self.words[MAGIC] = magic
        elif self.words[MAGIC] != magic:
            raise ValueError(
                f"{path} was written by another version; delete it, it is rebuilt from the journal"
            )
        boot = _boot_words()
        if (self.words[BOOT_0], self.words[BOOT_1]) != boot:
            self.words[REBUILD] = 1
            self.words[BOOT_0], self.words[BOOT_1] = boot

    def __enter__(self) -> memoryview:
        """Take the lock, finish what a dead process began, and return the words."""
        if not self._mutex.acquire(timeout=_LOCK_TIMEOUT_S):
            raise _busy()
        try:
            self._lock()
        except BaseException:
            self._mutex.release()
            raise
        if self.words[LOG]:
            self._apply_log()
        return self.words

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock()
        self._mutex.release()

    def commit(self, writes: list[int]) -> None:
        """Change words all or nothing, also if this process dies meanwhile.

        writes: word, value, word, value …, at most LOG_WORDS numbers; a word twice takes its last value.
        """
        if len(writes) > LOG_WORDS:
            raise ValueError(f"a change of {len(writes) // 2} words is larger than the log")
        words = self.words
        words[LOG + 1 : LOG + 1 + len(writes)] = array("q", writes)
        words[LOG] = len(writes)
        for at in range(0, len(writes), 2):
            words[writes[at]] = writes[at + 1]
        words[LOG] = 0

    def _apply_log(self) -> None:
        words = self.words
        for at in range(LOG + 1, LOG + 1 + words[LOG], 2):
            words[words[at]] = words[at + 1]
        words[LOG] = 0

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_patiently()

    def _lock_patiently(self) -> None:
        """Others hold it for some microseconds: yield first, then nap; a stopped holder must not stop us."""
        give_up = time.monotonic() + _LOCK_TIMEOUT_S
        turn = 0
        while time.monotonic() < give_up:
            turn += 1
            time.sleep(0 if turn < _SPINS else _NAP_S)
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return
        raise _busy()

    def _unlock(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Unmap and close; idempotent."""
        if self._fd < 0:
            return
        self.words.release()
        self.bytes.release()
        self._map.close()
        os.close(self._fd)
        self._fd = -1


def _busy() -> Overloaded:
    return Overloaded(
        "Die Budgetzähler antworten nicht. Bitte versuchen Sie es in einigen Sekunden erneut.",
        "The budget counters do not answer. Please try again in some seconds.",
        retry_after_s=5,
    )


def _boot_words() -> tuple[int, int]:
    """The kernel's id of this boot as two words; 0, 0 where there is none."""
    try:
        number = int(_BOOT_ID.read_text().replace("-", ""), 16)
    except (OSError, ValueError):
        return 0, 0
    low, high = number & (2**63 - 1), number >> 65
    return low, high
