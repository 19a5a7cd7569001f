"""Large files over HTTP: resumed where they were cut, redirects followed, nothing kept that is not whole."""

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from leitstand.providers.base import HTTPAnswer
from leitstand.providers.http.faults import HTTPFault
from leitstand.providers.http.pool import Pool
from leitstand.providers.http.request import HTTPRequest, Timeouts

Progress = Callable[[int, int | None], None]
"""Told the bytes that are here and, where known, the bytes in all."""

_TIMEOUTS = Timeouts(connect_s=15, first_byte_s=60, idle_s=60, total_s=24 * 3600)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_TRIES = 5  # in a row without a single new byte
_PAUSE_S = 0.5
SPARE_BYTES = 64 * 1024 * 1024


class DownloadFailed(Exception):
    """No whole file; what has arrived is kept, so that the next try goes on from there."""


async def download(url: str, part: Path, progress: Progress, pool: Pool) -> None:
    """Fetch `url` into `part`, going on from what an earlier try of the same URL left there.

    Raises DownloadFailed. A resumed file is only continued if the server still has the same version of it.
    """
    note = part.with_name(part.name + ".json")
    failures = 0
    while True:
        before = _size(part)
        try:
            await _attempt(url, part, note, progress, pool)
        except HTTPFault as cause:
            failures = 0 if _size(part) > before else failures + 1
            if failures >= _TRIES:
                raise DownloadFailed(f"{_shown(url)}: {cause}") from cause
            await asyncio.sleep(_PAUSE_S * failures)
        else:
            _remove(note)
            return


async def _attempt(url: str, part: Path, note: Path, progress: Progress, pool: Pool) -> None:
    version = _version(note, url)
    have = _size(part) if version else 0
    headers = (("range", f"bytes={have}-"), ("if-range", version)) if have and version else ()
    place = url
    for _ in range(_MOST_REDIRECTS + 1):
        async with pool.send(HTTPRequest("GET", place, headers), _TIMEOUTS) as answer:
            if answer.status not in _REDIRECTS:
                return await _take(answer, url, part, note, have, progress)
            place = _next_place(place, answer.headers.get("location", ""))
    raise DownloadFailed(f"{_shown(url)}: more than {_MOST_REDIRECTS} redirects")


async def _take(answer: HTTPAnswer, url: str, part: Path, note: Path, have: int, progress: Progress) -> None:
    if answer.status not in (200, 206):
        if answer.status == 416:
            _remove(note)  # what lies there does not fit this file: the next try starts anew
        raise DownloadFailed(f"{_shown(url)}: the server answered with status {answer.status}")
    begin = have if answer.status == 206 else 0
    total = _total(answer.headers, begin)
    require_space(part.parent, None if total is None else total - begin)
    _write_note(note, url, answer.headers.get("etag", ""))
    with part.open("r+b" if begin else "wb") as file:
        file.seek(begin)
        file.truncate()
        await _copy(answer, file, begin, total, progress)
    if total is not None and _size(part) != total:
        raise DownloadFailed(f"{_shown(url)}: {_size(part)} of {total} bytes arrived")


async def _copy(answer: HTTPAnswer, file: BinaryIO, done: int, total: int | None, progress: Progress) -> None:
    while piece := await answer.read():
        file.write(piece)
        done += len(piece)
        progress(done, total)


def require_space(folder: Path, needed_bytes: int | None) -> None:
    """Raise DownloadFailed if the disk cannot take that much and a little more."""
    free = shutil.disk_usage(folder).free
    if needed_bytes is not None and free < needed_bytes + SPARE_BYTES:
        raise DownloadFailed(
            f"not enough space in {folder}: {needed_bytes / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free"
        )


def _total(headers: Mapping[str, str], begin: int) -> int | None:
    whole = headers.get("content-range", "").rpartition("/")[2]
    if whole.isdigit():
        return int(whole)
    length = headers.get("content-length", "")
    return begin + int(length) if length.isdigit() else None


def _write_note(note: Path, url: str, version: str) -> None:
    note.write_text(json.dumps({"url": url, "version": version}), "utf-8")


def _remove(note: Path) -> None:
    note.unlink(missing_ok=True)


def _version(note: Path, url: str) -> str:
    """The strong entity tag under which the part was begun, "" when it cannot be continued."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(note.read_text("utf-8"))
        version = str(kept["version"])
        if kept["url"] == url and not version.startswith("W/"):
            return version
    return ""


def _next_place(place: str, location: str) -> str:
    target = urljoin(place, location)
    if not location or urlsplit(target).scheme not in ("http", "https"):
        raise DownloadFailed(f"{_shown(place)}: a redirect to nowhere")
    if urlsplit(place).scheme == "https" and urlsplit(target).scheme == "http":
        raise DownloadFailed(f"{_shown(place)}: a redirect from https to http is not followed")
    return target


def _shown(url: str) -> str:
    """A URL for messages: without its query, which may hold a signature."""
    return url.partition("?")[0]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
