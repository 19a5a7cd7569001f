"""How many tokens a prompt will be, before anybody has counted them.

Cheap on purpose (one pass over the texts' lengths): it only has to be safe until `History` has seen the model's
own counts, from then on the estimate is scaled by what this model really counted.

    upper: UTF-8 bytes / 3, plus the dialect's scaffolding. Byte-pair tokenizers need about 4 bytes a token for
           English, 3.3 to 4.5 for German prose, 3 for code and JSON; digits and rare scripts come near 2.
    least: bytes / 8 for texts; media may cost next to nothing.
"""

from typing import Any, NamedTuple

import msgspec

from leitstand.core.conversation import (
    Media,
    Opaque,
    Part,
    Prompt,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Unit,
)

_BYTES_PER_TOKEN_UPPER = 3
_BYTES_PER_TOKEN_LEAST = 8
PER_REQUEST, PER_MESSAGE, PER_TOOL = 8, 6, 24
# A picture costs 85 (OpenAI, low detail) to about 1,600 tokens (Anthropic: width x height / 750, at most
# 1,568); large ones in OpenAI's tiles 1,445.
IMAGE_TOKENS = 1_600
# Speech: 32 tokens a second (Google), 10 (OpenAI); files are read as text or pages of unknown number.
_AUDIO_BYTES_PER_TOKEN, _FILE_BYTES_PER_TOKEN = 250, 20
_MEDIA_LEAST_CHARS = 200
# The longest that a sound of so many bytes may last: WAV at telephone quality, FLAC half of that, MP3 and AAC at 32 kbit/s, and all
# others at the 16 kbit/s with which Opus still carries speech.
_AUDIO_BYTES_PER_S = {
    "wav": 8_000, "wave": 8_000, "flac": 4_000, "mpeg": 4_000, "mp3": 4_000, "mp4": 4_000, "m4a": 4_000,
}  # fmt: skip
_DENSEST_BYTES_PER_S = 2_000
_DOCUMENTS_PER_SEARCH = 100  # Cohere, "Pricing"; Amazon Bedrock counts alike


class Estimate(NamedTuple):
    """Input tokens. upper: rarely exceeded; least: never undercut by a tokenizer in use."""

    upper: int
    least: int


def estimate(prompt: Prompt) -> Estimate:
    """The input tokens of a prompt, tools and schema included."""
    text = sum(_size(part) for message in prompt.messages for part in message.parts)
    text += sum(_tool_size(tool) for tool in prompt.tools)
    if prompt.answer_format is not None and prompt.answer_format.schema:
        text += _json_size(prompt.answer_format.schema)
    media = sum(_media_tokens(part) for message in prompt.messages for part in message.parts)
    scaffold = PER_REQUEST + PER_MESSAGE * len(prompt.messages) + PER_TOOL * len(prompt.tools)
    return Estimate(-(-text // _BYTES_PER_TOKEN_UPPER) + media + scaffold, text // _BYTES_PER_TOKEN_LEAST)


def estimate_texts(texts: list[str]) -> Estimate:
    """The same for plain texts, as in embeddings and reranking."""
    text = sum(_bytes(one) for one in texts)
    return Estimate(
        -(-text // _BYTES_PER_TOKEN_UPPER) + PER_REQUEST * len(texts), text // _BYTES_PER_TOKEN_LEAST
    )


def units(prompt: Prompt) -> tuple[int, Unit]:
    """What a single task may be billed by besides tokens, and how much of it at most."""
    match prompt.dialect:
        case "images":
            return prompt.choices, "image"
        case "transcriptions":
            parts = (part for message in prompt.messages for part in message.parts)
            return sum(_seconds(part) for part in parts if isinstance(part, Media)), "second"
        case "rerank":
            return -(-max(len(prompt.messages) - 1, 1) // _DOCUMENTS_PER_SEARCH), "search"
    return 0, ""


def _seconds(sound: Media) -> int:
    kind = sound.media_type.partition("/")[2].removeprefix("x-").partition(";")[0]
    return len(sound.data) * 3 // 4 // _AUDIO_BYTES_PER_S.get(kind, _DENSEST_BYTES_PER_S) + 1


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _size(part: Part) -> int:
    """UTF-8 bytes of a part's text."""
    match part:
        case Text() | Thinking():
            return _bytes(part.text)
        case ToolCall():
            return _bytes(part.arguments) + _bytes(part.name)
        case ToolResult():
            return sum(_size(inner) for inner in part.parts)
        case Opaque():
            return _json_size(part.native)
        case Media():
            return 0


def _media_tokens(part: Part) -> int:
    match part:
        case Media(kind="image"):
            return IMAGE_TOKENS
        case Media(kind="audio"):
            return max(len(part.data), _MEDIA_LEAST_CHARS) // _AUDIO_BYTES_PER_TOKEN + 1
        case Media():
            return max(len(part.data) // _FILE_BYTES_PER_TOKEN, IMAGE_TOKENS)
        case ToolResult():
            return sum(_media_tokens(inner) for inner in part.parts)
    return 0


def _tool_size(tool: Tool | Opaque) -> int:
    if isinstance(tool, Opaque):
        return _json_size(tool.native)
    return (
        _bytes(tool.name) + _bytes(tool.description) + (_json_size(tool.parameters) if tool.parameters else 0)
    )


def _json_size(value: dict[str, Any]) -> int:
    return len(msgspec.json.encode(value))
