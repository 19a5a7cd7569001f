"""`/v1/messages/count_tokens` in Anthropic's format. Source: Anthropic API reference, "Count tokens".

Where no target of the model can count, the figure is our own estimate, and the answer says so in a header.
"""

from msgspec.structs import replace

from leitstand.api.dialects import fields as read
from leitstand.api.dialects import messages
from leitstand.api.dialects.problems import messages_error_body as error_body
from leitstand.api.dialects.task import Asked, Reply, json_reply, used
from leitstand.core.conversation import Frame

__all__ = ["error_body", "read_request"]

_ESTIMATED = (b"x-leitstand-estimated", b"true")


def read_request(body: bytes, _content_type: str = "") -> Asked:
    """The prompt whose tokens are to be counted, and the way to answer; raises InvalidRequest."""
    conversation = messages.prompt_of(read.read_object(body), needs_cap=False)
    return Asked(replace(conversation, dialect="count_tokens", stream=False), _write)


def _write(frame: Frame) -> Reply:
    usage = used(frame)
    assert usage is not None, "a count without a figure"
    reply = json_reply({"input_tokens": usage.input_tokens})
    return Reply(reply.body, headers=(_ESTIMATED,)) if usage.estimated else reply
