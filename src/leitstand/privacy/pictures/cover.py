"""Cover places of a picture: a filled box over each, with a placeholder on it where it fits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from leitstand.privacy.pictures.canvas import is_bare, opened, written
from leitstand.privacy.pictures.values import Box, Cover

if TYPE_CHECKING:
    from PIL.Image import Image

_LEAST_FONT, _MOST_FONT = 7, 60  # pixels
_PAPER, _INK = "#e4e4e4", "#101010"


def covered(content: bytes, media_type: str, covers: Iterable[Cover]) -> tuple[bytes, str]:
    """The image with its covers, without anything but pixels, and its media type. Raises NotReadable.

    A file that needs no cover and holds nothing but the picture stays as it is, byte for byte.
    """
    wanted = list(covers)
    if not wanted and is_bare(content):
        return content, media_type
    image, kind = opened(content)
    if image.mode == "L" and wanted:
        image = image.convert("RGB")
    for cover in wanted:
        _fill(image, _with_margin(cover.box, image))
    for cover in wanted:  # after all boxes, so that none hides a label
        _write(image, _with_margin(cover.box, image), cover.label)
    return written(image, kind), kind


def _with_margin(box: Box, image: Image) -> Box:
    """A little more than the word: what stands out of it, accents and descenders, identifies too."""
    margin = 2 + (box.bottom - box.top) // 6
    return Box(
        max(0, box.left - margin), max(0, box.top - margin),
        min(image.width, box.right + margin), min(image.height, box.bottom + margin),
    )  # fmt: skip


def _fill(image: Image, box: Box) -> None:
    from PIL import ImageDraw

    ImageDraw.Draw(image).rectangle(
        (box.left, box.top, box.right - 1, box.bottom - 1), fill=_PAPER, outline=_INK
    )


def _write(image: Image, box: Box, label: str) -> None:
    from PIL import ImageDraw, ImageFont

    if not label:
        return
    draw = ImageDraw.Draw(image)
    room, height = box.right - box.left - 4, box.bottom - box.top - 2
    size = min(height, _MOST_FONT)
    while size >= _LEAST_FONT:
        font = ImageFont.load_default(size)
        left, top, right, bottom = draw.textbbox((0, 0), label, font=font)
        if right - left <= room and bottom - top <= height:
            at = (
                box.left + 2 + (room - right + left) // 2 - left,
                box.top + 1 + (height - bottom + top) // 2 - top,
            )
            draw.text(at, label, fill=_INK, font=font)
            return
        size -= 1
