"""A Google service account: its key file, and access tokens made from it.

Source: RFC 7523 (JWT bearer grant), RFC 7519; Google Identity, "Using OAuth 2.0 for Server to Server
Applications". The token request goes through the same HTTP pool, under the clock of the call that needs it.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from leitstand.providers import faults
from leitstand.providers.base import HTTPCall
from leitstand.providers.faults import FaultKind, UpstreamFault, shorten
from leitstand.providers.http.faults import HTTPFault
from leitstand.providers.http.request import HTTPRequest

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME_S = 3600  # the longest that Google grants
_EARLY_S = 300  # before a token ends it is replaced, so that none ends on its way
_SKEW_S = 10  # our clock may be ahead of Google's, which refuses tokens of the future
_ANSWER_LIMIT_BYTES = 64 * 1024


class ServiceAccount(msgspec.Struct, frozen=True):
    """The key file that Google hands out for a service account; fields without use here are ignored."""

    client_email: str
    private_key: str
    type: str = "service_account"
    private_key_id: str = ""
    project_id: str = ""
    token_uri: str = _TOKEN_URI

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email!r})"


def read_account(secret: str) -> ServiceAccount:
    """The account of a key file's text. Raises UpstreamFault (AUTH, not sent) for anything else."""
    try:
        account = msgspec.json.decode(secret, type=ServiceAccount)
    except msgspec.DecodeError as cause:
        raise _bad_key("the key file of the service account cannot be read") from cause
    if account.type != "service_account":
        raise _bad_key(f"a key file of type {account.type!r} is no service account")
    return account


def signed_assertion(account: ServiceAccount, now_s: int) -> str:
    """The signed claim by which the account asks for a token (RS256). now_s: seconds since 1970.

    Takes some milliseconds of CPU. Raises UpstreamFault (AUTH, not sent) for a key that is none.
    """
    try:
        key = serialization.load_pem_private_key(account.private_key.encode(), password=None)
    except (ValueError, TypeError) as cause:
        raise _bad_key("the private key of the service account cannot be read") from cause
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _bad_key("the private key of the service account is no RSA key")
    issued = now_s - _SKEW_S
    header = {"alg": "RS256", "typ": "JWT", "kid": account.private_key_id}
    claims = {
        "iss": account.client_email, "scope": SCOPE, "aud": account.token_uri,
        "iat": issued, "exp": issued + _LIFETIME_S,
    }  # fmt: skip
    unsigned = f"{_base64url(msgspec.json.encode(header))}.{_base64url(msgspec.json.encode(claims))}"
    return f"{unsigned}.{_base64url(key.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bad_key(message: str) -> UpstreamFault:
    return UpstreamFault(FaultKind.AUTH, message, sent=False)


@dataclass(frozen=True)
class AccessToken:
    """A token and until when it may be used. fresh: asked for just now, not taken from memory."""

    value: str = field(repr=False)
    until_s: float
    fresh: bool = False


class _Refresh:
    """A token request under way. fault: how it failed; None while it runs, and when it succeeded or was left."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.fault: UpstreamFault | None = None


class AccessTokens:
    """The tokens in use, by key file. One request at a time fetches an account's token, all others wait for it.

    A failure is the failure of all who waited; when the fetching request is cancelled, the next one takes over.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """now: seconds since 1970, of the real clock."""
        self._now = now
        self._held: dict[bytes, AccessToken] = {}
        self._running: dict[bytes, _Refresh] = {}

    async def token(
        self, secret: str, call: HTTPCall, wait_s: float, ca_file: str | None = None
    ) -> AccessToken:
        """A token that is good for some minutes at least. secret: the key file's text.

        wait_s: how long to wait for another request that fetches it. Raises UpstreamFault, never `sent`: no
        prompt has left the house yet.
        """
        place = _place(secret)
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    held = self._held.get(place)
                    if held is not None and self._now() < held.until_s:
                        return held
                    running = self._running.get(place)
                    if running is None:
                        break
                    await running.over.wait()
                    if running.fault is not None:
                        raise _again(running.fault)
        except TimeoutError as cause:
            message = f"no access token came for {wait_s:g} s"
            raise UpstreamFault(FaultKind.TIMEOUT_FIRST, message, sent=False) from cause
        return await self._refresh(place, secret, call, ca_file)

    def forget(self, secret: str, token: AccessToken) -> None:
        """Drop a token that the server refused, unless it has been replaced already."""
        place = _place(secret)
        held = self._held.get(place)
        if held is not None and held.value == token.value:
            del self._held[place]

    async def _refresh(self, place: bytes, secret: str, call: HTTPCall, ca_file: str | None) -> AccessToken:
        running = self._running[place] = _Refresh()
        try:
            account = read_account(secret)
            asked_s = self._now()
            assertion = await asyncio.to_thread(signed_assertion, account, int(asked_s))
            value, lifetime_s = await _exchanged(account, assertion, call, ca_file)
        except UpstreamFault as fault:
            running.fault = fault
            raise
        finally:
            del self._running[place]
            running.over.set()
        until_s = asked_s + max(lifetime_s - _EARLY_S, lifetime_s / 2)
        self._held[place] = AccessToken(value, until_s)
        return AccessToken(value, until_s, fresh=True)


def _place(secret: str) -> bytes:
    """Secrets are no keys of dictionaries: a dump of this object shows digests."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _again(fault: UpstreamFault) -> UpstreamFault:
    """The same fault for another request; an exception raised twice would mix up two traces."""
    return UpstreamFault(
        fault.kind, fault.message, status=fault.status, retry_after_s=fault.retry_after_s, sent=False
    )


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = _LIFETIME_S


async def _exchanged(
    account: ServiceAccount, assertion: str, call: HTTPCall, ca_file: str | None
) -> tuple[str, float]:
    """The token for an assertion, and its lifetime in seconds."""
    form = urlencode({"grant_type": _GRANT, "assertion": assertion}).encode()
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    try:
        async with call(HTTPRequest("POST", account.token_uri, headers, form, ca_file)) as answer:
            body = await answer.body(_ANSWER_LIMIT_BYTES)
            if answer.status != 200:
                raise _refused(answer.status, answer.headers, body)
    except HTTPFault as fault:
        message = f"no access token: {shorten(str(fault))}"
        raise UpstreamFault(FaultKind.CONNECT, message, sent=False) from fault
    try:
        granted = msgspec.json.decode(body, type=_Granted, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        message = "the token endpoint's answer holds no token"
        raise UpstreamFault(FaultKind.MALFORMED, message, status=200, sent=False) from cause
    return granted.access_token, granted.expires_in


class _Denied(msgspec.Struct):
    """An error of RFC 6749, section 5.2."""

    error: str = ""
    error_description: str = ""


def _refused(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFault:
    """A refusal of the token endpoint: 4xx means that the account or its key is not accepted."""
    fault = faults.classify(status, headers, body)
    if fault.kind in (FaultKind.INVALID, FaultKind.FORBIDDEN, FaultKind.MODEL_MISSING):
        fault.kind = FaultKind.AUTH
    try:
        denied = msgspec.json.decode(body, type=_Denied)
    except (msgspec.DecodeError, UnicodeDecodeError):
        denied = _Denied()
    said = f"{denied.error} {denied.error_description}".strip() or fault.message
    fault.message = shorten(f"no access token: {said}")
    fault.args = (fault.message,)
    fault.sent = False
    return fault
