"""The labels of the tagger, and sets of them as bits: a piece of text may have several right answers."""

from leitstand.privacy.tagging.labels import BEGINS, LABELS

BIT = {name: 1 << number for number, name in enumerate(LABELS)}
ALL = (1 << len(LABELS)) - 1
NOTHING = BIT["O"] | BIT["LOC"] | BIT["PUBLIC"]
"""Unlabelled text of our own templates: no personal data, whatever else it is."""

_NAMES = ("PERSON", "ORG", "ADDRESS")
_STRUCTURED = ALL & ~sum(BIT[name] | BIT[f"B-{name}"] for name in _NAMES)
UNMARKED_IN_CORPUS = _STRUCTURED
"""Unlabelled text of the corpora: no name of theirs; numbers were not annotated there."""


def bits(label: str, first: bool) -> int:
    """The right answers for a piece inside a span; first: whether it belongs to the span's first word."""
    if label == "ANY":
        return ALL
    if "/" in label:
        return sum(bits(part, first) for part in label.split("/"))
    return BIT[f"B-{label}"] if first and label in BEGINS else BIT[label]
