"""Google's token endpoint: a service account's signed assertion in, an access token out.

Form and claims are checked as the endpoint does; the signature is not, for the simulator knows no account
(who tests a client checks it with the account's public key, from the log).
"""

import base64
import time
from typing import Any
from urllib.parse import parse_qs

import msgspec

from leitstand.simulator import google_errors
from leitstand.simulator.faults import Fault
from leitstand.simulator.gemini_wire import GeminiWire
from leitstand.simulator.http import Request
from leitstand.simulator.values import Asked, Limits
from leitstand.simulator.wire import BadRequest, HeaderList, Lookup, Problem

ACCESS_TOKEN = "ya29.simulator"  # noqa: S105 - simulated
LIFETIME_S = 3599
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LONGEST_S = 3600


class GoogleTokenWire(GeminiWire):
    """Speaks `/token`, as oauth2.googleapis.com does. Every request is a look-up: no text is generated here."""

    name = "google_token"

    def serves(self, request: Request, path: str) -> bool:
        """Its one path."""
        return path == "/token"

    def key(self, request: Request) -> str:
        """The assertion is all that a client shows."""
        return ""

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Tokens are not to be cached."""
        return [("cache-control", "private"), ("x-xss-protection", "0")]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """The token for an assertion."""
        form = {
            name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()
        }
        fault = (
            "Invalid grant_type" if form.get("grant_type") != _GRANT else _fault(form.get("assertion", ""))
        )
        if fault:
            raise BadRequest(google_errors.denied(fault))
        granted = {"access_token": ACCESS_TOKEN, "expires_in": LIFETIME_S, "token_type": "Bearer"}
        return Lookup(msgspec.json.encode(granted))

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """A fault in the endpoint's own shape."""
        if fault.fault in ("unauthorized", "forbidden", "not_found"):
            return google_errors.denied("Invalid JWT Signature.")
        status = google_errors.refusal(fault, model, by_token=True).status
        return google_errors.denied("Please try again.", "internal_failure", status)


def _fault(assertion: str) -> str:
    """What is wrong with an assertion, or an empty text."""
    pieces = assertion.split(".")
    if len(pieces) != 3 or not pieces[2]:
        return "Bad Request"
    header, claims = (_decoded(piece) for piece in pieces[:2])
    if header.get("alg") != "RS256":
        return "Invalid JWT: RS256 is required."
    now_s, issued, expires = time.time(), claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        return "Invalid JWT: Token must be a short-lived token (60 minutes)."
    if issued > now_s or expires < now_s or expires - issued > _LONGEST_S:
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    if not claims.get("iss") or not str(claims.get("aud", "")).endswith("/token"):
        return "Invalid JWT: Failed audience check."
    return (
        "" if _SCOPE in str(claims.get("scope", "")).split() else "Invalid OAuth scope or ID token audience."
    )


def _decoded(piece: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return value if isinstance(value, dict) else {}
