"""Prompts in the format of Amazon Bedrock Converse.

Source: Amazon Bedrock API reference, "Converse". One format for all models there; what only some of them know
(thinking, one tool call at a time) travels in `additionalModelRequestFields` under their own names.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from leitstand.core.conversation import (
    AnswerFormat,
    Json,
    Media,
    Message,
    Opaque,
    Prompt,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from leitstand.providers.faults import FaultKind, Unsupported, UpstreamFault
from leitstand.providers.wire import messages_foreign, responses_foreign
from leitstand.providers.wire.chat_prompt import HINTS
from leitstand.providers.wire.converse_media import media, media_lacks, name_apart
from leitstand.providers.wire.messages_prompt import DEFAULT_MAX_TOKENS, arguments_of

_CLAUDE = re.compile(r"anthropic\.claude|claude-")
_CACHES = re.compile(r"claude|amazon\.nova")  # the families that take cache points
_GPT_OSS = re.compile(r"openai\.gpt-oss")
_CHOICES: dict[str, Json] = {"auto": {"auto": {}}, "required": {"any": {}}}
_CLAUDE_CHOICES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt that Converse cannot say, or None."""
    if prompt.choices != 1:
        return "n"
    missing = _messages_lacks(prompt) if prompt.dialect == "messages" else messages_foreign.lacks(prompt)
    if missing is not None:
        return missing
    for message in prompt.messages:
        for part in message.parts:
            for inner in part.parts if isinstance(part, ToolResult) else (part,):
                if isinstance(inner, Media) and (missing := media_lacks(inner)):
                    return missing
    return None


def _messages_lacks(prompt: Prompt) -> str | None:
    for name, value in prompt.extra.items():
        if name not in HINTS and value not in (None, [], {}):
            return name
    if prompt.max_tokens == 0:
        return "max_tokens: 0"  # the way to fill a cache without an answer
    for message in prompt.messages:
        for part in message.parts:
            for inner in part.parts if isinstance(part, ToolResult) else (part,):
                if isinstance(inner, Opaque):
                    return str(inner.native.get("type", "unknown part"))
    return next((str(t.native.get("type", "tool")) for t in prompt.tools if isinstance(t, Opaque)), None)


def encode(prompt: Prompt, model: str) -> bytes:
    """The request body. model: its id there, which decides what it can be told.

    Raises Unsupported (see `lacks`), and UpstreamFault `invalid` for what only this model cannot be told.
    """
    missing = lacks(prompt)
    if missing is not None:
        raise Unsupported(missing)
    prompt = responses_foreign.as_chat(prompt)
    messages = prompt.messages if prompt.dialect == "messages" else messages_foreign.fitting(prompt)
    caches = _CACHES.search(model) is not None
    own = _model_fields(prompt, model)
    effort = own.pop("effort", "")
    body: Json = {}
    tools = _tool_config(prompt, messages, model, own, caches)
    if tools:
        body["toolConfig"] = tools
    leading = _leading_system(messages)
    if leading:
        body["system"] = [block for each in messages[:leading] for block in _blocks(each.parts, caches)]
    turns = list(_turns(messages[leading:], caches))
    name_apart(turns)
    body["messages"] = turns
    inference = _inference(prompt, model, thinking="thinking" in own)
    if inference:
        body["inferenceConfig"] = inference
    output = _output(prompt.answer_format, effort)
    if output:
        body["outputConfig"] = output
    if own:
        body["additionalModelRequestFields"] = own
    return msgspec.json.encode(body)


# ------------------------------------------------------------ the conversation


def _leading_system(messages: tuple[Message, ...]) -> int:
    count = 0
    while count < len(messages) and messages[count].role == "system":
        count += 1
    return count


def _turns(messages: tuple[Message, ...], caches: bool) -> Iterator[Json]:
    """Turns in the roles of this format, which must alternate: neighbours of one role are joined."""
    pending: Json | None = None
    for message in messages:
        role = "user" if message.role == "tool" else message.role
        blocks = list(_blocks(message.parts, caches))
        if pending is not None and pending["role"] == role:
            pending["content"] += blocks
            continue
        if pending is not None:
            yield pending
        pending = {"role": role, "content": blocks}
    if pending is not None:
        yield pending


def _blocks(parts: tuple[Any, ...], caches: bool) -> Iterator[Json]:
    for part in parts:
        yield _block(part)
        if caches and (point := _cache_point(getattr(part, "extra", None))):
            yield point


def _block(part: Any) -> Json:
    match part:
        case Text():
            return {"text": part.text}
        case Media():
            return media(part)
        case Thinking(redacted=True):
            return {"reasoningContent": {"redactedContent": part.signature}}
        case Thinking():
            return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": part.signature}}}
        case ToolCall():
            use = {"toolUseId": part.id, "name": part.name, "input": arguments_of(part.arguments)}
            return {"toolUse": use}
        case ToolResult():
            result: Json = {"toolUseId": part.call_id, "content": [_block(inner) for inner in part.parts]}
            if part.is_error:
                result["status"] = "error"
            return {"toolResult": result}
    raise Unsupported(type(part).__name__)


