"""Google's embeddings: `batchEmbedContents` and `embedContent` of both front doors, `predict` of Vertex AI."""

from typing import Any

import msgspec

from leitstand.simulator import embeddings, google_errors, tokens
from leitstand.simulator.values import Json
from leitstand.simulator.wire import BadRequest, Lookup

MOST_CONTENTS, MOST_INSTANCES = 100, 250
_DIMENSIONS, _MOST_DIMENSIONS = 768, 3072
VERBS = frozenset({"batchEmbedContents", "embedContent", "predict"})


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    parts: list[_Part]
    role: str = "user"


class _Config(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    task_type: str = ""
    output_dimensionality: int = _DIMENSIONS


class EmbedBody(_Config, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One content. Vertex AI takes the wishes one level deeper."""

    content: _Content
    model: str = ""
    embed_content_config: _Config | None = None

    @property
    def size(self) -> int:
        """How many numbers a vector has."""
        return (self.embed_content_config or self).output_dimensionality


class BatchBody(msgspec.Struct, forbid_unknown_fields=True):
    """Several contents."""

    requests: list[EmbedBody]


class _Instance(msgspec.Struct, forbid_unknown_fields=True):
    content: str
    task_type: str = ""
    title: str = ""


class _Parameters(msgspec.Struct, rename="camel", frozen=True):
    output_dimensionality: int = _DIMENSIONS


class PredictBody(msgspec.Struct, forbid_unknown_fields=True):
    """Several texts of Vertex AI's older form."""

    instances: list[_Instance]
    parameters: _Parameters = _Parameters()


def read(body: bytes, model: str, verb: str, *, by_token: bool) -> Lookup:
    """The whole answer to a request. by_token: at Vertex AI, which knows `predict`. Raises BadRequest."""
    match verb:
        case "embedContent":
            asked = _decode(body, EmbedBody)
            row, used = _embedded(_text(asked), asked.size)
            return _lookup({"embedding": {"values": row}, **_usage(used)}, model, used)
        case "batchEmbedContents":
            batch = _decode(body, BatchBody).requests
            if not 1 <= len(batch) <= MOST_CONTENTS:
                raise BadRequest(
                    google_errors.invalid(f"at most {MOST_CONTENTS} requests can be in one batch")
                )
            rows = [_embedded(_text(one), one.size) for one in batch]
            used = sum(count for _, count in rows)
            return _lookup({"embeddings": [{"values": row} for row, _ in rows], **_usage(used)}, model, used)
        case "predict" if by_token:
            return _predict(_decode(body, PredictBody), model)
    raise BadRequest(google_errors.unknown_path())


def _predict(asked: PredictBody, model: str) -> Lookup:
    most = 1 if model.startswith("gemini") else MOST_INSTANCES
    if not 1 <= len(asked.instances) <= most:
        raise BadRequest(
            google_errors.invalid(f"{len(asked.instances)} instance(s) is allowed per prediction")
        )
    rows = [_embedded(one.content, asked.parameters.output_dimensionality) for one in asked.instances]
    predictions = [
        {"embeddings": {"values": row, "statistics": {"token_count": used, "truncated": False}}}
        for row, used in rows
    ]
    return _lookup({"predictions": predictions}, model, sum(used for _, used in rows))


def _decode(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise BadRequest(google_errors.invalid(f"Invalid JSON payload received. {cause}")) from cause


def _text(asked: EmbedBody) -> str:
    return "\n".join(part.text for part in asked.content.parts)


def _embedded(text: str, size: int) -> tuple[list[float], int]:
    if not text or not 1 <= size <= _MOST_DIMENSIONS:
        raise BadRequest(
            google_errors.invalid("content must not be empty, outputDimensionality at most 3072")
        )
    return embeddings.vector(text, size).tolist(), max(1, tokens.count(text))


def _usage(used: int) -> Json:
    return {"usageMetadata": {"promptTokenCount": used, "totalTokenCount": used}}


def _lookup(answer: Json, model: str, used: int) -> Lookup:
    return Lookup(msgspec.json.encode(answer), model, used, billed=True)
