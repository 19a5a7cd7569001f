"""The error bodies of Azure OpenAI and of Entra ID's token endpoint."""

import math

import msgspec

from leitstand.simulator import openai_errors
from leitstand.simulator.faults import Fault
from leitstand.simulator.values import Json
from leitstand.simulator.wire import Problem

_SAFE = {"filtered": False, "severity": "safe"}
_FILTERED = {
    "message": (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
        "Please modify your prompt and retry."
    ),
    "type": None,
    "param": "prompt",
    "code": "content_filter",
    "status": 400,
    "innererror": {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {
            "hate": _SAFE,
            "self_harm": _SAFE,
            "sexual": _SAFE,
            "violence": {"filtered": True, "severity": "high"},
        },
    },
}

# fault: status, code, message
_TABLE: dict[str, tuple[int, str, str]] = {
    "rate_limit": (
        429, "RateLimitReached",
        "Your requests to {model} have exceeded the call rate limit for your current OpenAI S0 pricing tier. "
        "Please retry after {seconds} seconds.",
    ),
    "rate_limit_bare": (
        429, "429", "Requests to the ChatCompletions_Create Operation have exceeded the token rate limit.",
    ),
    "quota": (429, "insufficient_quota", "You exceeded your current quota, please check your plan."),
    "server_error": (500, "InternalServerError", "The server had an error while processing your request."),
    "unavailable": (503, "ServiceUnavailable", "The service is temporarily unavailable."),
    "overloaded": (503, "system_overloaded", "The system is currently overloaded. Please try again later."),
    "unauthorized": (
        401, "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
        "for an active subscription and use a correct regional API endpoint for your resource.",
    ),
    "forbidden": (403, "AccessDenied", "Public access is disabled. Please configure private endpoint."),
    "not_found": (
        404, "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created the deployment within the last "
        "5 minutes, please wait a moment and try again.",
    ),
}  # fmt: skip


def refusal(fault: Fault, model: str) -> Problem:
    """The error answer for a fault."""
    if fault.fault == "content_filter":
        return Problem(400, msgspec.json.encode({"error": _FILTERED}))
    if fault.fault not in _TABLE:
        return openai_errors.refusal(fault, model)
    status, code, message = _TABLE[fault.fault]
    seconds = math.ceil(fault.retry_after)
    headers: tuple[tuple[str, str], ...] = ()
    if fault.fault == "rate_limit":
        headers = (("retry-after", str(seconds)), ("retry-after-ms", str(round(fault.retry_after * 1000))))
    return Problem(status, error(code, message.format(model=model, seconds=seconds)), headers)


def not_found() -> Problem:
    """404 for a path or a version that the resource does not have."""
    return Problem(404, error("404", "Resource not found"))


def error(code: str, message: str) -> bytes:
    """The error object, as a body and as the data of an event."""
    return msgspec.json.encode({"error": {"code": code, "message": message}})


def denied(fault: Fault) -> Problem:
    """The token endpoint's answer to a fault."""
    if fault.fault == "unauthorized":
        return _denied(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
    if fault.fault in ("rate_limit", "rate_limit_bare"):
        return _denied(429, "temporarily_unavailable", "AADSTS50196: too many requests")
    return _denied(503, "temporarily_unavailable", "AADSTS90033: a transient error has occurred.")


def invalid_grant() -> Problem:
    """400 for a form that asks for something else than client credentials."""
    return _denied(400, "unsupported_grant_type", "AADSTS70003: the grant type is not supported.")


def _denied(status: int, code: str, description: str) -> Problem:
    body: Json = {"error": code, "error_description": description, "error_codes": [7000215]}
    return Problem(status, msgspec.json.encode(body))
