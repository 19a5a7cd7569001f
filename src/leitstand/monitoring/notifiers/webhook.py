"""`webhook`: each alert as JSON by POST to an address of your own.

Body: the fields of `Message`. `x-leitstand-id` names the message, so that a second delivery can be dropped. With a
`secret`, `x-leitstand-signature: t=SECONDS,v1=HEX` carries HMAC-SHA256 of "SECONDS.BODY" under it.
"""

import hashlib
import hmac
import time
import urllib.error
import urllib.request
from http.client import HTTPException

import msgspec

from leitstand.configuration.channels import AlertChannel
from leitstand.monitoring.notifiers import TIMEOUT_S, Envelope, NotDelivered


class Webhook:
    """See the module."""

    kind = "webhook"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One POST per message."""
        for message in envelope.messages:
            body = msgspec.json.encode(message)
            headers = {"content-type": "application/json", "x-leitstand-id": message.id}
            if secret := envelope.secrets.get("secret"):
                headers["x-leitstand-signature"] = signature(body, secret, int(time.time()))
            post(address(channel, envelope), body, headers)


def address(channel: AlertChannel, envelope: Envelope) -> str:
    """Where to: the channel's `url`, resolved."""
    return envelope.secrets.get("url") or channel.url or ""


def signature(body: bytes, secret: str, now_s: int) -> str:
    """What the receiver checks; a moment in it keeps an old message from being sent again by somebody else."""
    digest = hmac.new(secret.encode(), f"{now_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now_s},v1={digest}"


def post(url: str, body: bytes, headers: dict[str, str]) -> bytes:
    """POST and the answer's first kilobyte; raises NotDelivered. Proxies of the environment are obeyed.

    No redirect is followed: the second request would have no body, and would be taken for a delivery.
    """
    try:
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - configuration allows http and https
        with urllib.request.build_opener(_Straight).open(request, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read(1024))
    except urllib.error.HTTPError as refused:
        with refused:
            again = refused.code in (408, 409, 425, 429) or refused.code >= 500
            raise NotDelivered(f"HTTP {refused.code}", again=again) from None
    except OSError as cause:
        raise NotDelivered(f"{type(cause).__name__}: {getattr(cause, 'reason', cause)}") from cause
    except (HTTPException, ValueError) as cause:  # their texts hold the address, which may be secret
        raise NotDelivered(type(cause).__name__) from None


def touch(url: str, method: str) -> None:
    """Ask an address and forget the answer, as a heartbeat does; raises NotDelivered."""
    try:
        request = urllib.request.Request(url, b"" if method == "POST" else None, method=method)  # noqa: S310 - configuration allows http and https
        with urllib.request.build_opener(_Straight).open(request, timeout=TIMEOUT_S) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as refused:
        with refused:
            raise NotDelivered(f"HTTP {refused.code}") from None
    except OSError as cause:
        raise NotDelivered(f"{type(cause).__name__}: {getattr(cause, 'reason', cause)}") from cause
    except (HTTPException, ValueError) as cause:  # their texts hold the address, which may be secret
        raise NotDelivered(type(cause).__name__) from None


class _Straight(urllib.request.HTTPRedirectHandler):
    """An answer that points elsewhere is an error."""

    def redirect_request(self, *_: object) -> None:
        return None


NOTIFIER = Webhook()
