"""Prompts in the format of Mistral's chat completions.

Source: Mistral API reference, "Chat completion". It looks like OpenAI's and is stricter: a field that it does
not know is refused (422), a turn of the user may not follow a tool's, and ids of calls have nine letters or
digits. So every field here is written on purpose and nothing else is passed on.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from leitstand.core.conversation import (
    AnswerFormat,
    Json,
    Media,
    Message,
    Prompt,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import narrow, responses_foreign

_encode = msgspec.json.encode

# Fields of a chat client that have the same name and meaning here.
_SAME = (
    "frequency_penalty", "presence_penalty", "prompt_cache_key", "safe_prompt", "prompt_mode", "top_k",
    "min_tokens", "repetition_penalty", "logprobs", "top_logprobs", "guardrails",
)  # fmt: skip
_PASSED = frozenset({*_SAME, "seed", "random_seed"})
_MEDIA = frozenset({"image", "audio", "file"})
_MAX_TEMPERATURE = 1.5
_CALL_ID = re.compile(r"[A-Za-z0-9]{9}")
_ADJUSTABLE = re.compile(r"mistral-(small-(latest|2603)|medium-(latest|3-5)|large-4)")
_BRIEF = frozenset({"none", "minimal", "low"})
_BRIDGE = "OK."  # what the model is taken to have said between a tool's turn and the user's


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt that Mistral cannot say, or None."""
    return narrow.lacking(prompt, passed=_PASSED, media=_MEDIA)


def encode(prompt: Prompt, model: str) -> bytes:
    """The request body. model: the provider's own name for it. Raises Unsupported (see `lacks`)."""
    missing = lacks(prompt)
    if missing is not None:
        raise Unsupported(missing)
    prompt = responses_foreign.as_chat(prompt)
    body: Json = {"model": model}
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in prompt.tools if isinstance(tool, Tool)]
    body["messages"] = list(_ordered(narrow.plain_turns(prompt)))
    if prompt.max_tokens is not None:
        body["max_tokens"] = prompt.max_tokens
    if prompt.temperature is not None:
        body["temperature"] = min(prompt.temperature, _MAX_TEMPERATURE)
    if prompt.top_p is not None:
        body["top_p"] = prompt.top_p
    if prompt.stop:
        body["stop"] = list(prompt.stop)
    if prompt.tool_choice is not None and prompt.tools:
        _choose(body, prompt.tool_choice)
    if prompt.answer_format is not None:
        body["response_format"] = _format(prompt.answer_format)
    effort = _effort(prompt, model)
    if effort:
        body["reasoning_effort"] = effort
    if prompt.choices != 1:
        body["n"] = prompt.choices
    _add_extras(body, prompt.extra)
    if prompt.stream:
        body["stream"] = True
    return _encode(body)


def prefix_of(prompt: Prompt) -> str:
    """The beginning of the answer that a client wrote itself, as its last turn; "" when there is none."""
    last = prompt.messages[-1] if prompt.messages else None
    if last is None or last.role != "assistant" or narrow.calls_of(last):
        return ""
    return narrow.text_of(last.parts)


def _add_extras(body: Json, extra: Json) -> None:
    seed = extra.get("random_seed", extra.get("seed"))
    if seed is not None:
        body["random_seed"] = seed
    for name in _SAME:
        if extra.get(name) is not None:
            body[name] = extra[name]
    prediction = extra.get("prediction")
    if isinstance(prediction, dict) and isinstance(prediction.get("content"), str):
        body["prediction"] = {"type": "content", "content": prediction["content"]}


def _effort(prompt: Prompt, model: str) -> str:
    """Other dialects ask any model for thinking; here only some know the field, and most of those two words."""
    effort = prompt.reasoning_effort
    if prompt.dialect == "chat" or not effort:
        return effort
    if not _ADJUSTABLE.match(model):
        return ""
    return "none" if effort in _BRIEF else "high"


def _choose(body: Json, choice: ToolChoice) -> None:
    match choice.mode:
        case "required":
            body["tool_choice"] = "any"
        case "tool":
            body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
        case _:
            body["tool_choice"] = choice.mode
    if choice.parallel is not None:
        body["parallel_tool_calls"] = choice.parallel


def _format(answer: AnswerFormat) -> Json:
    if answer.kind == "json_object":
        return {"type": "json_object"}
    schema: Json = {"name": answer.name or "answer"}
    if answer.description:
        schema["description"] = answer.description
    schema["schema"] = answer.schema if answer.schema is not None else {"type": "object"}
    if answer.strict is not None:
        schema["strict"] = answer.strict
    return {"type": "json_schema", "json_schema": schema}


def _tool(tool: Tool) -> Json:
    function: Json = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _ordered(turns: list[Message]) -> Iterator[Json]:
    """The turns in an order that is accepted: what follows a tool's turn is the model's."""
    last = ""
    encoded = [each for turn in turns for each in _messages(turn)]
    for position, message in enumerate(encoded):
        if last == "tool" and message["role"] in ("user", "system"):
            yield {"role": "assistant", "content": _BRIDGE}
        last = message["role"]
        if last == "assistant" and position == len(encoded) - 1 and "tool_calls" not in message:
            message["prefix"] = True
        yield message


def _messages(turn: Message) -> Iterator[Json]:
    if turn.role == "tool":
        for part in turn.parts:
            if isinstance(part, ToolResult):
                yield _result(part)
        return
    encoded: Json = {"role": turn.role}
    calls = narrow.calls_of(turn)
    said = [part for part in turn.parts if isinstance(part, Text | Media)]
    if said and (turn.role != "assistant" or any(not isinstance(part, Text) or part.text for part in said)):
        encoded["content"] = _content(said)
    if calls:
        encoded["tool_calls"] = [_call(call) for call in calls]
    if len(encoded) > 1:  # a turn of the model without content is refused
        yield encoded


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call_id(call.id), "type": "function", "function": function}


def _result(result: ToolResult) -> Json:
    text = narrow.result_text(result)
    pictures = [part for part in result.parts if isinstance(part, Media)]
    content = _content([Text(text), *pictures]) if pictures else text
    return {"role": "tool", "tool_call_id": call_id(result.call_id), "content": content}


def call_id(theirs: str) -> str:
    """An id of a tool call as accepted here; another one becomes the same nine digits each time."""
    if _CALL_ID.fullmatch(theirs):
        return theirs
    return hashlib.blake2b(theirs.encode("utf-8", "replace"), digest_size=5).hexdigest()[:9]


def _content(parts: Sequence[Text | Media]) -> str | list[Json]:
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_part(part) for part in parts]


def _part(part: Any) -> Json:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Media(kind="image", detail=detail):
            url = narrow.media_url(part)
            return {"type": "image_url", "image_url": {"url": url, "detail": detail} if detail else url}
        case Media(kind="audio"):
            return {"type": "input_audio", "input_audio": part.data}
        case Media():
            document: Json = {"type": "document_url", "document_url": narrow.media_url(part)}
            if part.name:
                document["document_name"] = part.name
            return document
    raise Unsupported(type(part).__name__)