def _cache_point(extra: Json | None) -> Json | None:
    marker = (extra or {}).get("cache_control")
    if not isinstance(marker, dict):
        return None
    point: Json = {"type": "default"}
    if marker.get("ttl") == "1h":
        point["ttl"] = "1h"
    return {"cachePoint": point}


# ------------------------------------------------------------ settings


def _inference(prompt: Prompt, model: str, thinking: bool) -> Json:
    inference: Json = {}
    if prompt.max_tokens is not None:
        inference["maxTokens"] = prompt.max_tokens
    elif _CLAUDE.search(model):
        inference["maxTokens"] = DEFAULT_MAX_TOKENS
    native = prompt.dialect == "messages"
    if prompt.temperature is not None and (native or not thinking):
        inference["temperature"] = min(prompt.temperature, 1)  # OpenAI's scale ends at 2
    if prompt.top_p is not None and (native or not (thinking or "temperature" in inference)):
        inference["topP"] = prompt.top_p
    stop = [word for word in prompt.stop if word.strip()]
    if stop:
        inference["stopSequences"] = stop
    return inference


def _output(answer: AnswerFormat | None, effort: str) -> Json:
    output: Json = {}
    if answer is not None and answer.kind == "json_schema":
        schema = messages_foreign.closed(answer.schema or {"type": "object"})
        definition: Json = {"schema": msgspec.json.encode(schema).decode()}
        if answer.name:
            definition["name"] = answer.name
        if answer.description:
            definition["description"] = answer.description
        output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": definition}}
    if effort:
        output["effort"] = effort
    return output


def _model_fields(prompt: Prompt, model: str) -> Json:
    """What this family of models calls thinking and sampling; `effort` has a place of its own in the format."""
    if _GPT_OSS.search(model) and prompt.reasoning_effort:
        return {"reasoning_effort": prompt.reasoning_effort}
    if not _CLAUDE.search(model):
        return {}
    if prompt.dialect == "messages":
        given = prompt.extra
        effort = (given.get("output_config") or {}).get("effort")
    else:
        given = messages_foreign.extras(prompt, model, prompt.max_tokens or DEFAULT_MAX_TOKENS)
        effort = (given.get("output_config") or {}).get("effort")
    own: Json = {name: given[name] for name in ("thinking", "top_k") if given.get(name) is not None}
    if effort:
        own["effort"] = effort
    return own


# ------------------------------------------------------------ tools


def _tool_config(
    prompt: Prompt, messages: tuple[Message, ...], model: str, own: Json, caches: bool
) -> Json | None:
    """Tools and how they are chosen; a choice that Converse has no word for goes into `own`, for Claude.

    A conversation that holds calls must declare their tools, whether or not the client still offers them.
    """
    tools = [block for tool in prompt.tools for block in _tool(tool, caches)]
    called = dict.fromkeys(
        part.name for message in messages for part in message.parts if isinstance(part, ToolCall)
    )
    choice = prompt.tool_choice
    forbidden = choice is not None and choice.mode == "none"
    if forbidden and not called:
        return None
    if not tools:
        tools = [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}} for name in called]
    if not tools:
        return None
    config: Json = {"tools": tools}
    if choice is None or not prompt.tools:
        return config
    if forbidden or choice.parallel is False:
        _require_claude(model, "tool_choice none" if forbidden else "one tool call at a time")
        native: Json = {"type": _CLAUDE_CHOICES[choice.mode]}
        if choice.mode == "tool":
            native["name"] = choice.name
        if not forbidden:
            native["disable_parallel_tool_use"] = True
        own["tool_choice"] = native
    elif choice.mode == "tool":
        config["toolChoice"] = {"tool": {"name": choice.name}}
    else:
        config["toolChoice"] = _CHOICES[choice.mode]
    return config


def _require_claude(model: str, wish: str) -> None:
    if not _CLAUDE.search(model):
        message = f"model {model!r} cannot be told: {wish}"
        raise UpstreamFault(FaultKind.INVALID, message, sent=False)


def _tool(tool: Tool | Opaque, caches: bool) -> Iterator[Json]:
    if isinstance(tool, Opaque):
        raise Unsupported(str(tool.native.get("type", "tool")))
    schema = tool.parameters if tool.parameters is not None else {"type": "object", "properties": {}}
    spec: Json = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": schema}
    if tool.strict:
        spec["strict"] = True
    yield {"toolSpec": spec}
    if caches and (point := _cache_point(tool.extra)):
        yield point
