"""Reads the body of Anthropic's `/v1/messages` and `/v1/messages/count_tokens`."""

import msgspec

from leitstand.simulator import anthropic_errors
from leitstand.simulator.values import Asked, Json, PromptCount, ToolSpec
from leitstand.simulator.wire import BadRequest

Content = str | list[Json]


class MessageTurn(msgspec.Struct):
    """One turn; unknown fields are accepted."""

    role: str
    content: Content


class MessagesBody(msgspec.Struct):
    """The fields that the simulator understands; all others are accepted and ignored."""

    model: str
    messages: list[MessageTurn]
    max_tokens: int | None = None
    system: Content | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    tools: list[Json] | None = None
    tool_choice: Json | None = None
    thinking: Json | None = None
    output_config: Json | None = None
    output_format: Json | None = None
    cache_control: Json | None = None


_DECODER = msgspec.json.Decoder(MessagesBody)


def read(body: bytes, request_id: str, *, counting: bool = False) -> Asked:
    """The request in neutral words; raises BadRequest in Anthropic's shape.

    counting: for count_tokens, where max_tokens is not required.
    """
    asked = _decoded(body, request_id, counting)
    reader = _Reader()
    for tool in asked.tools or ():
        reader.count.add(msgspec.json.encode(tool).decode())
        reader.mark(tool)
    system = reader.text(asked.system) if asked.system else ""
    users: list[str] = []
    beginning = ""
    for message in asked.messages:
        reader.results = []
        text = reader.text(message.content)
        if message.role == "user":
            users.append(text)
        beginning = text if message.role == "assistant" else ""
    count = reader.count
    choice = asked.tool_choice or {}
    tools = () if choice.get("type") == "none" else _tools(asked.tools or [])
    output = (asked.output_config or {}).get("format") or asked.output_format or {}
    return Asked(
        model=asked.model,
        users=tuple(users),
        system=system,
        results=tuple(reader.results),
        tools=tools,
        forced={"any": "*", "tool": str(choice.get("name", "*"))}.get(str(choice.get("type")), ""),
        parallel=not choice.get("disable_parallel_tool_use"),
        max_tokens=asked.max_tokens,
        stop=tuple(asked.stop_sequences or ()),
        schema=output.get("schema"),
        stream=bool(asked.stream),
        thinking=(asked.thinking or {}).get("type") in ("enabled", "adaptive"),
        input_tokens=count.tokens,
        cacheable=count.tokens if asked.cache_control else count.cache_mark,
        segments=tuple(count.segments),
        beginning=beginning,
    )


class _Reader:
    """Walks through the content blocks: text is returned, everything is counted."""

    def __init__(self) -> None:
        self.count = PromptCount(segments=[])
        self.results: list[str] = []

    def text(self, content: Content) -> str:
        """The texts of a turn."""
        if isinstance(content, str):
            self.count.add(content, least=1)
            return content
        texts: list[str] = []
        for block in content:
            self._block(block, texts)
            self.mark(block)
        return "\n".join(texts)

    def mark(self, block: Json) -> None:
        """Remember how far the client wants the prompt cached."""
        if block.get("cache_control"):
            self.count.cache_mark = self.count.tokens

    def _block(self, block: Json, texts: list[str]) -> None:
        match block.get("type"):
            case "text":
                texts.append(str(block.get("text", "")))
                self.count.add(texts[-1], least=1)
            case "tool_result":
                result = self.text(block.get("content") or "")
                self.results.append(result)
            case "tool_use":
                arguments = msgspec.json.encode(block.get("input") or {}).decode()
                self.count.add(f"{block.get('name', '')} {arguments}", least=1)
            case "thinking":
                self.count.add(str(block.get("thinking", "")), least=1)
            case _:
                self.count.add_media(msgspec.json.encode(block).decode())


def _decoded(body: bytes, request_id: str, counting: bool) -> MessagesBody:
    try:
        asked = _DECODER.decode(body)
    except msgspec.ValidationError as cause:
        raise BadRequest(anthropic_errors.invalid(_explained(str(cause)), request_id)) from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        message = "The request body is not valid JSON"
        raise BadRequest(anthropic_errors.invalid(message, request_id)) from cause
    fault = ""
    if asked.max_tokens is None and not counting:
        fault = "max_tokens: Field required"
    elif asked.max_tokens is not None and asked.max_tokens < 1:
        fault = "max_tokens: must be greater than or equal to 1"
    elif not asked.messages:
        fault = "messages: at least one message is required"
    elif any(message.role not in ("user", "assistant") for message in asked.messages):
        fault = 'messages: Unexpected role. Allowed roles are "user" or "assistant"'
    if fault:
        raise BadRequest(anthropic_errors.invalid(fault, request_id))
    return asked


def _explained(reason: str) -> str:
    for field in ("model", "messages"):
        if reason == f"Object missing required field `{field}`":
            return f"{field}: Field required"
    return reason


def _tools(tools: list[Json]) -> tuple[ToolSpec, ...]:
    own = [tool for tool in tools if tool.get("type", "custom") == "custom"]
    return tuple(ToolSpec(str(tool.get("name", "")), tool.get("input_schema") or {}) for tool in own)
