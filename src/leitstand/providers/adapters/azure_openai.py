"""Azure OpenAI, Chat Completions of one's own resource in Azure.

The model of a target is the deployment's name. `base_url` ends with `/openai/v1` (the address without dated
versions), or names the resource alone: then the classic address is asked, by `api_version`. `api_key` holds a
key of the resource; or, with `entra_tenant` and `entra_client_id`, the secret of that Entra ID application.

Residency: where a deployment processes is decided by its type: regional, or Data Zone (EUR). A Global
deployment processes anywhere, whatever the region of its resource.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Final
from urllib.parse import quote

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.access_tokens import AccessToken, AccessTokens, fetch_token
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import converse
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.wire import chat

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
    serves = CONVERSATIONS
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
        return chat.lacks(prompt)

    async def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter. A refused access token is replaced once, for it may have been withdrawn."""
        body = chat.encode(masked.prompt, target.model)
        for may_repeat in (True, False):
            token = await self._token(target, call)
            try:
                async with aclosing(_asked(masked.prompt, target, call, body, token)) as frames:
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


def _asked(
    prompt: Prompt, target: Target, call: HTTPCall, body: bytes, token: AccessToken | None
) -> AsyncGenerator[Frame, None]:
    proof = ("api-key", target.secret) if token is None else ("authorization", f"Bearer {token.value}")
    headers = (("content-type", "application/json"), proof, *target.headers)
    request = HTTPRequest("POST", _url(target), headers, body, target.ca_file)
    return converse(call, request, chat, stream=prompt.stream, choices=prompt.choices)


def _url(target: Target) -> str:
    base, version = target.base_url, target.option("api_version")
    if base.endswith("/v1"):
        return f"{base}/chat/completions{f'?api-version={version}' if version else ''}"
    deployment = quote(target.model, safe="-._~")
    resource = f"{base.removesuffix('/openai')}/openai"
    return f"{resource}/deployments/{deployment}/chat/completions?api-version={version or _VERSION}"


ADAPTER = AzureOpenAI()
