"""Single tasks: what the client formats of embeddings, reranking, pictures, transcripts and token counts share.

A task has one question and one whole answer. How the answer is written depends on what the client asked for
(its documents, its encoding), so reading a request gives both: the prompt, and the way to write its answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from leitstand.accounting.estimate import estimate
from leitstand.api.dialects import fields as read
from leitstand.core.conversation import Frame, Json, Prompt, Usage, Used


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of an answer, its media type, and headers that this task has beyond the usual ones."""

    body: bytes
    media_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was read. write: makes the client's answer of the one frame that came back."""

    prompt: Prompt
    write: Callable[[Frame], Reply]


def json_reply(body: Json) -> Reply:
    """An answer that is a JSON object."""
    return Reply(msgspec.json.encode(body))


def used(frame: Frame) -> Usage | None:
    """What the provider counted, None where it did not."""
    return next((chunk.usage for chunk in frame.chunks if isinstance(chunk, Used)), None)


def input_tokens(frame: Frame, prompt: Prompt) -> int:
    """Input tokens as the provider counted them, else as we estimate them: the formats have no word for neither."""
    usage = used(frame)
    return estimate(prompt).upper if usage is None else usage.input_tokens


def refuse_stream(rest: Json) -> None:
    """Take `stream` out of a request's fields; raises InvalidRequest where the client wants one."""
    if read.flag(rest.pop("stream", None), "stream"):
        raise read.wrong(
            "stream", True, "false (diese Antwort kommt am Stück)", "false (this answer comes whole)"
        )
