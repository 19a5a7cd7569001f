"""Requests in the format of OpenAI Responses, as clients send them to us.

Source: OpenAI API reference, "Create a model response". What has no place in a Prompt stays in `extra`.
"""

from typing import Any, Literal

from msgspec.structs import replace

from leitstand.api.dialects import fields as read
from leitstand.api.dialects.problems import chat_error_body as error_body
from leitstand.api.dialects.responses_items import decode_items
from leitstand.core.conversation import (
    AnswerFormat,
    Json,
    Message,
    Opaque,
    Prompt,
    Text,
    Tool,
    ToolChoice,
)
from leitstand.core.errors import InvalidRequest

__all__ = [
    "decode_request",
    "error_body",
    "is_kept",
    "previous_of",
    "prompt_of",
    "read_asked",
    "with_history",
]

_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
}


def decode_request(body: bytes) -> Prompt:
    """The prompt in a request body; raises InvalidRequest."""
    return prompt_of(read_asked(body))


def read_asked(body: bytes) -> Json:
    """The fields of a request body as they came; raises InvalidRequest."""
    return read.read_object(body)


def prompt_of(asked: Json) -> Prompt:
    """The prompt in a request; `asked` stays as it is. Raises InvalidRequest."""
    rest = dict(asked)
    take = rest.pop
    model = read.name(take("model", None), "model")
    _refuse_background(rest)
    _check_state(rest)
    instructions = take("instructions", None)
    front = () if not instructions else (_instructions(read.text(instructions, "instructions")),)
    messages = (*front, *decode_items(take("input", None), "input"))
    if not messages and not rest.get("previous_response_id") and not rest.get("prompt"):
        raise read.missing("input")
    return Prompt(
        "responses",
        model,
        messages,
        stream=read.flag(take("stream", None), "stream"),
        max_tokens=read.whole(take("max_output_tokens", None), "max_output_tokens", 1),
        temperature=read.number(take("temperature", None), "temperature", 2),
        top_p=read.number(take("top_p", None), "top_p", 1),
        tools=tuple(
            [_tool(tool, at) for at, tool in enumerate(read.optional_members(take("tools", None), "tools"))]
        ),
        tool_choice=_choice(rest) if "tool_choice" in rest or "parallel_tool_calls" in rest else None,
        answer_format=_format(rest) if "text" in rest else None,
        reasoning_effort=_effort(rest) if "reasoning" in rest else "",
        extra=rest,
    )


def is_kept(prompt: Prompt) -> bool:
    """Whether the answer is to be kept, so that a later request can go on from it; yes unless refused."""
    return prompt.extra.get("store") is not False


def previous_of(prompt: Prompt) -> str:
    """The id of the answer that this request goes on from; empty for a fresh conversation."""
    return prompt.extra.get("previous_response_id") or ""


def with_history(prompt: Prompt, items: list[Json]) -> Prompt:
    """The prompt with what was said before in front of its own turns; its instructions stay foremost.

    Instructions of earlier requests do not carry over, as at OpenAI.
    """
    own = prompt.messages
    front = own[:1] if own and _is_instructions(own[0]) else ()
    extra = {name: value for name, value in prompt.extra.items() if name != "previous_response_id"}
    history = decode_items(items, "previous_response_id")
    return replace(prompt, messages=(*front, *history, *own[len(front) :]), extra=extra)


def _instructions(text: str) -> Message:
    return Message("system", (Text(text),), extra={"type": "instructions"})


def _is_instructions(message: Message) -> bool:
    return bool(message.extra) and (message.extra or {}).get("type") == "instructions"


def _refuse_background(rest: Json) -> None:
    if read.flag(rest.pop("background", None), "background"):
        raise InvalidRequest(
            "Feld 'background': Antworten im Hintergrund gibt es hier nicht. Lassen Sie das Feld weg, für lange "
            "Antworten mit 'stream': true.",
            "Field 'background': background answers are not offered. Leave the field out, for long answers with "
            "'stream': true.",
            detail={"param": "background"},
        )
    if rest.pop("conversation", None) is not None:
        raise InvalidRequest(
            "Feld 'conversation': Conversations gibt es hier nicht. Setzen Sie Gespräche mit "
            "'previous_response_id' fort.",
            "Field 'conversation': conversations are not offered. Go on from an answer with "
            "'previous_response_id'.",
            detail={"param": "conversation"},
        )


def _check_state(rest: Json) -> None:
    if rest.get("store") is None:
        rest.pop("store", None)
    else:
        read.flag(rest["store"], "store")
    if rest.get("previous_response_id") is None:
        rest.pop("previous_response_id", None)
    else:
        read.name(rest["previous_response_id"], "previous_response_id")


def _tool(tool: Any, position: int) -> Tool | Opaque:
    at = f"tools[{position}]"
    rest = read.fields(tool, at)
    if rest.pop("type", None) != "function":
        return Opaque("responses", tool)
    parameters = rest.pop("parameters", None)
    strict = rest.pop("strict", None)
    return Tool(
        read.name(rest.pop("name", None), f"{at}.name"),
        read.text(rest.pop("description", None) or "", f"{at}.description"),
        None if parameters is None else read.fields(parameters, f"{at}.parameters"),
        None if strict is None else read.flag(strict, f"{at}.strict"),
        rest or None,
    )


def _choice(rest: Json) -> ToolChoice | None:
    """The tool choice; forms without a place in our words stay in `rest`."""
    choice = rest.get("tool_choice")
    if choice is None:
        choice = "auto"
    if isinstance(choice, dict):
        if choice.get("type") != "function":
            return None
        wished = ToolChoice("tool", read.name(choice.get("name"), "tool_choice.name"))
    elif isinstance(choice, str) and choice in _MODES:
        wished = ToolChoice(_MODES[choice])
    else:
        raise read.wrong(
            "tool_choice", choice, "auto, none, required oder ein Objekt", "auto, none, required or an object"
        )
    rest.pop("tool_choice", None)
    parallel = rest.pop("parallel_tool_calls", None)
    return replace(wished, parallel=None if parallel is None else read.flag(parallel, "parallel_tool_calls"))


def _format(rest: Json) -> AnswerFormat | None:
    """The answer format; what else `text` says, and unknown formats, stay in `rest`."""
    text = {} if rest["text"] is None else read.fields(rest["text"], "text")
    wanted = {} if text.get("format") is None else read.fields(text["format"], "text.format")
    kind = wanted.get("type")
    if kind in (None, "text", "json_object", "json_schema"):
        text.pop("format", None)
    if text:
        rest["text"] = text
    else:
        del rest["text"]
    if kind == "json_object":
        return AnswerFormat("json_object")
    if kind != "json_schema":
        return None
    schema = wanted.get("schema")
    return AnswerFormat(
        "json_schema",
        read.text(wanted.get("name"), "text.format.name"),
        None if schema is None else read.fields(schema, "text.format.schema"),
        wanted.get("strict"),
        read.text(wanted.get("description") or "", "text.format.description"),
    )


def _effort(rest: Json) -> str:
    reasoning = {} if rest["reasoning"] is None else read.fields(rest["reasoning"], "reasoning")
    effort = read.text(reasoning.pop("effort", None) or "", "reasoning.effort")
    if reasoning:
        rest["reasoning"] = reasoning
    else:
        del rest["reasoning"]
    return effort
