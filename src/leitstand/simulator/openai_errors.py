"""OpenAI's error bodies."""

import math

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.wire import Problem

_SERVER = "The server had an error while processing your request. Sorry about that!"
_DOCS = "For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
_FILTERED = (
    "The response was filtered due to the prompt triggering the content management policy. "
    "Please modify your prompt and retry."
)

# fault: status, type, param, code, message
_TABLE: dict[str, tuple[int, str | None, str | None, str | None, str]] = {
    "rate_limit": (
        429, "requests", None, "rate_limit_exceeded",
        "Rate limit reached for {model} in organization org-simulator on requests per min (RPM): "
        "Limit 500, Used 500, Requested 1. Please try again in {retry_after:g}s.",
    ),
    "rate_limit_bare": (
        429, "tokens", None, "rate_limit_exceeded",
        "Rate limit reached for {model} in organization org-simulator on tokens per min (TPM).",
    ),
    "quota": (
        429, "insufficient_quota", None, "insufficient_quota",
        f"You exceeded your current quota, please check your plan and billing details. {_DOCS}",
    ),
    "server_error": (500, "server_error", None, None, _SERVER),
    "unavailable": (503, "server_error", None, "service_unavailable", "Service temporarily unavailable."),
    "overloaded": (
        503, "service_unavailable_error", None, "server_is_overloaded",
        "Our servers are currently overloaded. Please try again later.",
    ),
    "unauthorized": (
        401, "invalid_request_error", None, "invalid_api_key",
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    "forbidden": (
        403, "request_forbidden", None, "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    "not_found": (
        404, "invalid_request_error", None, "model_not_found",
        "The model `{model}` does not exist or you do not have access to it.",
    ),
    "context_overflow": (
        400, "invalid_request_error", "messages", "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in "
        "131072 tokens. Please reduce the length of the messages.",
    ),
    "content_filter": (400, None, "prompt", "content_filter", _FILTERED),
}  # fmt: skip


def refusal(fault: Fault, model: str) -> Problem:
    """The error answer for a fault of the table."""
    status, kind, param, code, message = _TABLE[fault.fault]
    body = _body(message.format(model=model or "the model", retry_after=fault.retry_after), kind, param, code)
    headers = _retry_headers(fault.retry_after) if fault.fault == "rate_limit" else ()
    return Problem(status, body, headers)


def invalid(message: str, param: str | None = None, code: str | None = None) -> Problem:
    """400 for a request that cannot be understood."""
    return Problem(400, _body(message, "invalid_request_error", param, code))


def unknown_url(method: str, path: str) -> Problem:
    """404 for a path that the API does not have."""
    return Problem(404, _body(f"Invalid URL ({method} {path})", "invalid_request_error", None, None))


def _body(message: str, kind: str | None, param: str | None, code: str | None) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def _retry_headers(seconds: float) -> tuple[tuple[str, str], ...]:
    return (("retry-after-ms", str(round(seconds * 1000))), ("retry-after", str(math.ceil(seconds))))
