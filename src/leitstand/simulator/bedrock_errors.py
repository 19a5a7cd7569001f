"""Amazon Bedrock's exceptions."""

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.wire import Problem

# fault: status, type, message
_TABLE: dict[str, tuple[int, str, str]] = {
    "rate_limit": (429, "ThrottlingException", "Too many requests, please wait before trying again."),
    "rate_limit_bare": (429, "ThrottlingException", "Too many tokens, please wait before trying again."),
    "quota": (
        400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account.",
    ),
    "server_error": (
        500, "InternalServerException", "The system encountered an unexpected error during processing.",
    ),
    "unavailable": (503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
    "overloaded": (
        503, "ServiceUnavailableException", "Too many connections, please wait before trying again.",
    ),
    "unauthorized": (
        403, "UnrecognizedClientException", "The security token included in the request is invalid.",
    ),
    "forbidden": (
        403, "AccessDeniedException", "You don't have access to the model with the specified model ID.",
    ),
    "not_found": (400, "ValidationException", "The provided model identifier is invalid."),
    "context_overflow": (
        400, "ValidationException",
        "The model returned the following errors: Input is too long for requested model.",
    ),
    "content_filter": (
        400, "ValidationException",
        "The model returned the following errors: Output blocked by content filtering policy",
    ),
}  # fmt: skip


def refusal(fault: Fault) -> Problem:
    """The error answer for a fault of the table; AWS names no time to wait."""
    return _problem(*_TABLE[fault.fault])


def invalid(message: str) -> Problem:
    """400 for a request that the API does not accept."""
    return _problem(400, "ValidationException", message)


def unknown_operation() -> Problem:
    """404 for a path that the API does not have."""
    return _problem(404, "UnknownOperationException", "")


def body(message: str) -> bytes:
    """The object that tells what was wrong; its type stands in a header."""
    return msgspec.json.encode({"message": message})


def _problem(status: int, kind: str, message: str) -> Problem:
    kind_header = f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    return Problem(status, body(message), (("x-amzn-errortype", kind_header),))
