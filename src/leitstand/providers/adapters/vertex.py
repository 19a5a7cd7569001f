"""Google Cloud, Vertex AI: Gemini in a chosen place.

Residency: the configuration names the location. `europe-west3` is Frankfurt, `eu` the multi-region of the
European Union; `global` may process anywhere. Project: as configured, else the service account's own.
Secret: the JSON key file of a service account, or a ready-made access token.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import MappingProxyType
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.access_tokens import AccessTokens, Granted
from leitstand.providers.adapters.gemini import SAMPLE, answers, method
from leitstand.providers.base import HTTPCall, Target
from leitstand.providers.exchange import converse, perform
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.google_account import granted, read_account
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.wire import gemini, google_faults
from leitstand.providers.wire.google_tasks import GoogleCount, VertexEmbeddings
from leitstand.providers.wire.task import Tasks

_TASKS: Final[Tasks] = MappingProxyType(
    {"embeddings": VertexEmbeddings(), "count_tokens": GoogleCount(ids=False)}
)
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
    serves = CONVERSATIONS | _TASKS.keys()
    sample = SAMPLE

    def __init__(self, tokens: AccessTokens | None = None) -> None:
        """tokens: where access tokens are kept."""
        self._tokens = tokens or AccessTokens()

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        return task.lacks(prompt) if task else gemini.lacks(prompt)

    async def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter. A remembered token that the server refuses is replaced once."""
        ask = _asking(masked.prompt, target, call)
        if not _is_key_file(target.secret):
            async with aclosing(ask(target.secret)) as frames:
                async for frame in frames:
                    yield frame
            return
        account, wait_s = (target.secret,), target.patience.first_token_s

        async def fetch() -> Granted:
            return await granted(target.secret, call, target.ca_file)

        while True:
            token = await self._tokens.token(account, fetch, wait_s)
            try:
                async with aclosing(ask(token.value)) as frames:
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


def _asking(prompt: Prompt, target: Target, call: HTTPCall) -> Callable[[str], AsyncGenerator[Frame, None]]:
    """How to ask with a token; the prompt is encoded once, whatever becomes of the token."""
    if task := _TASKS.get(prompt.dialect):
        steps = task.steps(prompt, target.model)
        return lambda token: perform(
            call, steps, lambda step: _request(target, step.path, step.body, token),
            refusal=google_faults.classify,
        )  # fmt: skip
    body = gemini.encode(prompt, target.model, ids=False)
    return lambda token: converse(
        call, _request(target, method(prompt), body, token), answers(prompt),
        stream=prompt.stream, choices=prompt.choices, refusal=google_faults.classify,
    )  # fmt: skip


def _request(target: Target, verb: str, body: bytes, token: str) -> HTTPRequest:
    headers = (("content-type", "application/json"), ("authorization", f"Bearer {token}"), *target.headers)
    return HTTPRequest("POST", f"{_model_url(target)}:{verb}", headers, body, target.ca_file)


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
