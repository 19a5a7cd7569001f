"""The body of Google's generateContent and streamGenerateContent: its fields, and nothing but them."""

import re
from typing import Any

import msgspec

from leitstand.simulator import google_errors
from leitstand.simulator.values import Json
from leitstand.simulator.wire import BadRequest


class _Strict(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of all bodies: fields in camel case, unknown ones refused."""


class FunctionCall(_Strict, frozen=True):
    """A call that the model made."""

    name: str
    id: str = ""
    args: Json = {}


class FunctionResponse(_Strict, frozen=True):
    """What the client's function returned."""

    name: str
    response: Json
    id: str = ""


class Blob(_Strict, frozen=True):
    """Media as base64."""

    mime_type: str
    data: str


class FileData(_Strict, frozen=True):
    """Media by address."""

    file_uri: str
    mime_type: str = ""


class Part(_Strict, frozen=True):
    """A piece of a turn; one of its kinds, and perhaps the seal of a thought."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    thought: bool = False
    thought_signature: str = ""


class Content(_Strict, frozen=True):
    """One turn, or the system instruction."""

    parts: list[Part] = []
    role: str = "user"


class FunctionDeclaration(_Strict, frozen=True):
    """A function on offer; its schema in Google's own form or as JSON Schema."""

    name: str
    description: str = ""
    parameters: Json | None = None
    parameters_json_schema: Json | None = None


class Tool(_Strict, frozen=True):
    """Functions on offer."""

    function_declarations: list[FunctionDeclaration] = []


class CallingConfig(_Strict, frozen=True):
    """Whether functions are called."""

    mode: str = "AUTO"
    allowed_function_names: list[str] = []


class ToolConfig(_Strict, frozen=True):
    """How tools are used."""

    function_calling_config: CallingConfig = CallingConfig()


class ThinkingConfig(_Strict, frozen=True):
    """How much the model thinks."""

    include_thoughts: bool = False
    thinking_budget: int | None = None
    thinking_level: str = ""

    @property
    def thinks(self) -> bool:
        """Whether any thinking was asked for."""
        return bool(self.thinking_budget) or self.thinking_level.upper() in ("LOW", "MEDIUM", "HIGH")


class GenerationConfig(_Strict, frozen=True):
    """Settings of one answer."""

    candidate_count: int = 1
    stop_sequences: list[str] = []
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_mime_type: str = ""
    response_schema: Json | None = None
    response_json_schema: Json | None = None
    thinking_config: ThinkingConfig = ThinkingConfig()


class GenerateBody(_Strict, frozen=True):
    """The whole request."""

    contents: list[Content] = []
    system_instruction: Content | None = None
    tools: list[Tool] = []
    tool_config: ToolConfig = ToolConfig()
    generation_config: GenerationConfig = GenerationConfig()


_FREE = frozenset(
    {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}
)  # below them keys are the client's own


def decode(body: bytes) -> GenerateBody:
    """The body with its fields; raises BadRequest in Google's shape for anything else."""
    try:
        return msgspec.convert(_camel(msgspec.json.decode(body)), GenerateBody)
    except msgspec.ValidationError as cause:
        message = f"Invalid JSON payload received. {cause}"
        raise BadRequest(google_errors.invalid(message)) from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise BadRequest(google_errors.invalid("Invalid JSON payload received. Unexpected token.")) from cause


def _camel(value: Any) -> Any:
    """Google takes field names in either case, as every JSON form of a protocol buffer does."""
    if isinstance(value, list):
        return [_camel(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    named = {
        re.sub(r"_([a-z])", lambda found: found.group(1).upper(), key): inner for key, inner in value.items()
    }
    return {key: inner if key in _FREE else _camel(inner) for key, inner in named.items()}
