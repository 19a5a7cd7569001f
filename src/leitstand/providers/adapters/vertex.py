"""Google Cloud, Vertex AI: Gemini in a chosen place.

Residency: the configuration names the location. `europe-west3` is Frankfurt, `eu` the multi-region of the
European Union; `global` may process anywhere. Project: as configured, else the service account's own.
Secret: the JSON key file of a service account, or a ready-made access token.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.access_tokens import AccessTokens, Granted
from leitstand.providers.adapters.gemini import SAMPLE, answers, method
from leitstand.providers.base import HTTPCall, Target
from leitstand.providers.exchange import converse
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.google_account import granted, read_account
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.wire import gemini, google_faults

_GLOBAL = "global"
_MULTI_REGIONS = frozenset({"eu", "us"})


class Vertex:
    """Speaks with aiplatform.googleapis.com. Its access tokens are the only thing it remembers."""

    kind: Final = "vertex"
    title = "Google Vertex AI"
    docs = "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference"
    dialect: Dialect = "chat"
    base_url = "https://aiplatform.googleapis.com/v1"
    regions = (Region.EU, Region.US, Region.OTHER)
    serves = CONVERSATIONS
    sample = SAMPLE

    def __init__(self, tokens: AccessTokens | None = None) -> None:
        """tokens: where access tokens are kept."""
        self._tokens = tokens or AccessTokens()

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        return gemini.lacks(prompt)

    async def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter. A remembered token that the server refuses is replaced once."""
        body = gemini.encode(masked.prompt, target.model, ids=False)
        if not _is_key_file(target.secret):
            async with aclosing(_asked(masked.prompt, target, call, body, target.secret)) as frames:
                async for frame in frames:
                    yield frame
            return
        account, wait_s = (target.secret,), target.patience.first_token_s

        async def fetch() -> Granted:
            return await granted(target.secret, call, target.ca_file)

        while True:
            token = await self._tokens.token(account, fetch, wait_s)
            try:
                async with aclosing(_asked(masked.prompt, target, call, body, token.value)) as frames:
                    async for frame in frames:
                        yield frame
                return
            except UpstreamFault as fault:
                fault.message = fault.message.replace(token.value, "***")
                fault.args = (fault.message,)
                if fault.kind is not FaultKind.AUTH:
                    raise
                self._tokens.forget(account, token)
                if token.fresh:
                    raise


def _asked(
    prompt: Prompt, target: Target, call: HTTPCall, body: bytes, token: str
) -> AsyncGenerator[Frame, None]:
    request = HTTPRequest(
        "POST",
        f"{_model_url(target)}:{method(prompt)}",
        (("content-type", "application/json"), ("authorization", f"Bearer {token}"), *target.headers),
        body,
        target.ca_file,
    )
    return converse(
        call, request, answers(prompt),
        stream=prompt.stream, choices=prompt.choices, refusal=google_faults.classify,
    )  # fmt: skip


def _is_key_file(secret: str) -> bool:
    return secret.lstrip().startswith("{")


def _model_url(target: Target) -> str:
    """The model's address. Raises UpstreamFault (AUTH, not sent) where no place or no project is named.

    Without a location only a configured address is asked, in the short form of Vertex AI's express mode:
    Google's own address for that would process anywhere.
    """
    model = target.model if "/" in target.model else f"publishers/google/models/{target.model}"
    location = target.option("location")
    if not location:
        if not target.base_url:
            raise UpstreamFault(FaultKind.AUTH, "the provider names no location", sent=False)
        return f"{target.base_url}/{model}"
    base = target.base_url or f"https://{_host(location)}/v1"
    project = target.option("project") or _project_of(target.secret)
    return f"{base}/projects/{project}/locations/{location}/{model}"


def _project_of(secret: str) -> str:
    project = read_account(secret).project_id if _is_key_file(secret) else ""
    if not project:
        raise UpstreamFault(FaultKind.AUTH, "neither the provider nor its key names a project", sent=False)
    return project


def _host(location: str) -> str:
    """Source: Vertex AI documentation, "Locations" and "Regional and multi-regional endpoints"."""
    if location in _MULTI_REGIONS:
        return f"aiplatform.{location}.rep.googleapis.com"
    return "aiplatform.googleapis.com" if location == _GLOBAL else f"{location}-aiplatform.googleapis.com"


ADAPTER = Vertex()
