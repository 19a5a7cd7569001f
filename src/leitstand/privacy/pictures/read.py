"""Read a picture: two looks, independent of each other, which must agree.

The first takes the page for laid-out text, the second hunts for scattered words at another size, so each finds words
that the other misses; both turn pages that lie on their side. Where they disagree on most words, there is writing that
Tesseract cannot read (strongly tilted, by hand, blurred), and the picture counts as illegible. Marks that may be words
and were not made out are doubtful. What is no writing is not looked at: faces, signatures, bar codes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from leitstand.privacy.pictures.canvas import NotReadable, flat, opened
from leitstand.privacy.pictures.tesseract import ReaderFailed, Reading, read
from leitstand.privacy.pictures.values import Box, Look, Seen, Unseen, Why

if TYPE_CHECKING:
    from PIL.Image import Image

_PAGE, _SCATTERED = 1, 12  # Tesseract's layouts that also find out which side is up
_PAGE_PIXELS, _SCATTERED_PIXELS = 8e6, 11e6  # about what is enlarged to; A4 at 300 dpi has 8.7 million
_MOST_ENLARGED = (2.0, 3.0)
_LEAST_SIDE = 8  # pixels; nothing can be written in less
_LONG = 4  # letters and digits of a word by which looks are compared
_FEW = 5  # so many long words say nothing about the whole


def look_at(content: bytes, timeout_s: float) -> Seen | Unseen:
    """What is written in an image; timeout_s: for each of the two looks. Blocking: call from a worker."""
    try:
        image, _ = opened(content)
        if min(image.size) < _LEAST_SIDE:
            return Seen(())
        grey = flat(image)
        page = read(grey, _PAGE, _enlarged(grey, _PAGE_PIXELS, _MOST_ENLARGED[0]), timeout_s)
        scattered = read(grey, _SCATTERED, _enlarged(grey, _SCATTERED_PIXELS, _MOST_ENLARGED[1]), timeout_s)
    except NotReadable as fault:
        return Unseen(fault.why)
    except ReaderFailed as fault:
        return Unseen(Why.TOO_SLOW if fault.too_slow else Why.FAILED)
    return _judged(page, scattered)


def _enlarged(image: Image, pixels: float, most: float) -> float:
    return min(most, math.sqrt(pixels / (image.width * image.height)))


def _judged(page: Reading, scattered: Reading) -> Seen | Unseen:
    if not _agree(page.look, scattered.look):
        return Unseen(Why.ILLEGIBLE)
    looks = tuple(look for look in (page.look, scattered.look) if look.text)
    return Seen(looks, (*_unsure(page, scattered), *_unsure(scattered, page)))


def _unsure(reading: Reading, other: Reading) -> Iterator[Box]:
    """What a look was unsure of, and the other did not read surely."""
    return (box for box in reading.doubtful if not any(box.mostly_is(sure) for sure in other.sure))


def _agree(first: Look, second: Look) -> bool:
    ours, theirs = _long_words(first.text), _long_words(second.text)
    return len(ours | theirs) < _FEW or 2 * len(ours & theirs) >= len(ours | theirs)


def _long_words(text: str) -> set[str]:
    words = ("".join(filter(str.isalnum, word)).casefold() for word in text.split())
    return {word for word in words if len(word) >= _LONG}
