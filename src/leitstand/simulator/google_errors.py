"""Google's error bodies: google.rpc.Status with its details, and those of the token endpoint."""

from typing import Any

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.values import Json
from leitstand.simulator.wire import Problem

_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. "
    "For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)

# fault: status, status word, message
_TABLE: dict[str, tuple[int, str, str]] = {
    "rate_limit": (429, "RESOURCE_EXHAUSTED", f"{_QUOTA} Please retry in {{retry_after:g}}s."),
    "rate_limit_bare": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    "quota": (429, "RESOURCE_EXHAUSTED", _QUOTA),
    "server_error": (500, "INTERNAL", "An internal error has occurred. Please retry."),
    "unavailable": (503, "UNAVAILABLE", "The service is currently unavailable."),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "forbidden": (403, "PERMISSION_DENIED", "The caller does not have permission"),
    "not_found": (
        404, "NOT_FOUND",
        "models/{model} is not found for API version v1beta, or is not supported for generateContent.",
    ),
    "context_overflow": (
        400, "INVALID_ARGUMENT",
        "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
    ),
}  # fmt: skip
_API_KEY = (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID")
_TOKEN = (
    401, "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential.", "ACCESS_TOKEN_TYPE_UNSUPPORTED",
)  # fmt: skip
_RPC = "type.googleapis.com/google.rpc."


def refusal(fault: Fault, model: str, *, by_token: bool) -> Problem:
    """The answer to a fault of the table. by_token: whether the server wants access tokens, no API keys.

    A prompt that the filter stops is no error to Google: status 200, and the feedback says why.
    """
    if fault.fault == "content_filter":
        return Problem(200, msgspec.json.encode({**_blocked(), "modelVersion": model}))
    if fault.fault == "unauthorized":
        status, word, message, reason = _TOKEN if by_token else _API_KEY
        return _problem(status, word, message, _reason(reason))
    status, word, message = _TABLE[fault.fault]
    details = _details(fault, model)
    return _problem(status, word, message.format(model=model, retry_after=fault.retry_after), *details)


def invalid(message: str) -> Problem:
    """400 for a request that cannot be understood."""
    return _problem(400, "INVALID_ARGUMENT", message)


def unknown_path() -> Problem:
    """404 for a path that the API does not have."""
    return _problem(404, "NOT_FOUND", "Requested entity was not found.")


def denied(description: str, error: str = "invalid_grant", status: int = 400) -> Problem:
    """The token endpoint's refusal (RFC 6749, section 5.2)."""
    return Problem(status, msgspec.json.encode({"error": error, "error_description": description}))


def _details(fault: Fault, model: str) -> list[Json]:
    if fault.fault == "quota":
        return [_used_up("GenerateRequestsPerDayPerProjectPerModel", model)]
    if fault.fault == "rate_limit":
        wait = {"@type": f"{_RPC}RetryInfo", "retryDelay": f"{fault.retry_after:g}s"}
        return [_used_up("GenerateRequestsPerMinutePerProjectPerModel", model), wait]
    return []


def _used_up(allowance: str, model: str) -> Json:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": allowance,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": "500",
    }
    return {"@type": f"{_RPC}QuotaFailure", "violations": [violation]}


def _reason(word: str) -> Json:
    return {"@type": f"{_RPC}ErrorInfo", "reason": word, "domain": "googleapis.com"}


def _blocked() -> Json:
    usage = {"promptTokenCount": 7, "totalTokenCount": 7}
    return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage}


def _problem(status: int, word: str, message: str, *details: Any) -> Problem:
    error: Json = {"code": status, "message": message, "status": word}
    if details:
        error["details"] = list(details)
    return Problem(status, msgspec.json.encode({"error": error}))
