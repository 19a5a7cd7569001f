"""Azure OpenAI's wire format: OpenAI's, below other paths, with the verdicts of the content filter."""

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote

import msgspec

from leitstand.simulator import azure_errors, openai_request
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.openai_wire import OpenAIWire
from leitstand.simulator.values import Answer, Asked, Limits, Usage
from leitstand.simulator.wire import BadRequest, Event, HeaderList, Lookup, Problem, mint

_PATH = re.compile(
    r"/openai/(?:v1|deployments/([^/]+))/(chat/completions|embeddings|images/generations|audio/transcriptions)"
)
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?|preview|latest|v1")
_VERDICT = {
    name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")
}
_PROMPT_VERDICT = [{"prompt_index": 0, "content_filter_results": _VERDICT}]
_TOKEN_PATH = "/oauth2/v2.0/token"  # noqa: S105 - an address
_TOKEN_PREFIX = "entra."  # noqa: S105 - the beginning of an invented token
_SCOPE = "https://cognitiveservices.azure.com/.default"
_FINISH = b'"finish_reason":'


class EntraWire(OpenAIWire):
    """Speaks `/{tenant}/oauth2/v2.0/token` for client credentials. Every request is a look-up.

    The token holds the secret it was granted for, so that the provider's one `api_key` guards both doors.
    """

    name = "entra"

    def serves(self, request: Request, path: str) -> bool:
        """The token endpoint of any tenant."""
        return path.endswith(_TOKEN_PATH)

    def key(self, request: Request) -> str:
        """The client's secret."""
        return _form(request).get("client_secret", "")

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """The request id."""
        return [("x-ms-request-id", request_id), ("cache-control", "no-store, no-cache")]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Grant a token for an hour."""
        form = _form(request)
        asked = (form.get("grant_type"), form.get("scope"))
        if asked != ("client_credentials", _SCOPE) or not form.get("client_id"):
            raise BadRequest(azure_errors.invalid_grant())
        sealed = base64.urlsafe_b64encode(self.key(request).encode()).decode()
        granted = {"token_type": "Bearer", "expires_in": 3599, "access_token": f"{_TOKEN_PREFIX}{sealed}"}
        return Lookup(msgspec.json.encode({**granted, "ext_expires_in": 3599}))

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """Entra ID's error body for a fault."""
        return azure_errors.denied(fault)


class AzureWire(OpenAIWire):
    """Speaks `/openai/v1/…`, and `/openai/deployments/{deployment}/…` with `api-version`."""

    name = "azure_openai"

    def serves(self, request: Request, path: str) -> bool:
        """Its own paths."""
        return path.startswith("/openai/")

    def key(self, request: Request) -> str:
        """`api-key`, or the secret behind the bearer token."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not bearer.startswith(_TOKEN_PREFIX):
            return request.headers.get("api-key", bearer)
        try:
            return base64.urlsafe_b64decode(bearer.removeprefix(_TOKEN_PREFIX)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return bearer

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Request ids and what is left of the rate limits."""
        return [
            ("apim-request-id", mint("")),
            ("x-request-id", request_id),
            ("x-ms-region", "Germany West Central"),
            ("x-ratelimit-remaining-requests", str(limits.requests_left)),
            ("x-ratelimit-remaining-tokens", str(limits.tokens_left)),
        ]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand a call; the deployment in the path goes before the model in the body."""
        found = _PATH.fullmatch(path)
        if found is None or request.method != "POST" or not _is_version_right(request, found.group(1)):
            raise BadRequest(azure_errors.not_found())
        deployment, name = unquote(found.group(1) or ""), found.group(2)
        body = _with_model(request.body, deployment)
        if name == "chat/completions":
            return openai_request.read(body)
        if (answer := self.task(request, name, body, deployment)) is None:
            raise BadRequest(azure_errors.not_found())
        return answer

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """Azure's error body for a fault."""
        return azure_errors.refusal(fault, model)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A `chat.completion` object with the filter's verdicts."""
        whole = msgspec.json.decode(super().plain(asked, answer, usage))
        for choice in whole["choices"]:
            choice["content_filter_results"] = _VERDICT
        return msgspec.json.encode({**whole, "prompt_filter_results": _PROMPT_VERDICT})

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """First the verdict on the prompt, in a chunk without choices; then OpenAI's chunks with verdicts."""
        judged = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
        first = msgspec.json.encode({**judged, "prompt_filter_results": _PROMPT_VERDICT})
        yield Event(b"data: " + first + b"\n\n", "open")
        verdict = b'"content_filter_results":' + msgspec.json.encode(_VERDICT) + b","
        for event in super().events(asked, answer, usage, chunk_tokens):
            head, finish, tail = event.data.rpartition(_FINISH)
            yield event._replace(data=head + (verdict + finish if finish else b"") + tail)

    def error_event(self, request_id: str) -> bytes:
        """An error in place of a chunk, its status as a string."""
        return (
            b"data: " + azure_errors.error("429", "Rate limit is exceeded. Try again in 2 seconds.") + b"\n\n"
        )


def _form(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}


def _is_version_right(request: Request, deployment: str | None) -> bool:
    """The classic path demands a version, the other one takes it."""
    version = parse_qs(request.query).get("api-version", [""])[-1]
    return bool(_VERSION.fullmatch(version)) if version or deployment else True


def _with_model(body: bytes, deployment: str) -> bytes:
    if not deployment:
        return body
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
    return msgspec.json.encode({**asked, "model": deployment}) if isinstance(asked, dict) else body
