"""What went wrong at a provider, in one word that routing can decide by.

The status speaks first, the provider's own code second, its prose last.
"""

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

_MESSAGE_LIMIT = 300


class FaultKind(StrEnum):
    """The kinds of failure; what each means for the next step is decided in routing."""

    RATE_LIMITED = "rate_limited"  # 429: too fast; `retry_after_s` if the provider said so
    QUOTA = "quota"  # the account has no money or allowance left; waiting does not help
    AUTH = "auth"  # our key is wrong
    FORBIDDEN = "forbidden"  # our key may not do this
    MODEL_MISSING = "model_missing"
    CONTEXT_TOO_LONG = "context_too_long"
    INVALID = "invalid"  # the provider does not accept the request as such
    CONTENT_FILTER = "content_filter"  # refused for its content; never routed around
    SERVER = "server"
    OVERLOADED = "overloaded"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_FIRST = "timeout_first"  # no content within `first_token_s`
    TIMEOUT_IDLE = "timeout_idle"
    TIMEOUT_TOTAL = "timeout_total"
    CONNECT = "connect"
    CUT = "cut"  # the answer ended before its terminal marker
    MALFORMED = "malformed"
    EMPTY = "empty"  # status 200 and no answer in it


TIMEOUTS = frozenset(
    {FaultKind.TIMEOUT_CONNECT, FaultKind.TIMEOUT_FIRST, FaultKind.TIMEOUT_IDLE, FaultKind.TIMEOUT_TOTAL}
)


class UpstreamFault(Exception):
    """A call that brought no whole answer. The message may be logged and shown to operators."""

    def __init__(
        self,
        kind: FaultKind,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        answered: bool = False,
        sent: bool = True,
        resent: bool = False,
    ) -> None:
        """status: the HTTP status, None when none arrived. retry_after_s: what the provider asked for.

        answered: content had already been yielded, so no other target may take over unseen.
        sent: the request may have reached the provider, and so may be billed.
        resent: it was sent twice already, the first time over a kept connection that was dead.
        """
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
        self.answered = answered
        self.sent = sent
        self.resent = resent

    def __str__(self) -> str:
        status = f" (status {self.status})" if self.status is not None else ""
        return f"{self.kind}{status}: {self.message}"


class Unsupported(Exception):
    """A prompt asks for something that a provider's format cannot say; raised before any call."""

    def __init__(self, feature: str) -> None:
        """feature: the client's own word for it, e.g. `n` or `logprobs`."""
        super().__init__(f"this provider cannot serve {feature!r}")
        self.feature = feature


class _Said(msgspec.Struct, frozen=True):
    """The provider's own words, whatever shape they came in."""

    code: str = ""
    type: str = ""
    message: str = ""


def classify(
    status: int, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None
) -> UpstreamFault:
    """The fault behind an answer with a status other than 2xx.

    headers: by lower-case name. now: aware; only for a `retry-after` given as a date.
    Reads the error shapes of OpenAI, Anthropic, FastAPI and Google (list-wrapped too), plain text and HTML.
    """
    said = _said(body)
    return UpstreamFault(
        _kind(status, said),
        shorten(said.message) or f"the provider answered with status {status}",
        status=status,
        retry_after_s=retry_after(headers, now),
    )


def in_stream(error: Any) -> UpstreamFault:
    """The fault behind an error object that came inside an answer with status 200."""
    said = _from_error(error)
    return UpstreamFault(
        _kind(_status_in(said), said), shorten(said.message) or "the provider reported an error", status=200
    )


def _status_in(said: _Said) -> int:
    """The status that an error would have had as an answer: its number, else that of its name, else 500."""
    for word in (said.code, said.type):
        if word.isdecimal() and 400 <= int(word) < 600:
            return int(word)
        if word in _STATUS_BY_TYPE:
            return _STATUS_BY_TYPE[word]
    return 500


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait as told by `retry-after-ms` or `retry-after` (seconds or HTTP date), else None.

    Source: RFC 9110, section 10.2.3; the millisecond form is OpenAI's.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", value):
            return float(value) * unit_s
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


