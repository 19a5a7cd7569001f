"""Request bodies of both dialects for property tests: every field that we know, and fields of tomorrow."""

from typing import Any

from hypothesis import strategies as st

_WORD = st.text(alphabet="abcäöß ", min_size=1, max_size=8).filter(str.strip)
_ID = st.text(alphabet="abc123_", min_size=1, max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _WORD,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORD, inner, max_size=2),
    max_leaves=4,
)
_OBJECT = st.dictionaries(_WORD, _JSON, max_size=2)
_BASE64 = st.sampled_from(["iVBORw0KGgo=", "R0lGODdh"])
_UNKNOWN = st.dictionaries(st.sampled_from(["x_new", "x_vendor"]), _JSON, max_size=2)


def _shape(
    required: dict[str, Any], optional: dict[str, Any] | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional or {})


def _with_unknown(shape: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda known, unknown: {**unknown, **known}, shape, _UNKNOWN)


def _kind(name: str) -> st.SearchStrategy[str]:
    return st.just(name)


_URL = st.just("https://example.com/a.png") | st.builds("data:image/png;base64,{}".format, _BASE64)
_CHAT_TEXT = _shape({"type": _kind("text"), "text": _WORD}, {"cache_control": st.just({"type": "ephemeral"})})
_CHAT_PART = (
    _CHAT_TEXT
    | _shape(
        {
            "type": _kind("image_url"),
            "image_url": _shape({"url": _URL}, {"detail": st.sampled_from(["low", "x"])}),
        }
    )
    | _shape({"type": _kind("input_audio"), "input_audio": _shape({"data": _BASE64, "format": _kind("wav")})})
    | _shape({"type": _kind("file"), "file": _shape({"file_id": _ID})})
    | _shape(
        {
            "type": _kind("file"),
            "file": _shape({"file_data": st.just("data:application/pdf;base64,JVBERi0="), "filename": _WORD}),
        }
    )
    | _shape({"type": _kind("x_part"), "value": _JSON})
)
_CALL = _shape(
    {
        "id": _ID,
        "type": _kind("function"),
        "function": _shape({"name": _ID, "arguments": _WORD | _kind('{"a":1}')}),
    }
)
_CHAT_TURN = st.one_of(
    _shape({"role": st.sampled_from(["system", "developer"]), "content": _WORD}),
    _with_unknown(_shape({"role": _kind("user"), "content": _WORD}, {"name": _ID})),
    _shape({"role": _kind("user"), "content": st.lists(_CHAT_PART, min_size=2, max_size=3)}),
    _with_unknown(_shape({"role": _kind("assistant"), "content": _WORD | st.none()}, {"refusal": st.none()})),
    _shape(
        {
            "role": _kind("assistant"),
            "content": st.none(),
            "tool_calls": st.lists(_CALL, min_size=1, max_size=2),
        }
    ),
    _shape({"role": _kind("tool"), "tool_call_id": _ID, "content": _WORD}),
    _shape({"role": _kind("function"), "name": _ID, "content": _WORD}),
)
_FUNCTION = _shape({"name": _ID}, {"description": _WORD, "parameters": _OBJECT, "strict": st.booleans()})
_CHAT_TOOL = _shape({"type": _kind("function"), "function": _FUNCTION}) | _shape(
    {"type": _kind("custom"), "custom": _OBJECT}
)
_FORMAT = st.just({"type": "json_object"}) | _shape(
    {
        "type": _kind("json_schema"),
        "json_schema": _shape(
            {"name": _ID}, {"schema": _OBJECT, "strict": st.booleans(), "description": _WORD}
        ),
    }
)

chat_bodies = _with_unknown(
    _shape(
        {
            "model": _ID,
            "messages": st.lists(_CHAT_TURN, min_size=1, max_size=4),
            "tools": st.lists(_CHAT_TOOL, min_size=1, max_size=2),
        },
        {
            "max_tokens": st.integers(1, 99),
            "temperature": st.sampled_from([0, 0.5, 2]),
            "top_p": st.just(0.9),
            "stop": st.lists(_WORD, min_size=1, max_size=2),
            "tool_choice": st.sampled_from(
                ["none", "required", {"type": "function", "function": {"name": "f"}}]
            ),
            "response_format": _FORMAT,
            "reasoning_effort": st.sampled_from(["low", "high"]),
            "n": st.integers(2, 3),
            "logit_bias": _OBJECT,
            "user": _ID,
        },
    )
)

_CACHE = {"cache_control": st.just({"type": "ephemeral", "ttl": "5m"})}
_SOURCE = _shape({"type": _kind("base64"), "media_type": _kind("image/png"), "data": _BASE64}) | _shape(
    {"type": _kind("url"), "url": _kind("https://example.com/a.png")}
)
_TEXT = _shape({"type": _kind("text"), "text": _WORD}, _CACHE)
_PICTURE = _shape({"type": _kind("image"), "source": _SOURCE}, _CACHE)
_USER_PART = (
    _TEXT
    | _PICTURE
    | _shape({"type": _kind("document"), "source": _SOURCE}, {"title": _WORD, "context": _WORD})
    | _shape({"type": _kind("document"), "source": st.just({"type": "file", "file_id": "f1"})})
    | _shape({"type": _kind("x_part"), "value": _JSON})
    | _shape(
        {"type": _kind("tool_result"), "tool_use_id": _ID},
        {
            "content": _WORD | st.lists(_TEXT | _PICTURE, min_size=2, max_size=2),
            "is_error": st.just(True),
            **_CACHE,
        },
    )
)
_ASSISTANT_PART = (
    _TEXT
    | _shape({"type": _kind("tool_use"), "id": _ID, "name": _ID, "input": _OBJECT}, _CACHE)
    | _shape({"type": _kind("thinking"), "thinking": _WORD, "signature": _ID})
    | _shape({"type": _kind("redacted_thinking"), "data": _ID})
    | _shape({"type": _kind("server_tool_use"), "id": _ID, "name": _ID, "input": _OBJECT})
)
_TURN = st.one_of(
    _with_unknown(_shape({"role": _kind("user"), "content": _WORD})),
    _shape({"role": _kind("user"), "content": st.lists(_USER_PART, min_size=2, max_size=4)}),
    _shape({"role": _kind("assistant"), "content": st.lists(_ASSISTANT_PART, min_size=2, max_size=3)}),
)
_TOOL = _shape(
    {"name": _ID, "input_schema": _OBJECT}, {"description": _WORD, "strict": st.booleans(), **_CACHE}
) | _shape({"type": _kind("web_search_20250305"), "name": _ID})

messages_bodies = _with_unknown(
    _shape(
        {"model": _ID, "max_tokens": st.integers(0, 99), "messages": st.lists(_TURN, min_size=1, max_size=1)},
        {
            "system": _WORD | st.lists(_TEXT, min_size=2, max_size=2),
            "temperature": st.sampled_from([0, 0.5, 1]),
            "top_p": st.just(0.9),
            "stop_sequences": st.lists(_WORD, min_size=1, max_size=2),
            "tools": st.lists(_TOOL, min_size=1, max_size=2),
            "tool_choice": st.sampled_from(
                [
                    {"type": "any", "disable_parallel_tool_use": True},
                    {"type": "tool", "name": "f"},
                    {"type": "none"},
                ]
            ),
            "thinking": st.sampled_from([{"type": "enabled", "budget_tokens": 2048}, {"type": "adaptive"}]),
            "output_config": _shape({}, {"effort": st.just("max")}),
            "metadata": _OBJECT,
        },
    )
)
