"""Bedrock's InvokeModel for embeddings and rerankers: the body is the model's own."""

import msgspec

from leitstand.simulator import bedrock_errors, cohere_tasks, embeddings, tokens
from leitstand.simulator.wire import BadRequest, Lookup

_SIZES = (256, 512, 1024)


class TitanBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """One text for Titan Text Embeddings V2."""

    input_text: str
    dimensions: int = 1024
    normalize: bool = True
    embedding_types: tuple[str, ...] = ("float",)


def read(body: bytes, model: str) -> Lookup:
    """The whole answer to a request, by the family of the model."""
    if "titan-embed-text" in model:
        return _titan(body, model)
    if "cohere.embed" in model:
        return cohere_tasks.embed(body, bedrock_errors.invalid, model)
    if "cohere.rerank" in model and msgspec.json.decode(body, type=dict).get("api_version") != 2:
        raise BadRequest(
            bedrock_errors.invalid("Malformed input request: #: required key [api_version] not found")
        )
    if "rerank" in model:
        return cohere_tasks.ranked(body, bedrock_errors.invalid, model)
    raise BadRequest(bedrock_errors.invalid(f"The simulator invokes no model like {model}."))


def _titan(body: bytes, model: str) -> Lookup:
    try:
        asked = msgspec.json.decode(body, type=TitanBody)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise BadRequest(bedrock_errors.invalid(f"Malformed input request: {cause}")) from cause
    if not asked.input_text or asked.dimensions not in _SIZES:
        raise BadRequest(
            bedrock_errors.invalid("Malformed input request: inputText or dimensions is invalid")
        )
    used = max(1, tokens.count(asked.input_text))
    row = embeddings.vector(asked.input_text, asked.dimensions).tolist()
    answer = {"embedding": row, "embeddingsByType": {"float": row}, "inputTextTokenCount": used}
    return Lookup(msgspec.json.encode(answer), model, used, billed=True)