_SECRET = re.compile(r"(?i)\b(?:sk|pk|key|bearer|token)[-_ :=]+[\w.*+/=-]{6,}")


def shorten(text: str) -> str:
    """Provider text for logs and pages: one line, bounded, without anything that looks like a key."""
    line = _SECRET.sub("***", " ".join(text.split()))
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"


_STATUS_BY_TYPE = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "rate_limit_error": 429, "rate_limit_exceeded": 429, "insufficient_quota": 429,
    "content_filter": 400, "context_length_exceeded": 400,
    "timeout_error": 504, "api_error": 500, "server_error": 500, "overloaded_error": 529,
}  # fmt: skip

_KIND_BY_STATUS = {
    401: FaultKind.AUTH, 402: FaultKind.QUOTA, 403: FaultKind.FORBIDDEN, 404: FaultKind.MODEL_MISSING,
    413: FaultKind.CONTEXT_TOO_LONG, 429: FaultKind.RATE_LIMITED, 503: FaultKind.OVERLOADED,
    529: FaultKind.OVERLOADED, 408: FaultKind.SERVER, 409: FaultKind.SERVER, 425: FaultKind.SERVER,
    498: FaultKind.SERVER, 499: FaultKind.SERVER,
}  # fmt: skip

_QUOTA = re.compile(
    r"insufficient_quota|billing|credit balance|exceeded your current quota|spend_limit|calls / month", re.I
)
_TOO_LONG = re.compile(
    r"context_length_exceeded|prompt is too long|context (length|window|size)|string_above_max_length"
    r"|input is too long|too many (input )?tokens|\bmax_new_tokens\b",
    re.I,
)
_FILTERED = re.compile(
    r"content.filter|content_policy_violation|content management policy|responsibleai", re.I
)
_MISSING = re.compile(
    r"model_not_found|model.{0,80}(does not exist|not found|not_found)|(unknown|invalid)[ _]model", re.I
)


def _kind(status: int, said: _Said) -> FaultKind:
    words = f"{said.code} {said.type} {said.message}"
    if status in (402, 429):
        return FaultKind.QUOTA if status == 402 or _QUOTA.search(words) else FaultKind.RATE_LIMITED
    if status in (400, 403, 422):
        for pattern, kind in (
            (_FILTERED, FaultKind.CONTENT_FILTER),
            (_TOO_LONG, FaultKind.CONTEXT_TOO_LONG),
            (_QUOTA, FaultKind.QUOTA),
            (_MISSING, FaultKind.MODEL_MISSING),
        ):
            if pattern.search(words):
                return kind
    if status in _KIND_BY_STATUS:
        return _KIND_BY_STATUS[status]
    if status >= 500:
        return FaultKind.SERVER
    return FaultKind.INVALID if status >= 400 else FaultKind.MALFORMED


def _said(body: bytes) -> _Said:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Said(message=_prose(body))
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        for key in ("error", "detail", "errors"):
            if value.get(key):
                return _from_error(value[key])
    return _from_error(value)


def _from_error(error: Any) -> _Said:
    if isinstance(error, list) and error:
        error = error[0]
    if not isinstance(error, dict):
        return _Said(message=error if isinstance(error, str) else msgspec.json.encode(error).decode())
    return _Said(
        code=str(error.get("code") or ""),
        type=str(error.get("type") or error.get("status") or ""),
        message=_sentence(error),
    )


def _sentence(error: dict[str, Any]) -> str:
    """The message; Mistral packs a FastAPI list into it, and such a list names the field beside the words."""
    message = error.get("message") or error.get("msg") or ""
    if isinstance(message, dict):
        message = message.get("detail") or message
    if isinstance(message, list) and message and isinstance(message[0], dict):
        error, message = message[0], message[0].get("msg") or message
    words = message if isinstance(message, str) else msgspec.json.encode(message).decode()
    place = error.get("loc")
    return f"{'.'.join(map(str, place))}: {words}" if isinstance(place, list) and place else words


def _prose(body: bytes) -> str:
    """The readable part of plain text or of an HTML error page."""
    text = body[:20_000].decode("utf-8", "replace")
    return re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
