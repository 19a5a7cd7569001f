"""Signs requests to Amazon Web Services: Signature Version 4.

Source: AWS, "Signature Version 4 signing process" (IAM user guide). Signed are host, content type, date,
session token and the body's hash; what else a request carries, proxies may change.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair of AWS; a session token comes with temporary ones."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a signature is valid: an AWS region such as `eu-central-1`, and a service such as `bedrock`."""

    region: str
    service: str


def sign(
    method: str,
    url: str,
    content_type: str,
    body: bytes,
    credentials: Credentials,
    scope: Scope,
    moment: datetime,
) -> Headers:
    """The headers that a request needs besides its content type, `authorization` last.

    url: absolute and percent-encoded, without a query. moment: aware, in UTC; AWS accepts five minutes of
    difference.
    """
    time = f"{moment:%Y%m%dT%H%M%SZ}"
    parts = urlsplit(url)
    own = [("x-amz-date", time)]
    if credentials.session_token:
        own.append(("x-amz-security-token", credentials.session_token))
    signed = sorted([("content-type", content_type), ("host", _host(url)), *own])
    names = ";".join(name for name, _ in signed)
    canonical = "\n".join(
        [
            method,
            quote(parts.path or "/", safe="/-_.~"),  # encoded a second time, as all services but S3 want it
            "",
            *(f"{name}:{value}" for name, value in signed),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    place = f"{time[:8]}/{scope.region}/{scope.service}/aws4_request"
    wanted = "\n".join([_ALGORITHM, time, place, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(_key(credentials, place), wanted.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{place}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return (*own, ("authorization", authorization))


def _key(credentials: Credentials, place: str) -> bytes:
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in place.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _host(url: str) -> str:
    """The Host header as the HTTP pool writes it: lower case, without the scheme's own port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"
