"""What clients of both dialects mean arrives at Gemini, or is named before the call."""

import json
from typing import Any

import pytest

from leitstand.api.dialects import chat, messages
from leitstand.core.conversation import Message, Prompt, Thinking, ToolCall
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import gemini, google_faults
from leitstand.providers.wire import messages as messages_wire

FLASH = "gemini-3.8-flash"
TOOL = {"type": "function", "function": {"name": "wetter", "parameters": {"type": "object"}}}


def _chat(**fields: Any) -> Prompt:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hallo"}], **fields}
    return chat.decode_request(json.dumps(body).encode())


def _messages(**fields: Any) -> Prompt:
    body = {"model": "m", "max_tokens": 50, "messages": [{"role": "user", "content": "Hallo"}], **fields}
    return messages.decode_request(json.dumps(body).encode())


def _sent(prompt: Prompt, model: str = FLASH, *, ids: bool = True) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(gemini.encode(prompt, model, ids=ids))
    return sent


def test_settings_of_a_chat_client_have_their_own_names_here() -> None:
    prompt = _chat(
        max_tokens=9, temperature=1.5, top_p=0.5, stop=["A", "B"], n=2, seed=7, presence_penalty=0.1,
        frequency_penalty=0.2, top_k=40, user="anna", store=False, logprobs=False,
    )  # fmt: skip
    assert _sent(prompt)["generationConfig"] == {
        "maxOutputTokens": 9, "temperature": 1.5, "topP": 0.5, "stopSequences": ["A", "B"], "candidateCount": 2,
        "seed": 7, "presencePenalty": 0.1, "frequencyPenalty": 0.2, "topK": 40,
    }  # fmt: skip


def test_the_same_prompt_is_always_the_same_bytes() -> None:
    prompt = _chat(tools=[TOOL], tool_choice="required", response_format={"type": "json_object"}, seed=1)
    assert gemini.encode(prompt, FLASH, ids=True) == gemini.encode(prompt, FLASH, ids=True)
    assert list(_sent(prompt)) == ["tools", "toolConfig", "contents", "generationConfig"]


def test_a_messages_client_with_tools_errors_and_pictures_is_understood() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}}
    use = {"type": "tool_use", "id": "t0", "name": "wetter", "input": {"ort": "Ulm"}}
    results = [
        {"type": "tool_result", "tool_use_id": "t0", "is_error": True, "content": "kaputt"},
        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "ja"}, picture]},
        {"type": "text", "text": "Und?"},
    ]
    sent = _sent(
        _messages(
            system=[{"type": "text", "text": "Sei kurz.", "cache_control": {"type": "ephemeral"}}],
            tools=[{"name": "wetter", "input_schema": {"type": "object"}}],
            tool_choice={"type": "tool", "name": "wetter"},
            metadata={"user_id": "u1"},
            messages=[
                {"role": "user", "content": "Wetter?"},
                {
                    "role": "assistant",
                    "content": [{"type": "text", "text": "Moment"}, use, {**use, "id": "t1"}],
                },
                {"role": "user", "content": results},
            ],
        ),
        "gemini-2.5-flash",
        ids=False,
    )
    call = {"functionCall": {"name": "wetter", "args": {"ort": "Ulm"}}}
    assert sent["systemInstruction"] == {"parts": [{"text": "Sei kurz."}]}
    assert sent["contents"][1] == {"role": "model", "parts": [{"text": "Moment"}, call, call]}
    assert sent["contents"][2]["role"] == "user"
    assert sent["contents"][2]["parts"] == [
        {"functionResponse": {"name": "wetter", "response": {"error": "kaputt"}}},
        {"functionResponse": {"name": "wetter", "response": {"output": "ja"}}},
        {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
        {"text": "Und?"},
    ]
    assert sent["toolConfig"] == {
        "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["wetter"]}
    }
    assert sent["tools"] == [
        {"functionDeclarations": [{"name": "wetter", "parametersJsonSchema": {"type": "object"}}]}
    ]


@pytest.mark.parametrize(
    ("turns", "contents"),
    [
        ([("system", "nur System")], [("user", "nur System")]),
        ([("assistant", "Guten Tag")], [("user", "…"), ("model", "Guten Tag")]),
        ([("user", "a"), ("assistant", " "), ("user", "b")], [("user", "ab")]),
    ],
)
def test_turns_follow_googles_rules(turns: list[tuple[str, str]], contents: list[tuple[str, str]]) -> None:
    sent = _sent(_chat(messages=[{"role": role, "content": text} for role, text in turns]))["contents"]
    assert [(turn["role"], "".join(part["text"] for part in turn["parts"])) for turn in sent] == contents


def test_a_participants_name_stands_before_the_text() -> None:
    sent = _sent(_chat(messages=[{"role": "user", "name": "anna", "content": "Hallo"}]))
    assert sent["contents"][0]["parts"] == [{"text": "anna: Hallo"}]


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        (FLASH, "high", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        (FLASH, "minimal", {"includeThoughts": True, "thinkingLevel": "MINIMAL"}),
        (FLASH, "none", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro-preview", "none", {"thinkingLevel": "LOW"}),
        ("gemini-pro-latest", "medium", {"includeThoughts": True, "thinkingLevel": "MEDIUM"}),
        ("publishers/google/models/gemini-3.8-flash", "xhigh", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-flash-lite", "medium", {"includeThoughts": True, "thinkingBudget": 8192}),
        ("gemini-2.5-pro", "high", {"includeThoughts": True, "thinkingBudget": 24576}),
        ("gemini-2.0-flash", "high", None),
        ("gemma-3-27b-it", "high", None),
    ],
)  # fmt: skip
def test_reasoning_effort_becomes_the_thinking_a_generation_knows(
    model: str, effort: str, config: dict[str, Any] | None
) -> None:
    sent = _sent(_chat(reasoning_effort=effort), model)
    assert sent.get("generationConfig", {}).get("thinkingConfig") == config


@pytest.mark.parametrize(
    ("model", "seal"), [(FLASH, "skip_thought_signature_validator"), ("gemini-2.5-pro", None)]
)
def test_a_lost_seal_is_replaced_where_it_is_demanded(model: str, seal: str | None) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "wetter", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [call, {**call, "id": "d"}]},
    ]
    parts = _sent(_chat(messages=turns), model)["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [seal, None]


def test_a_seal_in_googles_own_chat_shape_is_taken_over() -> None:
    call = {
        "id": "c", "type": "function", "function": {"name": "wetter", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "c2llZ2Vs"}},
    }  # fmt: skip
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    (part,) = _sent(_chat(messages=turns))["contents"][1]["parts"]
    assert part["thoughtSignature"] == "c2llZ2Vs"


