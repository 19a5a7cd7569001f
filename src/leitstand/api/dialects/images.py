"""`/v1/images/generations` in OpenAI's format. Source: OpenAI API reference, "Create image"."""

import time

from leitstand.api.dialects import fields as read
from leitstand.api.dialects.problems import chat_error_body as error_body
from leitstand.api.dialects.task import Asked, Reply, json_reply, refuse_stream, used
from leitstand.core.conversation import Drawn, Frame, Json, Message, Prompt, Text

__all__ = ["error_body", "read_request"]


def read_request(body: bytes, _content_type: str = "") -> Asked:
    """The prompt and the way to answer it; raises InvalidRequest."""
    rest = read.read_object(body)
    refuse_stream(rest)
    model = read.name(rest.pop("model", None), "model")
    description = read.text(rest.pop("prompt", None), "prompt")
    if not description:
        raise read.wrong(
            "prompt", description, "eine Beschreibung des Bildes", "a description of the picture"
        )
    wanted = read.whole(rest.pop("n", None), "n", 1) or 1
    form = rest.get("response_format")
    if form not in (None, "url", "b64_json"):
        raise read.wrong("response_format", form, "url oder b64_json", "url or b64_json")
    message = Message("user", (Text(description),))
    return Asked(Prompt("images", model, (message,), choices=wanted, extra=rest), _write)


def _write(frame: Frame) -> Reply:
    if frame.raw is not None and frame.dialect == "images":
        return Reply(frame.raw)
    body: Json = {
        "created": int(time.time()),
        "data": [_picture(chunk) for chunk in frame.chunks if isinstance(chunk, Drawn)],
    }
    usage = used(frame)
    if usage is not None and usage.input_tokens + usage.output_tokens:
        body["usage"] = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
        }
    return json_reply(body)


def _picture(chunk: Drawn) -> Json:
    place = {"url": chunk.url} if chunk.url else {"b64_json": chunk.data}
    return {**place, "revised_prompt": chunk.revised_prompt} if chunk.revised_prompt else place
