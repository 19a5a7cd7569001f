"""Together.ai's error bodies."""

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.wire import Problem, mint

# fault: status, type, code, message
_TABLE: dict[str, tuple[int, str, str | None, str]] = {
    "rate_limit": (
        429, "dynamic_request_limited", "rate_limit_exceeded",
        "You are above the dynamic rate of {model}. Please slow down your requests.",
    ),
    "rate_limit_bare": (
        429, "dynamic_token_limited", "rate_limit_exceeded", "You are above the dynamic token rate of {model}.",
    ),
    "quota": (
        402, "credit_limit", None,
        "Credit limit exceeded, please navigate to https://api.together.xyz/settings/billing to add credits.",
    ),
    "server_error": (500, "server_error", None, "Internal server error"),
    "unavailable": (503, "service_unavailable", None, "The server is overloaded or not ready yet."),
    "overloaded": (503, "service_unavailable", None, "The engine of {model} is overloaded."),
    "unauthorized": (
        401, "invalid_request_error", "invalid_api_key",
        "Invalid API key provided. You can find your API key at https://api.together.xyz/settings/api-keys.",
    ),
    "forbidden": (403, "forbidden", None, "This organization may not use {model}."),
    "not_found": (
        404, "invalid_request_error", "model_not_available",
        "Unable to access model {model}. Please visit https://api.together.ai/models to view the list.",
    ),
    "context_overflow": (
        403, "invalid_request_error", None,
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 131073. Given: 140000 `inputs` "
        "tokens and 2048 `max_new_tokens`",
    ),
    "content_filter": (
        400, "invalid_request_error", "content_filter", "The safety model has refused the content of the prompt.",
    ),
}  # fmt: skip


def refusal(fault: Fault, model: str) -> Problem:
    """The error answer for a fault of the table; the wait has a header of its own name."""
    status, kind, code, message = _TABLE[fault.fault]
    headers = (("x-ratelimit-reset", f"{fault.retry_after:g}"),) if fault.fault == "rate_limit" else ()
    return Problem(status, _body(message.format(model=model or "the model"), kind, code), headers)


def invalid(message: str, status: int = 400) -> Problem:
    """A request that cannot be understood."""
    return Problem(status, _body(message, "invalid_request_error", None))


def _body(message: str, kind: str, code: str | None) -> bytes:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return msgspec.json.encode({"id": mint("o"), "error": error})
