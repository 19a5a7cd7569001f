"""Prompts in the format of Cohere Chat, version 2.

Source: Cohere API reference, "Chat (v2)". Key order is fixed, so that the same conversation always has the
same beginning. A named tool is forced by offering it alone, for the format can only say "some tool".
"""

from collections.abc import Iterator
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
    ToolResult,
)
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import narrow, responses_foreign

_encode = msgspec.json.encode
_PASSED = frozenset({"seed"})
_IMAGES = frozenset({"image"})
_MOST_STOPS = 5
_TOP_P = (0.01, 0.99)  # the range that `p` accepts
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt that Cohere Chat cannot say, or None."""
    if prompt.choices != 1:
        return "n"
    if len(prompt.stop) > _MOST_STOPS:
        return f"stop (at most {_MOST_STOPS})"
    if prompt.tools and prompt.answer_format is not None:
        return "response_format with tools"
    return narrow.lacking(prompt, passed=_PASSED, media=_IMAGES)


def encode(prompt: Prompt, model: str) -> bytes:
    """The request body. model: the provider's own name for it. Raises Unsupported (see `lacks`)."""
    missing = lacks(prompt)
    if missing is not None:
        raise Unsupported(missing)
    prompt = responses_foreign.as_chat(prompt)
    body: Json = {"model": model}
    _add_tools(body, prompt)
    body["messages"] = list(_messages(narrow.plain_turns(prompt)))
    if prompt.max_tokens is not None:
        body["max_tokens"] = prompt.max_tokens
    _add_sampling(body, prompt)
    if prompt.stop:
        body["stop_sequences"] = list(prompt.stop)
    if prompt.answer_format is not None:
        body["response_format"] = _format(prompt.answer_format)
    thinking = _thinking(prompt, model)
    if thinking:
        body["thinking"] = thinking
    body["stream"] = prompt.stream
    return _encode(body)


def _add_tools(body: Json, prompt: Prompt) -> None:
    choice = prompt.tool_choice
    offered = [tool for tool in prompt.tools if isinstance(tool, Tool)]
    if choice is not None and choice.mode == "tool":
        offered = [tool for tool in offered if tool.name == choice.name] or offered
    if not offered:
        return
    body["tools"] = [_tool(tool) for tool in offered]
    if any(tool.strict for tool in offered):
        body["strict_tools"] = True
    if choice is not None and choice.mode != "auto":
        body["tool_choice"] = "NONE" if choice.mode == "none" else "REQUIRED"


def _tool(tool: Tool) -> Json:
    function: Json = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _add_sampling(body: Json, prompt: Prompt) -> None:
    if prompt.temperature is not None:
        body["temperature"] = min(prompt.temperature, 1)  # OpenAI's scale ends at 2
    if prompt.top_p is not None:
        body["p"] = min(max(prompt.top_p, _TOP_P[0]), _TOP_P[1])
    if prompt.extra.get("top_k") is not None:
        body["k"] = prompt.extra["top_k"]
    if prompt.extra.get("seed") is not None:
        body["seed"] = prompt.extra["seed"]
    for name in ("frequency_penalty", "presence_penalty"):
        wish = prompt.extra.get(name)
        if isinstance(wish, int | float) and wish > 0:
            body[name] = min(wish, 1)
            return  # a model takes one of both


def _format(answer: AnswerFormat) -> Json:
    """JSON by a schema, or any JSON; the schema's name has no place here."""
    if answer.kind == "json_object" or answer.schema is None:
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": answer.schema}


def _thinking(prompt: Prompt, model: str) -> Json | None:
    """The thinking setting; only reasoning models know the field, and they think unless told not to."""
    effort = prompt.reasoning_effort
    if not effort or "reasoning" not in model:
        return None
    if effort == "none":
        return {"type": "disabled"}
    return {"type": "enabled", "token_budget": _BUDGETS.get(effort, _BUDGETS["medium"])}


def _messages(turns: list[Message]) -> Iterator[Json]:
    """The turns under the rules of this format: one system turn, in front; no turn without content."""
    system = "\n\n".join(narrow.text_of(turn.parts) for turn in turns if turn.role == "system")
    if system:
        yield {"role": "system", "content": system}
    for turn in turns:
        if turn.role == "user" and turn.parts:
            yield {"role": "user", "content": _content(turn.parts)}
        elif turn.role == "assistant":
            yield from _assistant(turn)
        elif turn.role == "tool":
            yield from _results(turn)


def _assistant(turn: Message) -> Iterator[Json]:
    """What the model said. Before calls it is the plan for them, where this format has a field of its own."""
    said = narrow.text_of(turn.parts)
    calls = narrow.calls_of(turn)
    if calls:
        encoded: Json = {"role": "assistant"}
        if said:
            encoded["tool_plan"] = said
        encoded["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in calls
        ]
        yield encoded
    elif said:
        yield {"role": "assistant", "content": said}


def _results(turn: Message) -> Iterator[Json]:
    """Tool results; their images follow in a user turn, for a tool turn holds text only."""
    for part in turn.parts:
        if isinstance(part, ToolResult):
            yield {"role": "tool", "tool_call_id": part.call_id, "content": narrow.result_text(part)}
    pictures = narrow.pictures_of(turn)
    if pictures:
        yield {"role": "user", "content": _content(pictures)}


def _content(parts: Any) -> str | list[Json]:
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_part(part) for part in parts]


def _part(part: Any) -> Json:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Media(kind="image", detail=detail):
            image = {"url": narrow.media_url(part)}
            if detail:
                image["detail"] = detail
            return {"type": "image_url", "image_url": image}
    raise Unsupported(type(part).__name__)
