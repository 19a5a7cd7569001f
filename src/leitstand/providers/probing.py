"""The free call by which a provider shows that it is there: its list of models, or whatever costs nothing."""

from typing import Protocol, runtime_checkable

from leitstand.providers.base import Target
from leitstand.providers.http.request import HTTPRequest


@runtime_checkable
class Probing(Protocol):
    """An adapter that knows such a call. One without it is never probed: a probe is not billed."""

    def probe(self, target: Target) -> HTTPRequest | None:
        """The call, without a prompt; None where this target has none (for example without a fixed key)."""


def looking_at(url: str, target: Target, *proof: tuple[str, str]) -> HTTPRequest:
    """A GET with the target's own headers. proof: the header that holds its key."""
    return HTTPRequest("GET", url, (*proof, *target.headers), b"", target.ca_file)


def bearing(target: Target) -> tuple[tuple[str, str], ...]:
    """The key as most providers want it; nothing where there is none."""
    return (("authorization", f"Bearer {target.secret}"),) if target.secret else ()
