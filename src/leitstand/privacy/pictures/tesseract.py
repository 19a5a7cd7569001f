"""Read the writing in an image with Tesseract, a program of its own beside this process (Apache-2.0).

It gets grey pixels, one thread and a time limit, and gives a table: one row per word with its place and how sure it
is. Source of the columns: tesseract(1), configuration `tsv`.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from leitstand.privacy.pictures.values import Box, Look, Word

if TYPE_CHECKING:
    from PIL.Image import Image

LANGUAGE = "deu"
_WORD_LEVEL = "5"
SURE = 50.0  # of 100; below it every second word was misread (docs/benchmarks/scans.md)


class ReaderFailed(Exception):
    """Tesseract did not do its work; too_slow: it ran into the time limit."""

    def __init__(self, reason: str, too_slow: bool = False) -> None:
        super().__init__(reason)
        self.too_slow = too_slow


@dataclass(frozen=True)
class Reading:
    """One look, and the places of the words that it was sure of and of those that it was not."""

    look: Look
    sure: tuple[Box, ...]
    doubtful: tuple[Box, ...]


@cache
def is_installed() -> bool:
    """Whether Tesseract and its German data are there."""
    program = shutil.which("tesseract")
    if program is None:
        return False
    try:
        listed = subprocess.run(  # noqa: S603 - our own command line
            [program, "--list-langs"], capture_output=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return LANGUAGE in listed.stdout.decode(errors="replace").split()


def read(image: Image, layout: int, enlarged: float, timeout_s: float) -> Reading:
    """Read an image in shades of grey; raises ReaderFailed.

    layout: Tesseract's page segmentation mode. enlarged: by how much; places come back in pixels of `image`.
    """
    size = (max(1, round(image.width * enlarged)), max(1, round(image.height * enlarged)))
    pixels = io.BytesIO()
    (image if enlarged == 1 else image.resize(size)).save(pixels, "PPM")
    command = [
        "env", "OMP_THREAD_LIMIT=1", shutil.which("tesseract") or "tesseract", "stdin", "stdout", "-l", LANGUAGE, "--psm", str(layout),
        "--dpi", "300", "tsv",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - our own command line, pixels on stdin
            command, input=pixels.getvalue(), capture_output=True, timeout=timeout_s
        )
    except subprocess.TimeoutExpired as cause:
        raise ReaderFailed("time limit", too_slow=True) from cause
    except OSError as cause:
        raise ReaderFailed(type(cause).__name__) from cause
    if done.returncode != 0:
        raise ReaderFailed(f"exit status {done.returncode}")
    return _of_table(done.stdout.decode("utf-8", "replace"), enlarged)


def _of_table(table: str, enlarged: float) -> Reading:
    text, words, doubtful, sure = "", list[Word](), list[Box](), list[Box]()
    line_before: tuple[str, ...] | None = None
    lines = 0
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        written = (row.get("text") or "").strip()
        if row["level"] != _WORD_LEVEL or not any(char.isalnum() for char in written):
            continue
        box = _box(row, enlarged)
        (doubtful if float(row["conf"]) < SURE else sure).append(box)
        line = (row["block_num"], row["par_num"], row["line_num"])
        if line_before is not None:
            text += " " if line == line_before else "\n"
            lines += line != line_before
        words.append(Word(len(text), len(text) + len(written), box, lines))
        text, line_before = text + written, line
    return Reading(Look(text, tuple(words)), tuple(sure), tuple(doubtful))


def _box(row: dict[str, str], enlarged: float) -> Box:
    left, top, width, height = (int(row[name]) for name in ("left", "top", "width", "height"))
    return Box(
        int(left / enlarged), int(top / enlarged),
        -int(-(left + width) // enlarged), -int(-(top + height) // enlarged),
    )  # fmt: skip
