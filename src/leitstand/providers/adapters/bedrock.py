"""Amazon Bedrock, Converse and ConverseStream.

Keys: `api_key` holds a Bedrock API key; or, with `access_key_id`, the secret access key that belongs to it; or
the JSON that AWS tools print for temporary credentials (`AccessKeyId`, `SecretAccessKey`, `SessionToken`).
Requests with key pairs are signed, so the secret itself never travels.

Residency: a model id with the prefix `eu.` (inference profile) is served from regions in the EU only; `global.`
and `us.` are not. Prompts are not stored by AWS and not given to the makers of the models.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.eventstream import MEDIA_TYPE, Parser
from leitstand.providers.exchange import converse, perform
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.sigv4 import Credentials, Headers, Scope, sign
from leitstand.providers.wire import aws_faults
from leitstand.providers.wire.bedrock_tasks import BedrockEmbeddings, BedrockRerank
from leitstand.providers.wire.continuing import claude_continues
from leitstand.providers.wire.converse import Converse, encode, lacks
from leitstand.providers.wire.task import Tasks

_TASKS: Final[Tasks] = MappingProxyType({"embeddings": BedrockEmbeddings(), "rerank": BedrockRerank()})
_JSON = "application/json"
_REGION = "eu-central-1"
_REGION_IN_HOST = re.compile(r"\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.(?:amazonaws\.|vpce\.)")
_OUTSIDE_EU = re.compile(r"(^|/)(global|us|us-gov|ca|sa|apac|jp|au|in|me|af)\.[a-z0-9]+\.")
_DOMAINS = {"eusc": "amazonaws.eu", "cn": "amazonaws.com.cn"}
_PLAIN = (
    b'{"metrics":{"latencyMs":531},"output":{"message":{"content":[{"text":"Guten Tag, Berta."}],"role":"assistant"}},'
    b'"stopReason":"end_turn","usage":{"cacheReadInputTokens":0,"cacheWriteInputTokens":0,"inputTokens":19,'
    b'"outputTokens":6,"serverToolUsage":{},"totalTokens":25}}'
)
_STREAM = (
    b"\x00\x00\x00\x87\x00\x00\x00R\xe3\x81\x833\x0b:event-type\x07\x00\x0cmessageStart"
    b"\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event"
    b'{"p":"abcdefghij","role":"assistant"}'
    b"tY&J"
    b"\x00\x00\x00\xa6\x00\x00\x00WoJq\x08\x0b:event-type\x07\x00\x11contentBlockDelta"
    b"\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event"
    b'{"contentBlockIndex":0,"delta":{"text":"Guten Tag,"},"p":"abc"}'
    b"\xd1.F\x81"
    b"\x00\x00\x00\xa8\x00\x00\x00W\xd0z\xcfi\x0b:event-type\x07\x00\x11contentBlockDelta"
    b"\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event"
    b'{"contentBlockIndex":0,"delta":{"text":" Berta."},"p":"abcdefgh"}'
    b"\xd1\x03\xdaj"
    b"\x00\x00\x00\x89\x00\x00\x00V[\xdc\xf9K\x0b:event-type\x07\x00\x10contentBlockStop"
    b"\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event"
    b'{"contentBlockIndex":0,"p":"abcde"}'
    b"\xe7\x1c\xf0\xaf"
    b"\x00\x00\x00\x87\x00\x00\x00Qz\x88\xd2\x89\x0b:event-type\x07\x00\x0bmessageStop"
    b"\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event"
    b'{"p":"abcdef","stopReason":"end_turn"}'
    b"\xc3y\x07T"
    b"\x00\x00\x00\xf6\x00\x00\x00N32\x16\x03\x0b:event-type\x07\x00\x08metadata"
    b"\r:content-type\x07\x00\x10application/json\r:message-type\x07\x00\x05event"
    b'{"metrics":{"latencyMs":531},"p":"abcd","usage":{"cacheReadInputTokens":0,"'
    b'cacheWriteInputTokens":0,"inputTokens":19,"outputTokens":6,"totalTokens":25}}'
    b"f>\xf7\xa0"
)


class _Temporary(msgspec.Struct, rename="pascal"):
    """Credentials as AWS tools print them; `sts` wraps them once more."""

    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    credentials: "_Temporary | None" = None


class Bedrock:
    """Speaks with bedrock-runtime of one AWS region."""

    kind: Final = "bedrock"
    title = "Amazon Bedrock"
    docs = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
    dialect: Dialect = "messages"
    base_url = f"https://bedrock-runtime.{_REGION}.amazonaws.com"
    regions = (Region.EU, Region.US, Region.OTHER)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(_PLAIN, _STREAM, "Guten Tag, Berta.", 19, 6, MEDIA_TYPE)

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        return task.lacks(prompt) if task else lacks(prompt)

    def continues(self, prompt: Prompt, model: str) -> bool:
        """See Continuing."""
        return claude_continues(prompt, model)

    async def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        _stay_in_the_eu(target)
        keys = credentials_of(target)
        try:
            async with aclosing(_asked(prompt, target, call, keys)) as frames:
                async for frame in frames:
                    yield frame
        except UpstreamFault as fault:
            raise _without(fault, keys) from fault.__cause__


def _asked(
    prompt: Prompt, target: Target, call: HTTPCall, keys: Credentials | None
) -> AsyncGenerator[Frame, None]:
    if task := _TASKS.get(prompt.dialect):
        steps = task.steps(prompt, target.model)
        return perform(
            call, steps, lambda step: _request(target, step.path, step.body, keys), refusal=aws_faults.refusal
        )
    verb = "converse-stream" if prompt.stream else "converse"
    return converse(
        call, _request(target, verb, encode(prompt, target.model), keys), Converse(target.model),
        stream=prompt.stream, refusal=aws_faults.refusal, framing=Parser,
    )  # fmt: skip


def _stay_in_the_eu(target: Target) -> None:
    """Refuse an inference profile that may process elsewhere, for a target that is declared to be in the EU."""
    if target.region is Region.EU and _OUTSIDE_EU.search(target.model):
        message = f"model {target.model!r} may process outside the EU; its provider has region eu"
        raise UpstreamFault(FaultKind.FORBIDDEN, message, sent=False)


def credentials_of(target: Target) -> Credentials | None:
    """The key pair of a target, or None when its secret is a Bedrock API key.

    Raises UpstreamFault `auth`, before any call, for a JSON secret without a key pair in it.
    """
    if target.option("access_key_id"):
        return Credentials(target.option("access_key_id"), target.secret)
    if not target.secret.startswith("{"):
        return None
    try:
        given = msgspec.json.decode(target.secret, type=_Temporary)
    except msgspec.DecodeError:
        given = _Temporary()  # its message could quote the secret
    given = given.credentials or given
    if not (given.access_key_id and given.secret_access_key):
        message = "api_key is JSON without AccessKeyId and SecretAccessKey"
        raise UpstreamFault(FaultKind.AUTH, message, sent=False)
    return Credentials(given.access_key_id, given.secret_access_key, given.session_token)


def _request(target: Target, verb: str, body: bytes, keys: Credentials | None) -> HTTPRequest:
    region = target.option("aws_region") or _region_of(target.base_url)
    domain = _DOMAINS.get(region.partition("-")[0], "amazonaws.com")
    base = target.base_url or f"https://bedrock-runtime.{region}.{domain}"
    url = f"{base}/model/{quote(target.model, safe='-._~')}/{verb}"
    if keys is None:
        proof: Headers = (("authorization", f"Bearer {target.secret}"),)
    else:
        proof = sign("POST", url, _JSON, body, keys, Scope(region, "bedrock"), datetime.now(UTC))
    headers = (("content-type", _JSON), *proof, *target.headers)
    return HTTPRequest("POST", url, headers, body, target.ca_file)


def _region_of(base_url: str) -> str:
    """The AWS region that the address names, else the one in Frankfurt."""
    found = _REGION_IN_HOST.search(urlsplit(base_url).hostname or "")
    return found.group(1) if found else _REGION


def _without(fault: UpstreamFault, keys: Credentials | None) -> UpstreamFault:
    """The fault without parts of the secret, should the provider repeat them; the door knows only the whole."""
    if keys is not None:
        for part in (keys.secret_access_key, keys.session_token):
            if part:
                fault.message = fault.message.replace(part, "***")
        fault.args = (fault.message,)
    return fault


ADAPTER = Bedrock()
