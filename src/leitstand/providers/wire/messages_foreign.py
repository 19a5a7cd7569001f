"""What a prompt of another dialect must become before Anthropic Messages can say it."""

import re
from typing import Any

from msgspec.structs import replace

from leitstand.core.conversation import (
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Prompt,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from leitstand.providers.wire import responses_foreign, seals

# What a Chat client may say that changes cost, speed, sampling or bookkeeping only: left out, not refused.
HINTS = frozenset(
    {"frequency_penalty", "max_completion_tokens", "metadata", "prediction", "presence_penalty", "prompt_cache_key",
     "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "seed", "service_tier", "store",
     "stream_options", "user", "verbosity"}
)  # fmt: skip
_MESSAGE_HINTS = frozenset({"role", "refusal", "annotations", "reasoning_content", "reasoning"})
_PASSED = ("top_k",)
_JSON_ONLY = "Answer with one valid JSON object and nothing else."

# Before adaptive thinking (Claude 4.6) a budget in tokens was the only way; before 3.7 there was no thinking.
_BUDGET_MODEL = re.compile(
    r"claude-(3-7|(opus|sonnet|haiku)-4(-[015])?(-\d{8}|@|-v|$)|(opus|sonnet|haiku)-4-5)"
)
_NO_THINKING = re.compile(r"claude-(2|instant|3-(5|opus|sonnet|haiku))")
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}
_MIN_BUDGET = 1024


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt of another dialect that Messages cannot say, or None."""
    if prompt.dialect == "messages":
        return None
    if prompt.dialect == "responses":
        return responses_foreign.lacks(prompt) or lacks(responses_foreign.as_chat(prompt))
    if prompt.choices != 1:
        return "n"
    for name, value in prompt.extra.items():
        if name not in HINTS and name not in _PASSED and value not in (None, False, [], {}, ["text"], "none"):
            return name
    for tool in prompt.tools:
        if isinstance(tool, Opaque):
            return f"tool type {tool.native.get('type', '')}".strip()
    for message in prompt.messages:
        for name, value in (message.extra or {}).items():
            if name not in _MESSAGE_HINTS and value not in (None, [], {}):
                return name
        for part in message.parts:
            missing = _part_lacks(part)
            if missing is not None:
                return missing
    return None


def _part_lacks(part: Part) -> str | None:
    if isinstance(part, ToolResult):
        return next((missing for inner in part.parts if (missing := _part_lacks(inner))), None)
    if isinstance(part, Opaque):
        return None if part.native.get("type") == "refusal" else str(part.native.get("type", "unknown part"))
    if isinstance(part, Media) and part.kind == "audio":
        return "audio"
    return None


def fitting(prompt: Prompt) -> tuple[Message, ...]:
    """The conversation under the rules of this format.

    All system prompts stand in front; no text is empty; the first turn is the user's, also where nobody
    said anything; a last turn of the assistant ends without blanks. A participant's name, which has no field
    here, stands before its text.
    """
    messages = seals.without_marked(prompt.messages)
    system = [message for message in messages if message.role == "system"]
    if prompt.answer_format is not None and prompt.answer_format.kind == "json_object":
        system.append(Message("system", (Text(_JSON_ONLY),)))
    turns = [fitted for message in messages if message.role != "system" and (fitted := _fit(message)).parts]
    if not turns and system:
        turns = [replace(_fit(system.pop()), role="user")]
    if not turns or turns[0].role == "assistant":
        turns.insert(0, Message("user", (Text("…"),)))
    if turns[-1].role == "assistant":
        turns[-1] = _without_trailing_blanks(turns[-1])
    return (*(fitted for message in system if (fitted := _fit(message)).parts), *turns)


def _fit(message: Message) -> Message:
    parts = [fitted for part in message.parts if (fitted := _fit_part(part)) is not None]
    if message.name and parts and message.role == "user" and isinstance(parts[0], Text):
        parts[0] = Text(f"{message.name}: {parts[0].text}", parts[0].extra)
    # Text comes before the calls it leads to; a call must be the end of its turn.
    parts.sort(key=lambda part: isinstance(part, ToolCall))
    return Message(message.role, tuple(parts))


def _fit_part(part: Part) -> Any:
    match part:
        case Text():
            return Text(part.text, _known(part.extra)) if part.text.strip() else None
        case Thinking(signature=""):
            return None  # only sealed thinking is taken back
        case Media():
            return replace(part, extra=_known(part.extra))
        case ToolCall():
            return replace(part, extra=None)
        case ToolResult():
            inner = tuple(fitted for each in part.parts if (fitted := _fit_part(each)) is not None)
            return replace(part, parts=inner, extra=None)
        case Opaque():
            refusal = part.native.get("refusal")
            return Text(refusal) if refusal else None
    return part


def _known(extra: Json | None) -> Json | None:
    """Of a foreign part's extra fields only the cache marker, which many Chat clients borrow from here."""
    return {"cache_control": extra["cache_control"]} if extra and extra.get("cache_control") else None


def _without_trailing_blanks(message: Message) -> Message:
    last = message.parts[-1]
    if not isinstance(last, Text):
        return message
    return replace(message, parts=(*message.parts[:-1], Text(last.text.rstrip(), last.extra)))


def extras(prompt: Prompt, model: str, max_tokens: int) -> Json:
    """Fields of this format made from what the other dialect said."""
    extra: Json = {name: prompt.extra[name] for name in _PASSED if prompt.extra.get(name) is not None}
    user = prompt.extra.get("safety_identifier") or prompt.extra.get("user")
    if isinstance(user, str) and user:
        extra["metadata"] = {"user_id": user}
    output: Json = {}
    answer = prompt.answer_format
    if answer is not None and answer.kind == "json_schema":
        output["format"] = {"type": "json_schema", "schema": closed(answer.schema or {"type": "object"})}
    thinking, effort = _thinking(prompt, model, max_tokens)
    if effort:
        output["effort"] = effort
    if thinking:
        extra["thinking"] = thinking
    if output:
        extra["output_config"] = output
    return extra


def _thinking(prompt: Prompt, model: str, max_tokens: int) -> tuple[Json | None, str]:
    """The thinking setting and the effort word for a wish such as `high`."""
    effort = prompt.reasoning_effort
    if not effort or _NO_THINKING.search(model):
        return None, ""
    if effort == "none":
        return {"type": "disabled"}, ""
    forced = prompt.tool_choice is not None and prompt.tool_choice.mode in ("required", "tool")
    if forced or _in_tool_loop_without_thinking(prompt):
        return None, ""  # the format refuses thinking in both situations
    if not _BUDGET_MODEL.search(model):
        return {"type": "adaptive"}, "low" if effort == "minimal" else effort
    budget = min(_BUDGETS.get(effort, _BUDGETS["medium"]), max_tokens // 2)
    return ({"type": "enabled", "budget_tokens": budget} if budget >= _MIN_BUDGET else None), ""


def _in_tool_loop_without_thinking(prompt: Prompt) -> bool:
    if not prompt.messages or prompt.messages[-1].role != "tool":
        return False
    asked = next((message for message in reversed(prompt.messages) if message.role == "assistant"), None)
    return asked is not None and not any(
        isinstance(part, Thinking) and part.signature for part in asked.parts
    )


def closed(schema: Any) -> Any:
    """A schema whose objects say `additionalProperties: false`, which this format demands of each."""
    if isinstance(schema, list):
        return [closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object":
        shut.setdefault("additionalProperties", False)
    return shut
