"""A Google service account: its key file, and the signed claim by which it asks for access tokens.

Source: RFC 7523 (JWT bearer grant), RFC 7519; Google Identity, "Using OAuth 2.0 for Server to Server
Applications".
"""

import asyncio
import base64
import time

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from leitstand.providers.access_tokens import Granted, fetch_token
from leitstand.providers.base import HTTPCall
from leitstand.providers.faults import FaultKind, UpstreamFault

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME_S = 3600  # the longest that Google grants
_SKEW_S = 10  # our clock may be ahead of Google's, which refuses tokens of the future


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


async def granted(secret: str, call: HTTPCall, ca_file: str | None) -> Granted:
    """Ask for a token. secret: the key file's text. Raises UpstreamFault, never `sent`."""
    account = read_account(secret)
    assertion = await asyncio.to_thread(signed_assertion, account, int(time.time()))
    return await fetch_token(call, account.token_uri, {"grant_type": _GRANT, "assertion": assertion}, ca_file)
