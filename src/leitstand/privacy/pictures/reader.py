"""The reader of a process: a few workers, a queue with an end, and what was read lately."""

import asyncio
import base64
import binascii
import os
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from leitstand.core.errors import Overloaded
from leitstand.privacy.pictures import tesseract
from leitstand.privacy.pictures.read import look_at
from leitstand.privacy.pictures.values import Seen, Unseen, Why

TIMEOUT_S = 20.0  # for one look; an A4 page takes some 3 s
_MOST_BYTES = 20 * 2**20
_MOST_WAITING = 40
_KEPT = 256  # pictures; what is kept of one are places and words, never pixels


class PictureReader:
    """Reads pictures off the event loop; safe to share. What it read is known by content, in memory only."""

    def __init__(self, workers: int = 0, timeout_s: float = TIMEOUT_S) -> None:
        """workers: Tesseract processes at once; 0: one for every two processors."""
        self._pool = ThreadPoolExecutor(workers or max(1, (os.cpu_count() or 1) // 2), "pictures")
        self._timeout_s = timeout_s
        self._kept: OrderedDict[bytes, Seen | Unseen] = OrderedDict()
        self._waiting = 0
        self._lock = threading.Lock()

    async def read(self, base64_text: str) -> Seen | Unseen:
        """What is written in a picture. Raises Overloaded (503) where too many wait already."""
        if not tesseract.is_installed():
            return Unseen(Why.NO_READER)
        if self._waiting >= _MOST_WAITING:
            raise Overloaded(
                "Es werden gerade zu viele Bilder geprüft. Bitte versuchen Sie es gleich noch einmal.",
                "Too many pictures are being checked. Please try again in a moment.",
                retry_after_s=5,
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self.look, base64_text)
        finally:
            self._waiting -= 1

    def look(self, base64_text: str) -> Seen | Unseen:
        """The same, in the caller's thread."""
        if len(base64_text) > _MOST_BYTES * 4 // 3:
            return Unseen(Why.TOO_LARGE)
        key = sha256(base64_text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        try:
            seen = look_at(base64.b64decode(base64_text), self._timeout_s)
        except (binascii.Error, ValueError):
            seen = Unseen(Why.NO_IMAGE)
        if isinstance(seen, Seen) or seen.why not in (Why.TOO_SLOW, Why.FAILED):  # these may pass
            with self._lock:
                self._kept[key] = seen
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return seen

    def close(self) -> None:
        """End the workers; what they have in hand is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
