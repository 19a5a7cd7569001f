"""What protects the pages: headers on every response, cookies, the token in every form.

Source: PRODUCT 3.4; OWASP cheat sheets on CSRF (synchroniser token; double submit before sign-in) and CSP.
"""

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION_COOKIE = "leitstand_session"
FORM_COOKIE = "leitstand_form"  # the token of forms before sign-in
LANGUAGE_COOKIE = "leitstand_language"
THEME_COOKIE = "leitstand_theme"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
YEAR_S = 365 * 86_400

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; font-src 'self'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
HSTS = "max-age=31536000"


class SecurityHeaders:
    """Puts the headers on every response; pages without a cache rule of their own are not stored."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "no-store")
                if scope["scheme"] == "https":
                    headers["strict-transport-security"] = HSTS
            await send(message)

        await self._app(scope, receive, send_with_headers)


def set_cookie(response: Response, request: Request, name: str, value: str, max_age_s: int) -> None:
    """A cookie that scripts cannot read and other sites cannot make browsers send with a POST."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


def new_form_token() -> str:
    """A token for forms before sign-in; the cookie FORM_COOKIE holds the same."""
    return secrets.token_urlsafe(24)


def same_token(sent: str, expected: str) -> bool:
    """Whether a form's token is right; an empty one never is."""
    return bool(expected) and hmac.compare_digest(sent.encode(), expected.encode())


def local_path(target: str, otherwise: str = "/") -> str:
    """`target` when it is a path on this host, else `otherwise`: a sign-in must not lead to another site."""
    parts = urlsplit(target)
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    printable = target.isprintable()
    return target if plain and printable and not parts.netloc and not parts.scheme else otherwise
