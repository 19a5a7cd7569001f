"""Short-lived tokens by which a provider is asked, each fetched once and kept until shortly before it ends.

Source: RFC 6749, section 4.4 (client credentials) and 5 (answers of the token endpoint). The request goes
through the same HTTP pool, under the clock of the call that needs the token.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from leitstand.providers import faults
from leitstand.providers.base import HTTPCall
from leitstand.providers.faults import FaultKind, UpstreamFault, shorten
from leitstand.providers.http.faults import (
    ConnectTimeout,
    FirstByteTimeout,
    HTTPFault,
    IdleTimeout,
    QueueTimeout,
    TotalTimeout,
)
from leitstand.providers.http.request import HTTPRequest

_EARLY_S = 300  # before a token ends it is replaced, so that none ends on its way
_ANSWER_LIMIT_BYTES = 64 * 1024


class Granted(msgspec.Struct, frozen=True):
    """What a token endpoint grants. expires_in: seconds; some write it as text."""

    access_token: str
    expires_in: float = 3600.0


@dataclass(frozen=True)
class AccessToken:
    """A token in use. fresh: fetched by this very call, not taken from memory."""

    value: str = field(repr=False)
    fresh: bool


class _Fetching:
    """A request under way. fault: how it failed; None while it runs, when it succeeded, when it was left."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.fault: UpstreamFault | None = None


class AccessTokens:
    """The tokens in use. One call fetches a token, all others that need the same one wait for it.

    A failure is the failure of all who waited; when the fetching call is cancelled, the next one takes over.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """now: seconds of a clock that never goes back."""
        self._now = now
        self._held: dict[bytes, tuple[str, float]] = {}
        self._fetching: dict[bytes, _Fetching] = {}

    async def token(
        self, account: tuple[str, ...], fetch: Callable[[], Awaitable[Granted]], wait_s: float
    ) -> AccessToken:
        """A token that is good for some minutes at least.

        account: what the token is granted to, its secret included. fetch: asks for a new one.
        wait_s: how long to wait for another call that fetches it. Raises UpstreamFault, never `sent`: no
        prompt has left the house yet.
        """
        place = _place(account)
        try:
            async with asyncio.timeout(wait_s):
                while (held := self._good(place)) is None and (running := self._fetching.get(place)):
                    await running.over.wait()
                    if running.fault is not None:
                        raise _again(running.fault)
        except TimeoutError as cause:
            message = f"access was not granted: nothing came for {wait_s:g} s"
            raise UpstreamFault(FaultKind.TIMEOUT_FIRST, message, sent=False) from cause
        if held is not None:
            return AccessToken(held, fresh=False)
        return await self._fetch(place, fetch)

    def forget(self, account: tuple[str, ...], token: AccessToken) -> None:
        """Drop a token that the provider refused, unless it has been replaced already."""
        place = _place(account)
        if self._held.get(place, ("", 0.0))[0] == token.value:
            del self._held[place]

    def _good(self, place: bytes) -> str | None:
        value, until_s = self._held.get(place, ("", 0.0))
        return value if value and self._now() < until_s else None

    async def _fetch(self, place: bytes, fetch: Callable[[], Awaitable[Granted]]) -> AccessToken:
        running = self._fetching[place] = _Fetching()
        try:
            asked_s = self._now()
            granted = await fetch()
            usable_s = max(granted.expires_in - _EARLY_S, granted.expires_in / 2)
            self._held[place] = granted.access_token, asked_s + usable_s
        except UpstreamFault as fault:
            running.fault = fault
            raise
        finally:
            del self._fetching[place]
            running.over.set()
        return AccessToken(granted.access_token, fresh=True)


def _place(account: tuple[str, ...]) -> bytes:
    """Secrets are no keys of dictionaries: a dump of this object shows digests."""
    return hashlib.sha256("\0".join(account).encode("utf-8", "surrogatepass")).digest()


def _again(fault: UpstreamFault) -> UpstreamFault:
    """The same fault for another call; an exception raised twice would mix up two traces."""
    return UpstreamFault(
        fault.kind, fault.message, status=fault.status, retry_after_s=fault.retry_after_s, sent=False
    )


async def fetch_token(call: HTTPCall, url: str, form: Mapping[str, str], ca_file: str | None) -> Granted:
    """Ask a token endpoint with a form. Raises UpstreamFault, never `sent`; a refused account is `auth`."""
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    try:
        async with call(HTTPRequest("POST", url, headers, urlencode(form).encode(), ca_file)) as answer:
            body = await answer.body(_ANSWER_LIMIT_BYTES)
            if answer.status != 200:
                raise _refused(answer.status, answer.headers, body)
    except HTTPFault as cause:
        message = f"access was not granted: {shorten(str(cause))}"
        raise UpstreamFault(_kind(cause), message, sent=False) from cause
    try:
        return msgspec.json.decode(body, type=Granted, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = "the token endpoint's answer holds no token"
        raise UpstreamFault(FaultKind.MALFORMED, message, status=200, sent=False) from None


def _kind(cause: HTTPFault) -> FaultKind:
    match cause:
        case ConnectTimeout():
            return FaultKind.TIMEOUT_CONNECT
        case FirstByteTimeout() | IdleTimeout():
            return FaultKind.TIMEOUT_FIRST
        case TotalTimeout():
            return FaultKind.TIMEOUT_TOTAL
        case QueueTimeout():
            return FaultKind.OVERLOADED
    return FaultKind.CONNECT


class _Denied(msgspec.Struct):
    """An error of RFC 6749, section 5.2."""

    error: str = ""
    error_description: str = ""


def _refused(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFault:
    """A refusal of the token endpoint: 4xx means that the account or its secret is not accepted."""
    fault = faults.classify(status, headers, body)
    try:
        denied = msgspec.json.decode(body, type=_Denied)
    except (msgspec.DecodeError, UnicodeDecodeError):
        denied = _Denied()
    said = f"{denied.error} {denied.error_description}".strip() or fault.message
    accepted = fault.kind in (FaultKind.RATE_LIMITED, FaultKind.SERVER, FaultKind.OVERLOADED)
    return UpstreamFault(
        fault.kind if accepted else FaultKind.AUTH,
        shorten(f"access was not granted: {said}"),
        status=status,
        retry_after_s=fault.retry_after_s,
        sent=False,
    )
