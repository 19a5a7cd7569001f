"""Reads the body of OpenAI's `/v1/chat/completions`."""

import msgspec

from leitstand.simulator import openai_errors
from leitstand.simulator.values import Asked, Json, PromptCount, ToolSpec
from leitstand.simulator.wire import BadRequest, Problem

_CACHE_STEP_TOKENS = 128  # OpenAI caches prefixes in steps of this size


class ChatMessage(msgspec.Struct):
    """One message; unknown fields are accepted."""

    role: str
    content: str | list[Json] | None = None
    name: str | None = None
    tool_calls: list[Json] | None = None


class ChatBody(msgspec.Struct):
    """The fields that the simulator understands; all others are accepted and ignored."""

    model: str
    messages: list[ChatMessage]
    stream: bool | None = None
    stream_options: Json | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    tools: list[Json] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool | None = None
    response_format: Json | None = None
    reasoning_effort: str | None = None
    continue_final_message: bool | None = None


_DECODER = msgspec.json.Decoder(ChatBody)


def read(body: bytes) -> Asked:
    """The request in neutral words; raises BadRequest in OpenAI's shape."""
    chat = _decoded(body)
    count = PromptCount()
    for tool in chat.tools or ():
        count.add(msgspec.json.encode(tool).decode())
    users: list[str] = []
    systems: list[str] = []
    results: list[str] = []
    text = ""
    for message in chat.messages:
        text = _counted(message, count)
        if message.role == "user":
            users.append(text)
        elif message.role in ("system", "developer"):
            systems.append(text)
        results = [*results, text] if message.role == "tool" else []
    return Asked(
        model=chat.model,
        users=tuple(users),
        system="\n".join(systems),
        results=tuple(results),
        tools=() if chat.tool_choice == "none" else _tools(chat.tools or ()),
        forced=_forced(chat.tool_choice),
        parallel=chat.parallel_tool_calls is not False,
        max_tokens=chat.max_completion_tokens or chat.max_tokens,
        stop=(chat.stop,) if isinstance(chat.stop, str) else tuple(chat.stop or ()),
        schema=_schema(chat.response_format),
        json_object=(chat.response_format or {}).get("type") == "json_object",
        choices=chat.n or 1,
        stream=bool(chat.stream),
        include_usage=bool((chat.stream_options or {}).get("include_usage")),
        thinking=chat.reasoning_effort in ("low", "medium", "high", "xhigh"),
        input_tokens=count.tokens,
        cacheable=count.tokens // _CACHE_STEP_TOKENS * _CACHE_STEP_TOKENS,
        segments=tuple(count.segments),
        beginning=text if chat.continue_final_message else "",
    )


def _decoded(body: bytes) -> ChatBody:
    try:
        chat = _DECODER.decode(body)
    except msgspec.ValidationError as cause:
        raise BadRequest(_explained(str(cause))) from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        message = "We could not parse the JSON body of your request."
        raise BadRequest(openai_errors.invalid(message)) from cause
    if not chat.messages:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        raise BadRequest(openai_errors.invalid(message, "messages", "empty_array"))
    if not 1 <= (chat.n or 1) <= 128:
        raise BadRequest(openai_errors.invalid(f"Invalid 'n': {chat.n}.", "n", "integer_below_min_value"))
    for name, value in (
        ("max_tokens", chat.max_tokens),
        ("max_completion_tokens", chat.max_completion_tokens),
    ):
        if value is not None and value < 1:
            message = f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {value} instead."
            raise BadRequest(openai_errors.invalid(message, name, "integer_below_min_value"))
    return chat


def _explained(reason: str) -> Problem:
    if "missing required field `model`" in reason:
        return openai_errors.invalid("you must provide a model parameter")
    if "missing required field `messages`" in reason:
        message = "Missing required parameter: 'messages'."
        return openai_errors.invalid(message, "messages", "missing_required_parameter")
    return openai_errors.invalid(f"Invalid type: {reason}", None, "invalid_type")


def _counted(message: ChatMessage, count: PromptCount) -> str:
    """The message's text; its parts are added to the count."""
    texts: list[str] = []
    parts = message.content if isinstance(message.content, list) else []
    if isinstance(message.content, str):
        texts.append(message.content)
    for part in parts:
        if part.get("type") in ("text", "refusal"):
            texts.append(str(part.get("text", part.get("refusal", ""))))
        else:
            count.add_media(msgspec.json.encode(part).decode())
    text = "\n".join(texts)
    count.add(text, least=1)
    for call in message.tool_calls or ():
        function = call.get("function") or {}
        count.add(f"{function.get('name', '')} {function.get('arguments', '')}")
    return text


def _tools(tools: list[Json] | tuple[()]) -> tuple[ToolSpec, ...]:
    functions = [tool.get("function") or {} for tool in tools if tool.get("type") == "function"]
    return tuple(ToolSpec(str(one.get("name", "")), one.get("parameters") or {}) for one in functions)


def _forced(choice: str | Json | None) -> str:
    if choice == "required":
        return "*"
    if isinstance(choice, dict):
        return str((choice.get("function") or {}).get("name", "")) or "*"
    return ""


def _schema(response_format: Json | None) -> Json | None:
    if not response_format or response_format.get("type") != "json_schema":
        return None
    schema = (response_format.get("json_schema") or {}).get("schema")
    return schema if isinstance(schema, dict) else {"type": "object"}
