"""Mistral's error bodies: one shape for refusals of the service, another for fields that do not fit."""

import math

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.values import Json
from leitstand.simulator.wire import Problem

# fault: status, type, code, message
_TABLE: dict[str, tuple[int, str, str | None, str]] = {
    "rate_limit": (429, "rate_limited", "1300", "Rate limit exceeded"),
    "rate_limit_bare": (
        429, "service_tier_capacity_exceeded", "3505", "Service tier capacity exceeded for this model.",
    ),
    "quota": (402, "payment_required", "1904", "Your account has no active payment method."),
    "server_error": (500, "internal_server_error", "3700", "Internal server error"),
    "unavailable": (503, "internal_server_proxy", "1000", "Service unavailable."),
    "overloaded": (503, "unreachable_backend", "1100", "Service unavailable, the backend is overloaded."),
    "forbidden": (403, "forbidden", "1901", "You do not have access to this resource."),
    "not_found": (400, "invalid_model", "1500", "Invalid model: {model}"),
    "context_overflow": (
        400, "invalid_request_prompt", "3051",
        "Prompt contains 140012 tokens and 0 draft tokens, too large for model with 131072 maximum context length",
    ),
    "content_filter": (
        403, "guardrails_violation", "3900", "The request was blocked by the content filter of the guardrail.",
    ),
}  # fmt: skip


def refusal(fault: Fault, model: str) -> Problem:
    """The error answer for a fault of the table; a wrong key is refused by the proxy in front, in its own shape."""
    if fault.fault == "unauthorized":
        return Problem(401, msgspec.json.encode({"detail": "Unauthorized"}))
    status, kind, code, message = _TABLE[fault.fault]
    headers = (("retry-after", str(math.ceil(fault.retry_after))),) if fault.fault == "rate_limit" else ()
    return Problem(status, body(message.format(model=model or "the model"), kind, code, status), headers)


def body(message: str, kind: str, code: str | None, status: int) -> bytes:
    """The error object."""
    return msgspec.json.encode(
        {
            "object": "error", "message": message, "type": kind, "param": None, "code": code,
            "raw_status_code": status,
        }
    )  # fmt: skip


def refused(message: str, kind: str, code: str) -> Problem:
    """400 for a request that is understood and not accepted."""
    return Problem(400, body(message, kind, code, 400))


def unfit(*details: Json) -> Problem:
    """422 for fields that do not fit the schema."""
    return Problem(422, msgspec.json.encode({"detail": list(details)}))


def unknown_path() -> Problem:
    """404 for a path that the API does not have."""
    return Problem(404, msgspec.json.encode({"message": "no Route matched with those values"}))
