"""Anthropic's error bodies."""

import math

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.wire import Problem

_RETRY = ("x-should-retry", "true")
_RETRYABLE = frozenset({"rate_limit", "rate_limit_bare", "server_error", "unavailable", "overloaded"})

# fault: status, type, message
_TABLE: dict[str, tuple[int, str, str]] = {
    "rate_limit": (
        429, "rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute.",
    ),
    "rate_limit_bare": (429, "rate_limit_error", "Rate limited"),
    "quota": (
        400, "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    "server_error": (500, "api_error", "Internal server error"),
    "unavailable": (503, "api_error", "Service unavailable"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "unauthorized": (401, "authentication_error", "invalid x-api-key"),
    "forbidden": (403, "permission_error", "Your API key does not have permission to use the specified resource."),
    "not_found": (404, "not_found_error", "model: {model}"),
    "context_overflow": (400, "invalid_request_error", "prompt is too long: 210034 tokens > 200000 maximum"),
    "content_filter": (400, "invalid_request_error", "Output blocked by content filtering policy"),
}  # fmt: skip


def refusal(fault: Fault, model: str, request_id: str) -> Problem:
    """The error answer for a fault of the table."""
    status, kind, message = _TABLE[fault.fault]
    headers = (_RETRY,) if fault.fault in _RETRYABLE else ()
    if fault.fault == "rate_limit":
        headers = (*headers, ("retry-after", str(math.ceil(fault.retry_after))))
    return Problem(status, body(kind, message.format(model=model), request_id), headers)


def invalid(message: str, request_id: str) -> Problem:
    """400 for a request that cannot be understood."""
    return Problem(400, body("invalid_request_error", message, request_id))


def not_found(request_id: str) -> Problem:
    """404 for a path that the API does not have."""
    return Problem(404, body("not_found_error", "Not Found", request_id))


def body(kind: str, message: str, request_id: str) -> bytes:
    """The error object, as a body and as the data of an `error` event."""
    error = {"type": kind, "message": message}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})
