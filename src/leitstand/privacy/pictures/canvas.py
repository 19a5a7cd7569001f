"""Open and write images with Pillow, with limits: nothing is decoded that is larger than MOST_PIXELS.

What goes out holds pixels only: no EXIF, no position, no thumbnail, no text chunk, of moving pictures the first frame.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from leitstand.privacy.pictures.values import Why

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 25_000_000  # 75 MB decoded; an A4 page at 600 dpi has 35 million, at 400 dpi 15
_KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_QUALITY = 92
_PLAIN_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs"})


class NotReadable(Exception):
    """The bytes cannot be read as an image; why tells the reason."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def opened(content: bytes) -> tuple[Image, str]:
    """The decoded image, upright and in plain colours, and its media type when written again. Raises NotReadable."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
            image = Image.open(io.BytesIO(content), formats=_KINDS)
        if image.width * image.height > MOST_PIXELS:
            raise NotReadable(Why.TOO_LARGE)
        kind = "image/jpeg" if image.format == "JPEG" else "image/png"
        upright = ImageOps.exif_transpose(image)
        has_holes = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        plain = upright.convert("RGBA" if has_holes else "L" if upright.mode in ("1", "L") else "RGB")
        plain.info = {}  # comments and profiles, which would be written again
        return plain, kind
    except Image.DecompressionBombError as cause:
        raise NotReadable(Why.TOO_LARGE) from cause
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError) as cause:
        raise NotReadable(Why.NO_IMAGE) from cause


def flat(image: Image) -> Image:
    """The image in shades of grey on white, as a reader wants it."""
    from PIL import Image

    if image.mode != "RGBA":
        return image.convert("L")
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("L")


def written(image: Image, media_type: str) -> bytes:
    """The image as bytes of that type, pixels only."""
    out = io.BytesIO()
    if media_type == "image/jpeg":
        image.convert("RGB" if image.mode == "RGBA" else image.mode).save(out, "JPEG", quality=_QUALITY)
    else:
        image.save(out, "PNG")
    return out.getvalue()


def is_bare(content: bytes) -> bool:
    """Whether a PNG or JPEG file holds the picture and nothing else, so that it may go out byte for byte."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _is_bare_png(content)
    return content.startswith(b"\xff\xd8\xff") and _is_bare_jpeg(content)


def _is_bare_png(content: bytes) -> bool:
    place = 8
    while place + 12 <= len(content):
        size, name = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if name not in _PLAIN_CHUNKS:
            return False
        place += 12 + size
        if name == b"IEND":
            return place == len(content)
    return False


def _is_bare_jpeg(content: bytes) -> bool:
    """Only tables, frame and one scan. Source: ITU-T T.81, annex B."""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker, size = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == 0xDA:
            return content.find(b"\xff\xd9", place) == len(content) - 2
        is_plain = marker in (0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD) or (marker == 0xE0 and size == 16)
        if not is_plain:
            return False
        place += 2 + size
    return False
