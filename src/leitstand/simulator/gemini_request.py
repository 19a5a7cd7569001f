"""Reads the body of Google's generateContent and streamGenerateContent.

Like Google's servers it refuses unknown fields, and conversations whose function calls, results and thought
signatures do not fit together.
"""

import re
from typing import Any

import msgspec

from leitstand.simulator import gemini_body, google_errors
from leitstand.simulator.gemini_body import (
    CallingConfig,
    Content,
    FunctionDeclaration,
    FunctionResponse,
    GenerateBody,
    Part,
)
from leitstand.simulator.values import Asked, PromptCount, ToolSpec
from leitstand.simulator.wire import BadRequest

SIGNATURE = "c2ltdWxpZXJ0ZXIgR2VkYW5rZQ=="
_ACCEPTED = (SIGNATURE, "skip_thought_signature_validator")
_SEALED = re.compile(r"gemini-([3-9]|\d\d)")
_MOST_CHOICES, _MOST_STOPS = 8, 5


def read(body: bytes, model: str, *, stream: bool, ids: bool) -> Asked:
    """The request in neutral words; raises BadRequest in Google's shape.

    ids: whether this front door knows `id` at function calls and results; Vertex AI does not.
    """
    asked = gemini_body.decode(body)
    fault = _fault(asked, model) or ("" if ids else _id_fault(asked.contents))
    if fault:
        raise BadRequest(google_errors.invalid(fault))
    count = PromptCount(segments=[])
    for tool in asked.tools:
        count.add(msgspec.json.encode(tool).decode())
    system = _text(asked.system_instruction, count) if asked.system_instruction else ""
    turns = [(content, _text(content, count)) for content in asked.contents]
    last = asked.contents[-1].parts
    settings, calling = asked.generation_config, asked.tool_config.function_calling_config
    declared = [one for tool in asked.tools for one in tool.function_declarations]
    schema = settings.response_json_schema or settings.response_schema
    return Asked(
        model=model,
        users=tuple(text for content, text in turns if content.role == "user" and not _results(content)),
        system=system,
        results=tuple(_said(part.function_response) for part in last if part.function_response),
        tools=() if calling.mode == "NONE" else tuple(_spec(one) for one in declared),
        forced=_forced(calling),
        max_tokens=settings.max_output_tokens,
        stop=tuple(settings.stop_sequences),
        schema=_lower(schema) if schema else None,
        json_object=settings.response_mime_type == "application/json",
        choices=settings.candidate_count,
        stream=stream,
        thinking=settings.thinking_config.thinks,
        show_thinking=settings.thinking_config.include_thoughts,
        input_tokens=count.tokens,
        cacheable=count.tokens,
        segments=tuple(count.segments),
    )


def counted(body: bytes) -> bytes:
    """The prompt in a request of countTokens: contents alone, or wrapped with all that belongs to them.

    Raises BadRequest for a prompt that is not wrapped and has more than contents, as the Gemini API does.
    """
    try:
        asked = msgspec.json.decode(body, type=dict[str, Any])
        wrapped = asked.get("generateContentRequest")
        if wrapped is not None:
            wrapped.pop("model")
            return msgspec.json.encode(wrapped)
    except (msgspec.DecodeError, AttributeError, KeyError) as cause:
        raise BadRequest(google_errors.invalid("model is not specified")) from cause
    if unknown := asked.keys() - {"contents"}:
        raise BadRequest(google_errors.invalid(f'Unknown name "{unknown.pop()}": Cannot find field.'))
    return body


def seals(model: str) -> bool:
    """Whether the model seals its function calls, and wants the seals back."""
    return _SEALED.search(model) is not None


