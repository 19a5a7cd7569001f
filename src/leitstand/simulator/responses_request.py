"""Reads the body of OpenAI's `/v1/responses`."""

from typing import Any

import msgspec

from leitstand.simulator import openai_errors
from leitstand.simulator.values import Asked, Json, PromptCount, ToolSpec
from leitstand.simulator.wire import BadRequest

_CACHE_STEP_TOKENS = 128  # OpenAI caches prefixes in steps of this size
_SEALED = "reasoning.encrypted_content"
_TEXTS = frozenset({"input_text", "output_text", "refusal"})


class ResponseAsked(Asked, frozen=True):
    """A request of this API with what its answer repeats. seals: reasoning is wanted back in sealed form."""

    body: Json = msgspec.field(default_factory=dict)
    seals: bool = False


class ResponseBody(msgspec.Struct):
    """The fields that the simulator understands; all others are accepted and ignored."""

    model: str
    input: str | list[Json] | None = None
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    tools: list[Json] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool | None = None
    text: Json | None = None
    reasoning: Json | None = None
    include: list[str] | None = None
    store: bool | None = None
    previous_response_id: str | None = None


_DECODER = msgspec.json.Decoder(ResponseBody)


def read(body: bytes) -> ResponseAsked:
    """The request in neutral words; raises BadRequest in OpenAI's shape."""
    asked = _decoded(body)
    count = PromptCount()
    for tool in asked.tools or ():
        count.add(msgspec.json.encode(tool).decode())
    users: list[str] = []
    systems = [asked.instructions] if asked.instructions else []
    results: list[str] = []
    for text in systems:
        count.add(text, least=1)
    for position, item in enumerate(_items(asked.input)):
        kind, text = _counted(item, count, position)
        if kind == "user":
            users.append(text)
        elif kind in ("system", "developer"):
            systems.append(text)
        if kind != "reasoning":
            results = [*results, text] if kind == "result" else []
    wanted = (asked.text or {}).get("format") or {}
    effort = (asked.reasoning or {}).get("effort")
    return ResponseAsked(
        model=asked.model,
        users=tuple(users),
        system="\n".join(systems),
        results=tuple(results),
        tools=() if asked.tool_choice == "none" else _tools(asked.tools or []),
        forced=_forced(asked.tool_choice),
        parallel=asked.parallel_tool_calls is not False,
        max_tokens=asked.max_output_tokens,
        schema=_schema(wanted),
        json_object=wanted.get("type") == "json_object",
        stream=bool(asked.stream),
        thinking=effort in ("low", "medium", "high", "xhigh"),
        show_thinking=bool((asked.reasoning or {}).get("summary")),
        input_tokens=count.tokens,
        cacheable=count.tokens // _CACHE_STEP_TOKENS * _CACHE_STEP_TOKENS,
        segments=tuple(count.segments),
        body=msgspec.json.decode(body),
        seals=_SEALED in (asked.include or ()),
    )


def _decoded(body: bytes) -> ResponseBody:
    try:
        asked = _DECODER.decode(body)
    except msgspec.ValidationError as cause:
        missing = "missing required field `model`" in str(cause)
        message = "Missing required parameter: 'model'." if missing else f"Invalid type: {cause}"
        code = "missing_required_parameter" if missing else "invalid_type"
        raise BadRequest(openai_errors.invalid(message, "model" if missing else None, code)) from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        message = "We could not parse the JSON body of your request."
        raise BadRequest(openai_errors.invalid(message)) from cause
    if not asked.input:
        message = "Missing required parameter: 'input'."
        raise BadRequest(openai_errors.invalid(message, "input", "missing_required_parameter"))
    if asked.previous_response_id:
        message = f"Previous response with id '{asked.previous_response_id}' not found."
        code = "previous_response_not_found"
        raise BadRequest(openai_errors.invalid(message, "previous_response_id", code))
    if asked.max_output_tokens is not None and asked.max_output_tokens < 1:
        message = "Invalid 'max_output_tokens': integer below minimum value."
        raise BadRequest(openai_errors.invalid(message, "max_output_tokens", "integer_below_min_value"))
    return asked


def _items(given: str | list[Json] | None) -> list[Json]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else given or []


def _counted(item: Json, count: PromptCount, position: int) -> tuple[str, str]:
    """Who speaks in an item (a role, `call`, `result` or `reasoning`) and its text, added to the count."""
    kind = item.get("type") or "message"
    if kind == "message" and "role" in item:
        return str(item["role"]), _text(item.get("content"), count)
    if kind == "function_call_output" and "call_id" in item:
        return "result", _text(item.get("output"), count)
    if kind == "function_call" and "call_id" in item:
        count.add(f"{item.get('name', '')} {item.get('arguments', '')}")
        return "call", ""
    if kind == "reasoning":
        if not item.get("encrypted_content"):
            message = f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` is set to false."
            raise BadRequest(openai_errors.invalid(message, "input"))
        return "reasoning", ""
    message = f"Invalid value: '{kind}'."
    raise BadRequest(openai_errors.invalid(message, f"input[{position}]", "invalid_value"))


def _text(content: Any, count: PromptCount) -> str:
    texts = [content] if isinstance(content, str) else []
    for part in content if isinstance(content, list) else ():
        if part.get("type") in _TEXTS:
            texts.append(str(part.get("text", part.get("refusal", ""))))
        else:
            count.add_media(msgspec.json.encode(part).decode())
    text = "\n".join(texts)
    count.add(text, least=1)
    return text


def _tools(tools: list[Json]) -> tuple[ToolSpec, ...]:
    functions = [tool for tool in tools if tool.get("type") == "function"]
    return tuple(ToolSpec(str(one.get("name", "")), one.get("parameters") or {}) for one in functions)


def _forced(choice: str | Json | None) -> str:
    if choice == "required":
        return "*"
    return (str(choice.get("name", "")) or "*") if isinstance(choice, dict) else ""


def _schema(wanted: Json) -> Json | None:
    if wanted.get("type") != "json_schema":
        return None
    schema = wanted.get("schema")
    return schema if isinstance(schema, dict) else {"type": "object"}
