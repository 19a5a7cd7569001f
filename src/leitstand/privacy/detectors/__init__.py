"""Detectors: one file each; a new one (a trained tagger, too) is one more file with a `DETECTOR`.

In: a text. Out: entities with character offsets into that text, unresolved overlaps included.
Must not know: other detectors, placeholders, the request that the text comes from.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from leitstand.privacy.detectors.base import Detector

_NO_DETECTOR = frozenset({"base", "checks", "words"})


@cache
def load_detectors() -> tuple[Detector, ...]:
    """Every detector on this shelf, sorted by name; raises ValueError when two share a name."""
    shelf: dict[str, Detector] = {}
    for module in iter_modules(__path__):
        if module.name in _NO_DETECTOR:
            continue
        detector: Detector = import_module(f"{__name__}.{module.name}").DETECTOR
        if detector.name in shelf:
            raise ValueError(f"two detectors are called '{detector.name}'; names must differ")
        shelf[detector.name] = detector
    return tuple(shelf[name] for name in sorted(shelf))
