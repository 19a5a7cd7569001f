"""Cohere's error bodies: an id and a message, nothing else."""

import math

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.wire import Problem, mint

# fault: status, message
_TABLE: dict[str, tuple[int, str]] = {
    "rate_limit": (429, "You are past the per minute request limit, please wait and try again later."),
    "rate_limit_bare": (429, "trial token rate limit exceeded, limit is 100000 tokens per minute"),
    "quota": (
        402,
        "Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment to continue",
    ),
    "server_error": (500, "internal server error"),
    "unavailable": (503, "service unavailable"),
    "overloaded": (503, "the model is overloaded, please try again later"),
    "unauthorized": (401, "invalid api token"),
    "forbidden": (403, "your team is not allowed to use this model"),
    "not_found": (
        404,
        "model '{model}' not found, make sure the correct model ID was used and that you have access to the model.",
    ),
    "context_overflow": (
        400,
        "too many tokens: total number of tokens in the prompt cannot exceed 256000 - received 300210. "
        "Try using a shorter prompt, or enabling prompt truncating.",
    ),
    "content_filter": (498, "unsafe request: the prompt was blocked, please adjust it and try again"),
}


def refusal(fault: Fault, model: str) -> Problem:
    """The error answer for a fault of the table."""
    status, message = _TABLE[fault.fault]
    headers = (("retry-after", str(math.ceil(fault.retry_after))),) if fault.fault == "rate_limit" else ()
    return Problem(status, body(message.format(model=model)), headers)


def invalid(message: str, status: int = 400) -> Problem:
    """A request that cannot be understood."""
    return Problem(status, body(message))


def body(message: str) -> bytes:
    """The error object."""
    return msgspec.json.encode({"id": mint("err-"), "message": message})
