"""Checks on one answer: deterministic, without a model, each with a value that people write into the set."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from leitstand.prompts.regression.agreement import similarity

_MOST_CHARACTERS = 50_000


class Check(msgspec.Struct, frozen=True):
    """One demand on an answer. kind: a key of KINDS; value: of the type that the kind takes."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Asked:
    """What a check may look at beside the answer."""

    prompt: str
    reference: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of check. de: what it demands, for pages. fault: what is wrong with a value, or empty."""

    de: str
    en: str
    fault: Callable[[Any], str]
    holds: Callable[[str, Any, Asked], bool]


def passes(check: Check, answer: str, asked: Asked) -> bool:
    """Whether an answer meets a check; an unreadable answer meets none of the structured ones."""
    return KINDS[check.kind].holds(answer[:_MOST_CHARACTERS], check.value, asked)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _texts_fault(value: Any) -> str:
    texts = _words(value) if isinstance(value, str | list) else []
    ok = bool(texts) and all(isinstance(text, str) and text.strip() for text in texts)
    return "" if ok else "a text or a list of texts is expected"


def _count_fault(value: Any) -> str:
    ok = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_CHARACTERS
    return "" if ok else f"a number from 1 to {_MOST_CHARACTERS} is expected"


def _share_fault(value: Any) -> str:
    ok = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
    return "" if ok else "a share above 0 and up to 1 is expected"


def _yes_fault(value: Any) -> str:
    return "" if value is True else "only 'true' makes sense here; leave the check out otherwise"


def _language_fault(value: Any) -> str:
    return "" if value in _FUNCTION_WORDS else f"one of {', '.join(_FUNCTION_WORDS)} is expected"


def _schema_fault(value: Any) -> str:
    from jsonschema import Draft202012Validator, SchemaError  # loaded with the first such check

    if not isinstance(value, dict):
        return "a JSON schema is expected"
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as cause:
        return f"no valid JSON schema: {cause.message}"
    return ""


def _fits_schema(answer: str, schema: Any, _asked: Asked) -> bool:
    value = json_in(answer)
    return value is not None and _validator(json.dumps(schema, sort_keys=True)).is_valid(value)


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema))


_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?```\s*\Z", re.DOTALL)


def json_in(answer: str) -> Any:
    """The JSON object or list that an answer is, also inside a code fence; None when it is none."""
    fenced = _FENCE.match(answer)
    try:
        value = msgspec.json.decode((fenced[1] if fenced else answer).strip().encode())
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict | list) else None


_NUMBER = re.compile(r"\d+(?:[.,\u202f\u00a0']\d+)*")


def numbers(text: str) -> set[str]:
    """The numbers of a text in one form: `1.234,50`, `1,234.50` and `1234,5` are the same."""
    return {_plain_number(found) for found in _NUMBER.findall(text)}


def _plain_number(written: str) -> str:
    """Digits with a point before the fraction. A group of three after a separator counts as thousands."""
    parts = re.split(r"[.,\u202f\u00a0']", written)
    separators = re.findall(r"[.,\u202f\u00a0']", written)
    fraction = ""
    if separators:
        is_thousands = len(parts[-1]) == 3 and len(set(separators)) == 1 and parts[0] != "0"
        if not is_thousands:
            fraction = parts.pop()
    whole = "".join(parts).lstrip("0") or "0"
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


_GERMAN = (
    "der die das und ist nicht mit für von den dem ein eine wir sie ich auf zu im bei werden wird auch "
    "als an sich oder aus nach ihr ihre ihnen uns haben hat sind"
)
_ENGLISH = (
    "the and is not with for of to in on a an we you i are be will this that it as at by from or your our "
    "have has please"
)
_FUNCTION_WORDS = {"de": frozenset(_GERMAN.split()), "en": frozenset(_ENGLISH.split())}


def _is_language(answer: str, language: str, _asked: Asked) -> bool:
    """By function words; the other language must not have more of them."""
    words = re.findall(r"[a-zäöüß]+", answer.lower())
    counts = {name: sum(word in known for word in words) for name, known in _FUNCTION_WORDS.items()}
    return counts[language] > 0 and counts[language] == max(counts.values())


def _all_in(answer: str, texts: Iterable[str]) -> bool:
    folded = _folded(answer)
    return all(_folded(text) in folded for text in texts)


KINDS: dict[str, Kind] = {
    "contains": Kind(
        "enthält", "contains", _texts_fault, lambda answer, value, _: _all_in(answer, _words(value))
    ),
    "contains_any": Kind(
        "enthält eines von", "contains one of", _texts_fault,
        lambda answer, value, _: any(_all_in(answer, [text]) for text in _words(value)),
    ),
    "excludes": Kind(
        "enthält nicht", "does not contain", _texts_fault,
        lambda answer, value, _: not any(_all_in(answer, [text]) for text in _words(value)),
    ),
    "max_chars": Kind(
        "höchstens Zeichen", "characters at most", _count_fault, lambda answer, value, _: len(answer) <= value
    ),
    "min_chars": Kind(
        "mindestens Zeichen", "characters at least", _count_fault, lambda answer, value, _: len(answer) >= value
    ),
    "language": Kind("Sprache", "language", _language_fault, _is_language),
    "json_schema": Kind("JSON nach Schema", "JSON by schema", _schema_fault, _fits_schema),
    "keeps_numbers": Kind(
        "nennt alle Zahlen der Frage", "gives every number of the question", _yes_fault,
        lambda answer, _value, asked: numbers(asked.prompt) <= numbers(answer),
    ),
    "invents_no_numbers": Kind(
        "nennt keine fremden Zahlen", "gives no number of its own", _yes_fault,
        lambda answer, _value, asked: numbers(answer) <= numbers(f"{asked.prompt} {asked.reference}"),
    ),
    "similar": Kind(
        "ähnlich der Musterantwort", "similar to the reference", _share_fault,
        lambda answer, value, asked: similarity(answer, asked.reference) >= value,
    ),
}  # fmt: skip
"""By the name that stands in the set."""
