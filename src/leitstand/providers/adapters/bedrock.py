"""Amazon Bedrock, Converse and ConverseStream.

Keys: `api_key` holds a Bedrock API key; or, with `access_key_id`, the secret access key that belongs to it; or
the JSON that AWS tools print for temporary credentials (`AccessKeyId`, `SecretAccessKey`, `SessionToken`).
Requests with key pairs are signed, so the secret itself never travels.

Residency: a model id with the prefix `eu.` (inference profile) is served from regions in the EU only; `global.`
and `us.` are not. Prompts are not stored by AWS and not given to the makers of the models.
"""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from leitstand.core.classes import Region
from leitstand.core.conversation import Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.eventstream import Parser
from leitstand.providers.exchange import converse
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.sigv4 import Credentials, Headers, Scope, sign
from leitstand.providers.wire import aws_faults
from leitstand.providers.wire.converse import Converse, encode, lacks

_JSON = "application/json"
_REGION = "eu-central-1"
_REGION_IN_HOST = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com|vpce\.)")
_STREAM = (
    "0000008b00000052cef2c55d0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d7479"
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

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        return lacks(prompt)

    async def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""


ADAPTER = Bedrock()
