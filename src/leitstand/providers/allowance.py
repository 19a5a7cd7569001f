"""What a provider says it still allows us, read from the headers of any of its answers.

    provider             names                                                       reset
    OpenAI, Groq, Azure  x-ratelimit-{limit,remaining,reset}-{requests,tokens}       `6m0s`, `20ms`; Azure seconds
    Anthropic            anthropic-ratelimit-{requests,tokens,input-tokens,…}-…      a moment (RFC 3339)
    Mistral              x-ratelimit-{limit,remaining}-{req,tokens}-{minute,month}   none; the minute is the window
    Together             x-ratelimit-{limit,remaining,reset}, x-tokenlimit-…         seconds
    Cohere (trial keys)  x-trial-endpoint-call-{limit,remaining}                     none; per minute
    IETF draft           ratelimit-{limit,remaining,reset}                           seconds

Gemini, Vertex and Bedrock send none. Figures per month are left out: no waiting for a turn helps there.
Source: the providers' pages on rate limits; draft-ietf-httpapi-ratelimit-headers-07.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

Measure = Literal["requests", "tokens", "input_tokens", "output_tokens"]
_WINDOWS_S = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_MINUTE = "minute"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One figure: `remaining` of `limit` are left, and after `full_in_s` seconds all are there again.

    window: the period that the header names, "" where it names none; tells figures of one measure apart.
    limit, full_in_s: None where the provider does not say.
    """

    measure: Measure
    window: str
    remaining: int
    limit: int | None = None
    full_in_s: float | None = None

    @property
    def window_s(self) -> float:
        """The length of the window; a minute where none is named."""
        return _WINDOWS_S.get(self.window, 60.0)


_MEASURES: Mapping[str, Measure] = {
    "requests": "requests", "req": "requests", "tokens": "tokens", "input-tokens": "input_tokens",
    "output-tokens": "output_tokens",
}  # fmt: skip
_FIELD = r"(?P<field>limit|remaining|reset)"
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"anthropic-ratelimit-(?P<measure>requests|tokens|input-tokens|output-tokens)-{_FIELD}",
        rf"x-ratelimit-{_FIELD}-(?P<measure>requests|req|tokens)(?:-(?P<window>second|minute|hour|day))?",
        rf"(?:x-)?ratelimit-{_FIELD}",
        rf"x-(?P<measure>token)limit-{_FIELD}",
        rf"x-trial-endpoint-call-{_FIELD}",
    )
)
_DURATION = re.compile(
    r"(?:(?P<h>\d{1,6})h)?(?:(?P<m>\d{1,6})m)?(?:(?P<s>\d{1,9}(?:\.\d{1,9})?)s)?(?:(?P<ms>\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_MOST_DIGITS = 15
_EPOCH_S, _EPOCH_MS = 1e9, 1e12  # a larger number is a moment, not a wait


def read(headers: Mapping[str, str], now: datetime) -> tuple[Allowance, ...]:
    """Every allowance that the headers of an answer tell; what cannot be read is left out.

    headers: by lower-case name. now: aware, for resets that are given as a moment.
    """
    found: dict[tuple[Measure, str], dict[str, str]] = {}
    for name, value in headers.items():
        if (place := _place(name)) is not None:
            measure, window, field = place
            found.setdefault((measure, window), {})[field] = value.strip()
    allowances = (_allowance(*key, fields, now) for key, fields in found.items())
    return tuple(each for each in allowances if each is not None)


@lru_cache(maxsize=512)  # the same few names come with every answer
def _place(name: str) -> tuple[Measure, str, str] | None:
    """(measure, window, field) of a header name, or None for another header."""
    for pattern in _NAMES:
        if match := pattern.fullmatch(name):
            parts = match.groupdict()
            word = parts.get("measure") or "requests"
            window = _MINUTE if name.startswith("x-trial") else parts.get("window") or ""
            return _MEASURES.get(word, "tokens"), window, parts["field"]
    return None


def _allowance(measure: Measure, window: str, fields: dict[str, str], now: datetime) -> Allowance | None:
    remaining = _count(fields.get("remaining", ""))
    if remaining is None:
        return None
    reset_s = _wait_s(fields.get("reset", ""), now)
    return Allowance(measure, window, remaining, _count(fields.get("limit", "")), reset_s)


def _count(value: str) -> int | None:
    """A count; a negative one (more was used than allowed) is 0."""
    if value.isdecimal() and len(value) <= _MOST_DIGITS:
        return int(value)
    if _NUMBER.fullmatch(value):
        return int(float(value))
    return 0 if value.startswith("-") and _NUMBER.fullmatch(value[1:]) else None


def _wait_s(value: str, now: datetime) -> float | None:
    """Seconds from now: a duration, a number of seconds, or a moment."""
    if not value:
        return None
    if _NUMBER.fullmatch(value):
        number = float(value)
        if number < _EPOCH_S:
            return number
        return max(0.0, (number / 1000 if number >= _EPOCH_MS else number) - now.timestamp())
    if match := _DURATION.fullmatch(value):
        hours, minutes, seconds, thousandths = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
