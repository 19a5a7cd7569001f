"""What Google's APIs mean by their errors: the details speak before the status, prose speaks last.

Source: google.rpc.Status with `details` (google/rpc/error_details.proto): ErrorInfo, QuotaFailure, RetryInfo;
Gemini API guide "Troubleshooting". Three things differ from other providers: a wrong key is a 400, every
429 of the Gemini API says "check your plan and billing", and the wait stands in the body, not in a header.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from leitstand.core.conversation import Json
from leitstand.providers import faults
from leitstand.providers.faults import FaultKind, UpstreamFault

_BAD_KEY = re.compile(r"API[ _]key (not valid|expired|not found|invalid)|API_KEY_(INVALID|EXPIRED)", re.I)
_TOO_LONG = re.compile(r"exceeds? the maximum number of tokens|token count .{0,40}exceeds", re.I)
_UNPAID = frozenset({"BILLING_DISABLED", "BILLING_NOT_ENABLED", "CONSUMER_SUSPENDED"})
_LASTING = re.compile(r"per_?day|per_?month|spend", re.I)  # allowances whose end is not worth waiting for
_NO_MONEY = re.compile(r"credits? (are|is|has been) depleted|spend(ing)? (cap|limit)|prepa(id|yment)", re.I)
_ELSEWHERE = re.compile(r"location is not supported", re.I)
_TOKEN = re.compile(r"\b(?:ya29\.|AIza|AQ\.)[\w.-]{6,}")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")


def classify(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFault:
    """The fault behind an answer of Google with a status other than 200."""
    fault = faults.classify(status, headers, body)
    try:
        error = _error_of(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _without_token(fault)
    return _refined(fault, status, error)


def in_stream(error: Any) -> UpstreamFault:
    """The fault behind an error object inside an answer with status 200."""
    fault = faults.in_stream(error)
    code = error.get("code") if isinstance(error, dict) else None
    return _refined(fault, code if isinstance(code, int) else 0, error if isinstance(error, dict) else {})


def _refined(fault: UpstreamFault, status: int, error: Json) -> UpstreamFault:
    details = error.get("details")
    known = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    fault.kind = _kind(fault.kind, status, f"{error.get('message', '')}", known)
    if fault.retry_after_s is None:
        fault.retry_after_s = _retry_after(known)
    return _without_token(fault)


def _kind(kind: FaultKind, status: int, message: str, details: list[Json]) -> FaultKind:
    reasons = {str(each.get("reason", "")) for each in details}
    if status == 429:
        lasting = _NO_MONEY.search(message) or any(map(_LASTING.search, _allowances(details)))
        return FaultKind.QUOTA if lasting else FaultKind.RATE_LIMITED
    if status in (400, 403) and _UNPAID & reasons:
        return FaultKind.QUOTA
    if status == 400:
        for pattern, meaning in (
            (_BAD_KEY, FaultKind.AUTH), (_TOO_LONG, FaultKind.CONTEXT_TOO_LONG), (_ELSEWHERE, FaultKind.FORBIDDEN),
        ):  # fmt: skip
            if pattern.search(f"{message} {' '.join(reasons)}"):
                return meaning
    return kind


def _allowances(details: list[Json]) -> Iterator[str]:
    """The names of the allowances that were used up, as QuotaFailure and ErrorInfo tell them."""
    for each in details:
        violations = each.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield f"{violation.get('quotaId', '')} {violation.get('quotaMetric', '')}"
        metadata = each.get("metadata")
        if isinstance(metadata, dict):
            yield str(metadata.get("quota_limit", ""))


def _retry_after(details: list[Json]) -> float | None:
    """Seconds as RetryInfo tells them, e.g. `{"retryDelay": "34.07s"}`."""
    for each in details:
        found = _SECONDS.fullmatch(str(each.get("retryDelay", "")))
        if found:
            return float(found.group(1))
    return None


def _error_of(value: Any) -> Json:
    """The error object, which some of Google's servers wrap in a list."""
    if isinstance(value, list) and value:
        value = value[0]
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}


def _without_token(fault: UpstreamFault) -> UpstreamFault:
    fault.message = _TOKEN.sub("***", fault.message)
    fault.args = (fault.message,)
    return fault
