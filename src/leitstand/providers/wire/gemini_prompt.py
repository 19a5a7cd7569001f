"""Prompts in the format of Google's generateContent, spoken by the Gemini API and by Vertex AI.

Source: Gemini API reference, "Generating content", "Function calling", "Thinking" and "Thought signatures";
Vertex AI reference, "GenerateContent". Schemas travel as JSON Schema (`parametersJsonSchema`,
`responseJsonSchema`), so nothing of a client's schema is translated or lost here.
"""

import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any, Final

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
    ToolChoice,
    ToolResult,
)
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import responses_foreign, seals
from leitstand.providers.wire.gemini_thinking import (
    MAKER,
    NO_SIGNATURE,
    demands_signatures,
    mixes_json_and_tools,
    thinking_config,
)
from leitstand.providers.wire.messages_prompt import arguments_of

MOST_CHOICES: Final = 8
MOST_STOPS: Final = 5

_encode = msgspec.json.encode
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}
# Fields of either dialect that this format knows under its own name.
_PASSED = {
    "top_k": "topK", "seed": "seed", "presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty",
}  # fmt: skip
# What changes cost, speed or bookkeeping only: left out, not refused.
_HINTS = frozenset(
    {"cache_control", "diagnostics", "max_completion_tokens", "metadata", "output_config", "prediction",
     "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "service_tier",
     "speed", "store", "stream_options", "thinking", "user", "user_profile_id", "verbosity"}
)  # fmt: skip
_IDLE_VALUES: tuple[Any, ...] = (None, False, [], {}, ["text"], "none")
_MESSAGE_HINTS = frozenset({"role", "refusal", "annotations", "reasoning_content", "reasoning"})
_OPENING = "…"  # a conversation begins with the user; this stands in where it does not


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt that this format cannot say, or None."""
    if prompt.dialect == "responses":
        return responses_foreign.lacks(prompt) or lacks(responses_foreign.as_chat(prompt))
    if prompt.choices > MOST_CHOICES:
        return f"n > {MOST_CHOICES}"
    if len(prompt.stop) > MOST_STOPS:
        return f"more than {MOST_STOPS} stop sequences"
    if prompt.max_tokens == 0:
        return "max_tokens: 0"  # Anthropic's way to fill a cache without an answer
    for name, value in prompt.extra.items():
        if name not in _HINTS and name not in _PASSED and value not in _IDLE_VALUES:
            return name
    for tool in prompt.tools:
        if isinstance(tool, Opaque):
            return f"tool type {tool.native.get('type', '')}".strip()
    return next((lack for message in prompt.messages for lack in _message_lacks(message)), None)


def _message_lacks(message: Message) -> Iterator[str]:
    if message.role == "assistant":
        yield from (
            name
            for name, value in (message.extra or {}).items()
            if name not in _MESSAGE_HINTS and value not in (None, [], {})
        )
    for part in message.parts:
        for inner in part.parts if isinstance(part, ToolResult) else (part,):
            if isinstance(inner, Opaque) and inner.native.get("type") != "refusal":
                yield str(inner.native.get("type", "unknown part"))
            elif isinstance(inner, Media) and inner.kind == "file" and not (inner.data or inner.url):
                yield "file by id"


def encode(prompt: Prompt, model: str, *, ids: bool) -> bytes:
    """The request body. model: the provider's own name, for what differs between generations.

    ids: whether the server knows `id` at function calls and their results (the Gemini API does); without
    them it matches by name and order. Raises Unsupported (see `lacks`).
    """
    missing = lacks(prompt)
    if missing is None and prompt.answer_format and prompt.tools and not mixes_json_and_tools(model):
        missing = "response_format together with tools"
    if missing is not None:
        raise Unsupported(missing)
    prompt = responses_foreign.as_chat(prompt)
    body: Json = {}
    system = [
        {"text": text} for message in prompt.messages if message.role == "system" for text in _texts(message)
    ]
    contents = _Contents(prompt, model, ids=ids).turns()
    if not contents and system:
        contents = [{"role": "user", "parts": [system.pop()]}]
    if system:
        body["systemInstruction"] = {"parts": system}
    if prompt.tools:
        body["tools"] = [
            {"functionDeclarations": [_tool(tool) for tool in prompt.tools if isinstance(tool, Tool)]}
        ]
        if prompt.tool_choice is not None:
            body["toolConfig"] = {"functionCallingConfig": _choice(prompt.tool_choice)}
    body["contents"] = contents
    settings = _settings(prompt, model)
    if settings:
        body["generationConfig"] = settings
    return _encode(body)


def _texts(message: Message) -> list[str]:
    return [part.text for part in message.parts if isinstance(part, Text) and part.text.strip()]


class _Contents:
    """The turns of a conversation, in the two roles that this format has."""

    def __init__(self, prompt: Prompt, model: str, *, ids: bool) -> None:
        self._messages = [message for message in prompt.messages if message.role != "system"]
        self._ids = ids
        self._sealed = demands_signatures(model)
        self._names = {
            part.id: part.name
            for message in self._messages
            for part in message.parts
            if isinstance(part, ToolCall)
        }

    def turns(self) -> list[Json]:
        """Neighbours of one role are one turn: all results of parallel calls must stand together."""
        turns: list[Json] = []
        for message in self._messages:
            role = "model" if message.role == "assistant" else "user"
            parts = self._model(message) if role == "model" else self._user(message)
            if not parts:
                continue
            if turns and turns[-1]["role"] == role:
                turns[-1]["parts"] += parts
            else:
                turns.append({"role": role, "parts": parts})
        if turns and turns[0]["role"] == "model":
            turns.insert(0, {"role": "user", "parts": [{"text": _OPENING}]})
        return turns

    def _model(self, message: Message) -> list[Json]:
        """What the model said. A signature belongs to the call that follows it, the first of parallel ones."""
        parts: list[Json] = []
        calls = 0
        signature = ""
        for part in message.parts:
            match part:
                case Text() if part.text.strip():
                    parts.append({"text": part.text})
                case Thinking():
                    signature = seals.unmarked(MAKER, part.signature) or signature
                case ToolCall():
                    signature = signature or _signature_of(part.extra)
                    if self._sealed and not calls and not signature:
                        signature = NO_SIGNATURE
                    parts.append(self._call(part, signature))
                    signature, calls = "", calls + 1
                case Media():
                    parts.append(_media(part))
                case Opaque() if part.native.get("refusal"):
                    parts.append({"text": part.native["refusal"]})
        return parts

    def _call(self, call: ToolCall, signature: str) -> Json:
        function: Json = {"id": call.id} if self._ids and call.id else {}
        function |= {"name": call.name, "args": arguments_of(call.arguments)}
        return {"functionCall": function} | ({"thoughtSignature": signature} if signature else {})

    def _user(self, message: Message) -> list[Json]:
        parts: list[Json] = []
        pictures: list[Json] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                parts.append({"functionResponse": self._result(part, message)})
                pictures += [_media(inner) for inner in part.parts if isinstance(inner, Media)]
            elif isinstance(part, Text) and part.text.strip():
                # A participant's name has no field here; it stands before the first text.
                name = f"{message.name}: " if message.name and not parts else ""
                parts.append({"text": name + part.text})
            elif isinstance(part, Media):
                parts.append(_media(part))
        return parts + pictures

    def _result(self, result: ToolResult, message: Message) -> Json:
        text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
        function: Json = {"id": result.call_id} if self._ids and result.call_id else {}
        function["name"] = self._names.get(result.call_id) or message.name or "tool"
        return {**function, "response": {"error" if result.is_error else "output": text}}


def _signature_of(extra: Mapping[str, Any] | None) -> str:
    """The seal as clients of Google's own OpenAI endpoint send it: `extra_content.google.thought_signature`."""
    content = (extra or {}).get("extra_content")
    google = content.get("google") if isinstance(content, dict) else None
    seal = google.get("thought_signature") if isinstance(google, dict) else None
    return seal if isinstance(seal, str) else ""


