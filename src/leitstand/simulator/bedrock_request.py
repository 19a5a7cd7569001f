"""Reads the body of Amazon Bedrock's `converse` and `converse-stream`, as strictly as Bedrock does."""

import base64
import binascii

import msgspec

from leitstand.simulator import bedrock_errors
from leitstand.simulator.values import Asked, Json, PromptCount, ToolSpec
from leitstand.simulator.wire import BadRequest


class Turn(msgspec.Struct):
    """One turn of the conversation."""

    role: str
    content: list[Json]


class ConverseBody(msgspec.Struct, rename="camel"):
    """The fields that the simulator understands; all others are accepted and ignored."""

    messages: list[Turn]
    system: list[Json] | None = None
    inference_config: Json | None = None
    tool_config: Json | None = None
    output_config: Json | None = None
    additional_model_request_fields: Json | None = None


_DECODER = msgspec.json.Decoder(ConverseBody)


def read(body: bytes, model: str, *, stream: bool) -> Asked:
    """The request in neutral words; raises BadRequest in AWS's shape."""
    asked = _decoded(body)
    reader = _Reader()
    config = asked.tool_config or {}
    for tool in config.get("tools") or ():
        reader.block(tool, [])
    system = reader.text(asked.system or [])
    users: list[str] = []
    for turn in asked.messages:
        reader.results = []
        text = reader.text(turn.content)
        if turn.role == "user":
            users.append(text)
    settings = asked.inference_config or {}
    own = asked.additional_model_request_fields or {}
    choice, native = config.get("toolChoice") or {}, own.get("tool_choice") or {}
    return Asked(
        model=model,
        users=tuple(users),
        system=system,
        results=tuple(reader.results),
        tools=() if native.get("type") == "none" else _tools(config.get("tools") or []),
        forced=_forced(choice) or _forced_natively(native),
        parallel=not native.get("disable_parallel_tool_use"),
        max_tokens=settings.get("maxTokens"),
        stop=tuple(settings.get("stopSequences") or ()),
        schema=_schema(asked.output_config or {}),
        stream=stream,
        thinking=(own.get("thinking") or {}).get("type") in ("enabled", "adaptive")
        or "reasoning_effort" in own,
        input_tokens=reader.count.tokens,
        cacheable=reader.count.cache_mark,
        segments=tuple(reader.count.segments),
    )


class _Reader:
    """Walks through the content blocks: text is returned, everything is counted."""

    def __init__(self) -> None:
        self.count = PromptCount(segments=[])
        self.results: list[str] = []

    def text(self, blocks: list[Json]) -> str:
        """The texts of a turn."""
        texts: list[str] = []
        for block in blocks:
            self.block(block, texts)
        return "\n".join(texts)

    def block(self, block: Json, texts: list[str]) -> None:
        """Count one block; a block is an object with one key, its kind."""
        ((kind, value),) = block.items() if len(block) == 1 else (("", block),)
        match kind:
            case "text":
                texts.append(str(value))
                self.count.add(texts[-1], least=1)
            case "toolResult":
                result = self.text(value.get("content") or [])
                self.results.append(result)
            case "toolUse":
                arguments = msgspec.json.encode(value.get("input") or {}).decode()
                self.count.add(f"{value.get('name', '')} {arguments}", least=1)
            case "reasoningContent":
                self.count.add(str((value.get("reasoningText") or {}).get("text", "")), least=1)
            case "toolSpec":
                self.count.add(msgspec.json.encode(value).decode())
            case "cachePoint":
                self.count.cache_mark = self.count.tokens
            case "image" | "document":
                self.count.add_media(_bytes_of(value))
            case _:
                raise _refused("The content block is not one of the supported types.")


def _bytes_of(block: Json) -> str:
    data = str((block.get("source") or {}).get("bytes", ""))
    try:
        known = base64.b64decode(data, validate=True)
    except binascii.Error as cause:
        raise _refused("The bytes are not valid base64.") from cause
    if not known or not block.get("format"):
        raise _refused("The image or document has no bytes or no format.")
    return data


def _decoded(body: bytes) -> ConverseBody:
    try:
        asked = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise _refused("1 validation error detected: the request cannot be read") from cause
    fault = _fault_in(asked)
    if fault:
        raise _refused(fault)
    return asked


def _fault_in(asked: ConverseBody) -> str:
    settings = asked.inference_config or {}
    blocks = [block for turn in asked.messages for block in turn.content]
    if not asked.messages:
        return "1 validation error detected: Value '[]' at 'messages' failed to satisfy constraint"
    if asked.messages[0].role != "user":
        return "A conversation must start with a user message. Try again with a conversation that starts with a user message."
    if any(
        first.role == second.role for first, second in zip(asked.messages, asked.messages[1:], strict=False)
    ):
        return "A conversation must alternate between user and assistant roles."
    if any(not str(block["text"]).strip() for block in blocks if "text" in block):
        return (
            "The text field in the ContentBlock object is blank. Add text to the text field, and try again."
        )
    if any("toolUse" in block or "toolResult" in block for block in blocks) and not asked.tool_config:
        return "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    if settings.get("maxTokens", 1) < 1 or not 0 <= settings.get("temperature", 0) <= 1:
        return "1 validation error detected: a value at 'inferenceConfig' failed to satisfy constraint"
    names = [block["document"].get("name") for block in blocks if "document" in block]
    if len(set(names)) < len(names):
        return "Your request contains document blocks with duplicate names."
    return _unanswered(asked.messages)


def _unanswered(turns: list[Turn]) -> str:
    for position, turn in enumerate(turns[:-1]):
        called = {block["toolUse"]["toolUseId"] for block in turn.content if "toolUse" in block}
        answered = {b["toolResult"]["toolUseId"] for b in turns[position + 1].content if "toolResult" in b}
        if called - answered:
            ids = ", ".join(sorted(called - answered))
            return (
                f"Expected toolResult blocks at messages.{position + 1}.content for the following Ids: {ids}"
            )
    return ""


def _refused(message: str) -> BadRequest:
    return BadRequest(bedrock_errors.invalid(message))


def _tools(tools: list[Json]) -> tuple[ToolSpec, ...]:
    specs = [tool["toolSpec"] for tool in tools if "toolSpec" in tool]
    return tuple(ToolSpec(spec["name"], spec["inputSchema"].get("json") or {}) for spec in specs)


def _forced(choice: Json) -> str:
    return "*" if "any" in choice else str((choice.get("tool") or {}).get("name", ""))


def _forced_natively(choice: Json) -> str:
    return {"any": "*", "tool": str(choice.get("name", ""))}.get(str(choice.get("type")), "")


def _schema(output: Json) -> Json | None:
    definition = ((output.get("textFormat") or {}).get("structure") or {}).get("jsonSchema")
    if not definition:
        return None
    try:
        schema = msgspec.json.decode(definition["schema"])
    except (msgspec.DecodeError, KeyError) as cause:
        raise _refused("The schema is not valid JSON.") from cause
    return schema if isinstance(schema, dict) else {"type": "object"}
