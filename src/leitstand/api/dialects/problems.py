"""Refusals in the error shapes of the client APIs, so that their SDKs raise the right exception.

Source: OpenAI "Error codes", Anthropic "Errors". `code` is ours and is the same in both.
"""

import msgspec

from leitstand.core.conversation import Json
from leitstand.core.errors import Refusal

_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    429: "rate_limit_error", 503: "overloaded_error", 504: "timeout_error",
}  # fmt: skip


def chat_error_body(refusal: Refusal, language: str, request_id: str) -> bytes:
    """`{"error": {message, type, param, code, request_id}}`; more facts of the refusal stand beside them."""
    facts = {name: value for name, value in refusal.detail.items() if name != "param"}
    error = {
        **_error(refusal, language),
        "param": refusal.detail.get("param"),
        "request_id": request_id,
        **facts,
    }
    return msgspec.json.encode({"error": error})


def messages_error_body(refusal: Refusal, language: str, request_id: str) -> bytes:
    """`{"type": "error", "error": {type, message, code}, "request_id"}`; more facts stand in `error`."""
    error = {**_error(refusal, language), **refusal.detail}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})


def _error(refusal: Refusal, language: str) -> Json:
    return {
        "message": refusal.message(language),
        "type": _TYPES.get(refusal.status, "api_error"),
        "code": refusal.code,
    }
