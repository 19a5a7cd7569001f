"""Azure OpenAI, Chat Completions and Responses of one's own resource in Azure.

The model of a target is the deployment's name. `base_url` ends with `/openai/v1` (the address without dated
versions), or names the resource alone: then the classic address is asked, by `api_version`. `api_key` holds a
key of the resource; or, with `entra_tenant` and `entra_client_id`, the secret of that Entra ID application.

Residency: where a deployment processes is decided by its type: regional, or Data Zone (EUR). A Global
deployment processes anywhere, whatever the region of its resource.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.access_tokens import AccessToken, AccessTokens, fetch_token
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import converse, perform
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.openai_api import API, api_for
from leitstand.providers.probing import looking_at
from leitstand.providers.wire import chat
from leitstand.providers.wire.embeddings import Embeddings
from leitstand.providers.wire.images import Images
from leitstand.providers.wire.task import Tasks
from leitstand.providers.wire.transcriptions import Transcriptions

_TASKS: Final[Tasks] = MappingProxyType(
    {
        "embeddings": Embeddings(2048, 300_000),
        "images": Images(),
        "transcriptions": Transcriptions(),
    }
)

_AUTHORITY = "https://login.microsoftonline.com"
_VERSION = "2024-10-21"
_SCOPE = "https://cognitiveservices.azure.com/.default"
_SAFE = b'{"hate":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}'
_ENVELOPE = (
    b'data: {"id":"chatcmpl-B9MHDb","object":"chat.completion.chunk","created":1741570283,'
    b'"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_44709d6fcb",'
)


class AzureOpenAI:
    """Speaks with a resource whose address the configuration names. Keeps the access tokens of Entra ID."""

    kind: Final = "azure_openai"
    title = "Azure OpenAI"
    docs = "https://learn.microsoft.com/azure/ai-foundry/openai/latest"
    dialect: Dialect = "chat"
    base_url = "https://RESOURCE.openai.azure.com/openai/v1"
    regions = (Region.EU, Region.US, Region.OTHER)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(
        plain=(
            b'{"choices":[{"content_filter_results":' + _SAFE + b',"finish_reason":"stop","index":0,"logprobs":null,'
            b'"message":{"annotations":[],"content":"Guten Tag, Berta.","refusal":null,"role":"assistant"}}],'
            b'"created":1741570283,"id":"chatcmpl-B9MHDb","model":"gpt-4o-mini-2024-07-18","object":"chat.completion",'
            b'"prompt_filter_results":[{"prompt_index":0,"content_filter_results":' + _SAFE + b"}],"
            b'"system_fingerprint":"fp_44709d6fcb","usage":{"completion_tokens":6,"prompt_tokens":19,'
            b'"total_tokens":25}}'
        ),
        stream=b"".join(
            (
                b'data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":'
                b'[{"prompt_index":0,"content_filter_results":' + _SAFE + b"}]}\n\n",
                _ENVELOPE + b'"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},'
                b'"content_filter_results":{},"finish_reason":null}]}\n\n',
                _ENVELOPE + b'"choices":[{"index":0,"delta":{"content":"Guten Tag,"},"content_filter_results":'
                + _SAFE + b',"finish_reason":null}]}\n\n',
                _ENVELOPE + b'"choices":[{"index":0,"delta":{"content":" Berta."},"content_filter_results":'
                + _SAFE + b',"finish_reason":null}]}\n\n',
                _ENVELOPE + b'"choices":[{"index":0,"delta":{},"content_filter_results":{},'
                b'"finish_reason":"stop"}]}\n\n',
                _ENVELOPE + b'"choices":[],"usage":{"completion_tokens":6,"prompt_tokens":19,"total_tokens":25}}\n\n',
                b"data: [DONE]\n\n",
            )
        ),
        text="Guten Tag, Berta.",
        input_tokens=19,
        output_tokens=6,
    )  # fmt: skip

    def __init__(self, tokens: AccessTokens | None = None) -> None:
        """tokens: where access tokens are kept; None for a store of its own."""
        self._tokens = tokens or AccessTokens()

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        if task:
            return task.lacks(prompt)
        return None if prompt.dialect == "responses" else chat.lacks(prompt)

    def lacks_at(self, prompt: Prompt, target: Target) -> str | None:
        """See KnowsTargets: the two APIs can say different things."""
        return self.lacks(prompt) if prompt.dialect in _TASKS else _api(prompt, target).wire.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        if target.option("entra_client_id"):
            return None  # it would need a token first
        base, version = target.base_url, target.option("api_version")
        if base.endswith("/v1"):
            url = f"{base}/models"
        else:
            url = f"{base.removesuffix('/openai')}/openai/models?api-version={version or _VERSION}"
        return looking_at(url, target, ("api-key", target.secret))

    async def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter. A refused access token is replaced once, for it may have been withdrawn."""
        ask = _asking(masked.prompt, target, call)
        for may_repeat in (True, False):
            token = await self._token(target, call)
            try:
                async with aclosing(ask(token)) as frames:
                    async for frame in frames:
                        yield frame
                return
            except UpstreamFault as fault:
                if token is None:
                    raise
                fault.message = fault.message.replace(token.value, "***")
                fault.args = (fault.message,)
                if fault.kind is not FaultKind.AUTH:
                    raise
                self._tokens.forget(_account(target), token)
                if token.fresh or not may_repeat:
                    raise

    async def _token(self, target: Target, call: HTTPCall) -> AccessToken | None:
        """The access token for a target that names an application of Entra ID, None for one with a key."""
        tenant, client = target.option("entra_tenant"), target.option("entra_client_id")
        if not (tenant and client):
            return None
        url = f"{target.option('entra_authority') or _AUTHORITY}/{quote(tenant, safe='')}/oauth2/v2.0/token"
        form = {
            "client_id": client, "client_secret": target.secret, "grant_type": "client_credentials",
            "scope": _SCOPE,
        }  # fmt: skip
        fetch = partial(fetch_token, call, url, form, target.ca_file)
        return await self._tokens.token(_account(target), fetch, target.patience.first_token_s)


