"""Refusals as HTTP: status, headers and, for `/api`, the JSON body. Made once, here."""

from typing import Any

from leitstand.core.errors import Refusal


class InternalError(Refusal):
    """Something broke inside; the log has the trace under the request id."""

    status, code = 500, "internal_error"


def internal_error() -> Refusal:
    """What callers see of a fault of ours: no internals."""
    return InternalError(
        "In Leitstand ist ein Fehler aufgetreten. Versuchen Sie es noch einmal; bleibt er, nennen Sie der IT die Kennung.",
        "Something failed inside Leitstand. Try again; if it stays, give IT the request id.",
    )


def headers_of(refusal: Refusal, request_id: str) -> list[tuple[bytes, bytes]]:
    """Headers of an error response; `retry-after` in whole seconds, rounded up."""
    headers = [
        (b"content-type", b"application/json"),
        (b"x-request-id", request_id.encode()),
        (b"x-leitstand-request-id", request_id.encode()),
    ]
    if refusal.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % max(1, -int(-refusal.retry_after_s // 1))))
    if refusal.code in ("budget_exhausted", "run_limit"):
        headers.append((b"x-should-retry", b"false"))  # the SDKs would otherwise try again at once
    return headers


def body_of(refusal: Refusal, language: str, request_id: str) -> dict[str, Any]:
    """The error shape of `/api`."""
    return {
        "error": {
            "code": refusal.code,
            "message": refusal.message(language),
            "request_id": request_id,
            **refusal.detail,
        }
    }