def _fault(asked: GenerateBody, model: str) -> str:
    """What Google's servers would refuse, or an empty text."""
    settings, calling = asked.generation_config, asked.tool_config.function_calling_config
    if not asked.contents:
        return "* GenerateContentRequest.contents: contents is not specified"
    if not 1 <= settings.candidate_count <= _MOST_CHOICES:
        return f"Only one to {_MOST_CHOICES} candidates can be specified"
    if len(settings.stop_sequences) > _MOST_STOPS:
        return f"The number of stop sequences must not exceed {_MOST_STOPS}."
    if settings.max_output_tokens is not None and settings.max_output_tokens < 1:
        return f"max_output_tokens must be positive, got: {settings.max_output_tokens}"
    if calling.allowed_function_names and calling.mode != "ANY":
        return "Allowed function names should be set only when function calling mode is ANY."
    if asked.tools and settings.response_mime_type == "application/json" and not seals(model):
        return "Function calling with a response mime type: 'application/json' is unsupported"
    return _conversation_fault(asked.contents, sealed=seals(model))


def _id_fault(contents: list[Content]) -> str:
    for at, content in enumerate(contents):
        for number, part in enumerate(content.parts):
            function = part.function_call or part.function_response
            if function is not None and function.id:
                place = f"contents[{at}].parts[{number}]"
                return f"Invalid JSON payload received. Unknown name \"id\" at '{place}': Cannot find field."
    return ""


def _conversation_fault(contents: list[Content], *, sealed: bool) -> str:
    asked_at = max(
        (at for at, one in enumerate(contents) if one.role == "user" and not _results(one)), default=0
    )
    open_calls = 0
    for at, content in enumerate(contents):
        if content.role not in ("user", "model"):
            return "Please use a valid role: user, model."
        if not content.parts or any(_kinds(part) != 1 or part.text == "" for part in content.parts):
            return f"* GenerateContentRequest.contents[{at}].parts: contents.parts must not be empty."
        calls = [part for part in content.parts if part.function_call is not None]
        if calls and at == 0:
            return (
                "Please ensure that function call turn comes immediately after a user turn or after a "
                "function response turn."
            )
        if _results(content) != open_calls:
            return (
                "Please ensure that the number of function response parts is equal to the number of "
                "function call parts of the function call turn."
            )
        open_calls = len(calls)
        if calls and sealed and at > asked_at and not calls[0].thought_signature:
            return "Function call is missing a thought_signature in functionCall parts."
        if any(part.thought_signature not in ("", *_ACCEPTED) for part in content.parts):
            return "Corrupted thought signature."
    return ""


def _kinds(part: Part) -> int:
    kinds = (part.text, part.inline_data, part.file_data, part.function_call, part.function_response)
    return sum(kind is not None for kind in kinds)


def _results(content: Content) -> int:
    return sum(part.function_response is not None for part in content.parts)


def _text(content: Content, count: PromptCount) -> str:
    """The texts of a turn; everything is counted."""
    texts: list[str] = []
    for part in content.parts:
        if part.text is not None:
            texts.append(part.text)
            count.add(part.text, least=1)
        elif part.function_call is not None:
            arguments = msgspec.json.encode(part.function_call.args).decode()
            count.add(f"{part.function_call.name} {arguments}", least=1)
        elif part.function_response is not None:
            count.add(_said(part.function_response), least=1)
        else:
            count.add_media(msgspec.json.encode(part).decode())
    return "\n".join(texts)


def _said(result: FunctionResponse) -> str:
    for key in ("output", "error", "result"):
        if key in result.response:
            value = result.response[key]
            return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return msgspec.json.encode(result.response).decode()


def _spec(declared: FunctionDeclaration) -> ToolSpec:
    return ToolSpec(declared.name, _lower(declared.parameters_json_schema or declared.parameters or {}))


def _forced(calling: CallingConfig) -> str:
    if calling.mode != "ANY":
        return ""
    return calling.allowed_function_names[0] if len(calling.allowed_function_names) == 1 else "*"


def _lower(schema: Any) -> Any:
    """Google's own schemas write types in capitals."""
    if isinstance(schema, list):
        return [_lower(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else _lower(value)
        for key, value in schema.items()
    }