def test_a_seal_of_another_provider_is_left_out() -> None:
    turns = tuple(
        Message("assistant", (Thinking("hm", seal), ToolCall("t", "wetter", "{}")))
        for seal in ("EpoB", "bedrock:c2llZ2Vs")
    )
    (_, turn) = _sent(Prompt("messages", "m", turns), "gemini-2.5-pro")["contents"]
    assert not any("thoughtSignature" in part for part in turn["parts"])


def test_a_seal_of_google_never_reaches_anthropic() -> None:
    said = (Thinking("hm", "gemini:c2llZ2Vs"), Thinking("ja", "EpoB"), ToolCall("t", "wetter", "{}"))
    prompt = Prompt("messages", "m", (Message("assistant", said),), max_tokens=9)
    (turn,) = json.loads(messages_wire.encode(prompt, "claude-sonnet-4-6"))["messages"]
    assert [block.get("signature") for block in turn["content"]] == ["EpoB", None]


@pytest.mark.parametrize(
    ("prompt", "feature"),
    [
        (_chat(n=9), "n > 8"),
        (_chat(stop=list("abcdef")), "more than 5 stop sequences"),
        (_chat(logprobs=True), "logprobs"),
        (_chat(modalities=["text", "audio"]), "modalities"),
        (_chat(x_tomorrow=1), "x_tomorrow"),
        (_chat(tools=[{"type": "custom", "custom": {"name": "g"}}]), "tool type custom"),
        (_chat(messages=[{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]), "file"),
        (_messages(max_tokens=0), "max_tokens: 0"),
        (_messages(mcp_servers=[{"name": "x"}]), "mcp_servers"),
        (_messages(tools=[{"type": "web_search_20250305", "name": "web_search"}]), "tool type web_search_20250305"),
        (_messages(messages=[{"role": "user", "content": [{"type": "search_result", "source": "x"}]}]), "search_result"),
    ],
)  # fmt: skip
def test_what_gemini_cannot_say_is_named_before_the_call(prompt: Prompt, feature: str) -> None:
    assert gemini.lacks(prompt) == feature
    with pytest.raises(Unsupported) as caught:
        gemini.encode(prompt, FLASH, ids=True)
    assert caught.value.feature == feature


def test_json_and_tools_together_need_generation_3() -> None:
    prompt = _chat(tools=[TOOL], response_format={"type": "json_object"})
    assert _sent(prompt)["generationConfig"]["responseMimeType"] == "application/json"
    with pytest.raises(Unsupported, match="together with tools"):
        gemini.encode(prompt, "gemini-2.5-pro", ids=True)


_RPC = "type.googleapis.com/google.rpc."


@pytest.mark.parametrize(
    ("status", "error", "kind", "retry_after_s"),
    [
        (429, {"message": "Your prepayment credits are depleted."}, "quota", None),
        (429, {"message": "You exceeded your current quota, please check your plan and billing details."}, "rate_limited", None),
        (429, {"message": "Quota exceeded", "details": [{"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": "Gemini25ProRequestsPerDay"}}]}, "quota", None),
        (429, {"message": "x", "details": [{"@type": f"{_RPC}RetryInfo", "retryDelay": "34.07s"}]}, "rate_limited", 34.07),
        (429, {"message": "x", "details": "kaputt"}, "rate_limited", None),
        (400, {"message": "API key expired. Please renew the API key."}, "auth", None),
        (400, {"message": "User location is not supported for the API use."}, "forbidden", None),
        (400, {"message": "Request contains an invalid argument."}, "invalid", None),
        (403, {"message": "off", "details": [{"reason": "BILLING_DISABLED"}]}, "quota", None),
        (403, {"message": "Vertex AI API has not been used", "details": [{"reason": "SERVICE_DISABLED"}]}, "forbidden", None),
        (401, {"message": "Request had invalid authentication credentials."}, "auth", None),
        (499, {"message": "The operation was cancelled."}, "server", None),
        (504, {"message": "Deadline expired", "status": "DEADLINE_EXCEEDED"}, "server", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrapped", [False, True])
def test_googles_errors_mean_what_their_details_say(
    status: int, error: dict[str, Any], kind: str, retry_after_s: float | None, wrapped: bool
) -> None:
    body: Any = {"error": {"code": status, **error}}
    fault = google_faults.classify(status, {}, json.dumps([body] if wrapped else body).encode())
    assert (fault.kind, fault.status, fault.retry_after_s) == (kind, status, retry_after_s)


def test_a_page_of_a_proxy_is_classified_by_its_status() -> None:
    fault = google_faults.classify(502, {"retry-after": "3"}, b"<html>Bad Gateway ya29.geheim123</html>")
    assert (fault.kind, fault.retry_after_s) == ("server", 3)
    assert "geheim" not in str(fault)