def _media(media: Media) -> Json:
    if media.url:
        kind = (
            media.media_type or mimetypes.guess_type(media.url.partition("?")[0])[0] or _ANY_TYPE[media.kind]
        )
        return {"fileData": {"mimeType": kind, "fileUri": media.url}}
    return {"inlineData": {"mimeType": media.media_type or _ANY_TYPE[media.kind], "data": media.data}}


_ANY_TYPE = {"image": "image/jpeg", "audio": "audio/wav", "file": "application/pdf"}


def _tool(tool: Tool) -> Json:
    declared: Json = {"name": tool.name}
    if tool.description:
        declared["description"] = tool.description
    if tool.parameters is not None:
        declared["parametersJsonSchema"] = tool.parameters
    return declared


def _choice(choice: ToolChoice) -> Json:
    config: Json = {"mode": _MODES[choice.mode]}
    if choice.mode == "tool":
        config["allowedFunctionNames"] = [choice.name]
    return config


def _settings(prompt: Prompt, model: str) -> Json:
    settings: Json = {}
    for name, value in (
        ("candidateCount", prompt.choices if prompt.choices != 1 else None),
        ("stopSequences", [word for word in prompt.stop if word] or None),
        ("maxOutputTokens", prompt.max_tokens),
        ("temperature", prompt.temperature),
        ("topP", prompt.top_p),
        *((native, prompt.extra.get(name)) for name, native in _PASSED.items()),
    ):
        if value is not None:
            settings[name] = value
    if prompt.answer_format is not None:
        settings |= _format(prompt.answer_format)
    thinking = thinking_config(model, prompt.reasoning_effort)
    if thinking:
        settings["thinkingConfig"] = thinking
    return settings


def _format(answer: AnswerFormat) -> Json:
    schema = {"responseJsonSchema": answer.schema} if answer.kind == "json_schema" and answer.schema else {}
    return {"responseMimeType": "application/json", **schema}
