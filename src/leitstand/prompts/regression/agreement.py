"""How much two answers agree: character n-grams for prose, field by field for JSON. 0 = nothing, 1 = the same."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import msgspec

_LONGEST_GRAM = 6
_MOST_CHARACTERS = 8_000  # of each text; 10 ms per comparison


def similarity(one: str, other: str) -> float:
    """chrF: the F1 of shared character n-grams, mean over n = 1..6, blanks left out.

    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015), with beta = 1.
    """
    one, other = ("".join(text.split())[:_MOST_CHARACTERS] for text in (one, other))
    if one == other:
        return 1.0
    if not one or not other:
        return 0.0
    scores = []
    for size in range(1, _LONGEST_GRAM + 1):
        left, right = _grams(one, size), _grams(other, size)
        total = left.total() + right.total()
        if total:
            scores.append(2 * (left & right).total() / total)
    return sum(scores) / len(scores)


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))


def answers_agree(one: str, other: str) -> float:
    """Agreement of two answers; where both are JSON objects or lists, of their fields."""
    left, right = _json(one), _json(other)
    if left is None or right is None:
        return similarity(one, other)
    fields, others = _leaves(left), _leaves(right)
    places = fields.keys() | others.keys()
    if not places:
        return 1.0
    return sum(_same(fields.get(place), others.get(place)) for place in places) / len(places)


def _json(text: str) -> Any:
    try:
        value = msgspec.json.decode(text.strip().encode())
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict | list) else None


def _leaves(value: Any, place: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in _leaves(inner, f"{place}.{key}").items()}
    if isinstance(value, list):
        return {k: v for i, inner in enumerate(value) for k, v in _leaves(inner, f"{place}[{i}]").items()}
    return {place: value}


def _same(one: Any, other: Any) -> float:
    if isinstance(one, str) and isinstance(other, str):
        return similarity(one, other)
    return 1.0 if one == other and type(one) is type(other) else 0.0


def among(answers: Sequence[str]) -> float:
    """Mean agreement of all pairs of one model's answers to one question; 1 for fewer than two."""
    pairs = [answers_agree(one, other) for one, other in combinations(answers, 2)]
    return sum(pairs) / len(pairs) if pairs else 1.0


def between(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Mean agreement of every answer of one model with every one of the other; 0 when one gave none."""
    pairs = [answers_agree(one, other) for one in ours for other in theirs]
    return sum(pairs) / len(pairs) if pairs else 0.0
