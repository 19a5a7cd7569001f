"""What Amazon Bedrock's exceptions mean, as a status or inside a stream.

Source: Amazon Bedrock API reference, "Converse" and "ConverseStream", errors; AWS, "Common error types".
"""

import re
from collections.abc import Mapping

import msgspec

from leitstand.providers.faults import FaultKind, UpstreamFault, classify, retry_after, shorten

_KINDS = {
    "throttlingexception": FaultKind.RATE_LIMITED,
    "toomanyrequestsexception": FaultKind.RATE_LIMITED,
    "servicequotaexceededexception": FaultKind.QUOTA,
    "accessdeniedexception": FaultKind.FORBIDDEN,
    "unrecognizedclientexception": FaultKind.AUTH,
    "invalidsignatureexception": FaultKind.AUTH,
    "incompletesignatureexception": FaultKind.AUTH,
    "missingauthenticationtokenexception": FaultKind.AUTH,
    "missingauthenticationtoken": FaultKind.AUTH,
    "invalidclienttokenid": FaultKind.AUTH,
    "expiredtokenexception": FaultKind.AUTH,
    "resourcenotfoundexception": FaultKind.MODEL_MISSING,
    "modelnotreadyexception": FaultKind.OVERLOADED,
    "serviceunavailableexception": FaultKind.OVERLOADED,
    "modeltimeoutexception": FaultKind.SERVER,
    "modelerrorexception": FaultKind.SERVER,
    "modelstreamerrorexception": FaultKind.SERVER,
    "internalserverexception": FaultKind.SERVER,
    "internalfailure": FaultKind.SERVER,
}
_STATUS = {"validationexception": 400}
_WRONG_KEY = re.compile(r"authentication failed|api key is (in)?valid|bearer token", re.I)
_ALLOWANCE = re.compile(r"per day|daily|account limit", re.I)
_NO_SUCH_MODEL = re.compile(r"model identifier is invalid|on-demand throughput isn.t supported", re.I)
_CANONICAL = "The Canonical String"  # what follows it repeats our headers, a session token among them


class _Body(msgspec.Struct):
    message: str = ""
    Message: str = ""
    type_: str = msgspec.field(default="", name="__type")


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFault:
    """The fault behind an answer with a status other than 200."""
    said = _read(body)
    kind = _kind(headers.get("x-amzn-errortype", "") or (said.type_ if said else ""))
    if said is None or not (kind or said.message or said.Message):
        return classify(status, headers, body)
    return _fault(kind, said.message or said.Message, status, headers)


def in_stream(exception: str, payload: bytes) -> UpstreamFault:
    """The fault behind an exception that came inside a stream."""
    said = _read(payload) or _Body()
    kind = _kind(exception)
    fault = _fault(kind, said.message or said.Message, _STATUS.get(kind, 500), {})
    fault.status = 200
    return fault


def _read(body: bytes) -> _Body | None:
    try:
        return msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _kind(exception: str) -> str:
    """`com.amazon#ThrottlingException:http://…` → `throttlingexception`."""
    return exception.partition(":")[0].rpartition("#")[2].lower()


def _fault(exception: str, message: str, status: int, headers: Mapping[str, str]) -> UpstreamFault:
    message = shorten(message.partition(_CANONICAL)[0])
    kind = _KINDS.get(exception)
    if kind is FaultKind.FORBIDDEN and _WRONG_KEY.search(message):
        kind = FaultKind.AUTH
    elif kind is FaultKind.RATE_LIMITED and _ALLOWANCE.search(message):
        kind = FaultKind.QUOTA
    elif kind is None and _NO_SUCH_MODEL.search(message):
        kind = FaultKind.MODEL_MISSING
    if kind is None:
        return classify(status, headers, msgspec.json.encode({"message": message}))
    text = message or f"the provider answered with {exception}"
    return UpstreamFault(kind, text, status=status, retry_after_s=retry_after(headers))