def _account(target: Target) -> tuple[str, ...]:
    names = ("entra_authority", "entra_tenant", "entra_client_id")
    return (*(target.option(name) for name in names), target.secret)


def _asking(
    prompt: Prompt, target: Target, call: HTTPCall
) -> Callable[[AccessToken | None], AsyncGenerator[Frame, None]]:
    """How to ask with a token, None for the resource's key; the prompt is encoded once, whatever becomes of it."""

    def request(
        token: AccessToken | None, path: str, body: bytes, content_type: str = "application/json"
    ) -> HTTPRequest:
        proof = ("api-key", target.secret) if token is None else ("authorization", f"Bearer {token.value}")
        headers = (("content-type", content_type), proof, *target.headers)
        return HTTPRequest("POST", _url(target, path), headers, body, target.ca_file)

    if task := _TASKS.get(prompt.dialect):
        steps = task.steps(prompt, target.model)
        return lambda token: perform(
            call, steps, lambda step: request(token, step.path, step.body, step.content_type)
        )
    api = _api(prompt, target)
    body = api.wire.encode(prompt, target.model)
    return lambda token: converse(
        call, request(token, api.path, body), api.wire, stream=prompt.stream, choices=prompt.choices
    )


def _api(prompt: Prompt, target: Target) -> API:
    """The dated addresses of a deployment have Chat Completions only."""
    return api_for(prompt, target, has_responses=target.base_url.endswith("/v1"))


def _url(target: Target, path: str) -> str:
    base, version = target.base_url, target.option("api_version")
    if base.endswith("/v1"):
        return f"{base}/{path}{f'?api-version={version}' if version else ''}"
    deployment = quote(target.model, safe="-._~")
    resource = f"{base.removesuffix('/openai')}/openai"
    return f"{resource}/deployments/{deployment}/{path}?api-version={version or _VERSION}"


ADAPTER = AzureOpenAI()
