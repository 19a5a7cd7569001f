"""A provider's failure becomes one word: status first, its code second, its prose last."""

from datetime import UTC, datetime

import pytest

from leitstand.providers.faults import classify, in_stream

_OPENAI = '{{"error":{{"message":"{}","type":"{}","param":null,"code":{}}}}}'
_ANTHROPIC = '{{"type":"error","error":{{"type":"{}","message":"{}"}},"request_id":"req_1"}}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, _OPENAI.format("Invalid value", "invalid_request_error", "null"), "invalid"),
        (
            400,
            _OPENAI.format("too long", "invalid_request_error", '"context_length_exceeded"'),
            "context_too_long",
        ),
        (
            400,
            _OPENAI.format("This model's maximum context length is 8192 tokens", "x", "null"),
            "context_too_long",
        ),
        (400, _OPENAI.format("filtered", "invalid_request_error", '"content_filter"'), "content_filter"),
        (
            400,
            _ANTHROPIC.format("invalid_request_error", "prompt is too long: 210000 tokens"),
            "context_too_long",
        ),
        (400, _ANTHROPIC.format("invalid_request_error", "Your credit balance is too low"), "quota"),
        (400, _ANTHROPIC.format("invalid_request_error", "messages: must not be empty"), "invalid"),
        (401, _OPENAI.format("Incorrect API key", "invalid_request_error", '"invalid_api_key"'), "auth"),
        (402, _ANTHROPIC.format("billing_error", "no money"), "quota"),
        (403, _ANTHROPIC.format("permission_error", "not allowed"), "forbidden"),
        (404, _OPENAI.format("The model `x` does not exist", "y", '"model_not_found"'), "model_missing"),
        (408, "", "server"),
        (409, _ANTHROPIC.format("conflict_error", "again"), "server"),
        (413, _ANTHROPIC.format("request_too_large", "too many bytes"), "context_too_long"),
        (422, '{"detail":[{"loc":["body"],"msg":"field required"}]}', "invalid"),
        (429, _OPENAI.format("slow down", "requests", '"rate_limit_exceeded"'), "rate_limited"),
        (429, _OPENAI.format("You exceeded your current quota", "insufficient_quota", "null"), "quota"),
        (
            429,
            '[{"error":{"code":429,"message":"Resource exhausted","status":"RESOURCE_EXHAUSTED"}}]',
            "rate_limited",
        ),
        (500, _ANTHROPIC.format("api_error", "oops"), "server"),
        (502, "<html><head><title>502 Bad Gateway</title></head></html>", "server"),
        (503, "", "overloaded"),
        (529, _ANTHROPIC.format("overloaded_error", "Overloaded"), "overloaded"),
        (307, "", "malformed"),
        (200, "null", "malformed"),
    ],
)
def test_every_failure_has_its_kind(status: int, body: str, kind: str) -> None:
    fault = classify(status, {}, body.encode())
    assert (fault.kind, fault.status) == (kind, status)
    assert fault.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, "overloaded"),
        ({"type": "rate_limit_error", "message": "slow"}, "rate_limited"),
        ({"type": "insufficient_quota", "message": "quota", "code": "insufficient_quota"}, "quota"),
        ({"type": "server_error", "message": "failed", "code": None}, "server"),
        ({"message": "upstream", "code": 502}, "server"),
        ("something broke", "server"),
        (None, "server"),
    ],
)
def test_an_error_inside_a_stream_has_its_kind(error: object, kind: str) -> None:
    assert in_stream(error).kind == kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT"}, 30),
        ({"retry-after": "Mon, 23 Nov 2026 09:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_a_provider_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert classify(429, headers, b"", now=now).retry_after_s == seconds


def test_a_message_is_short_readable_and_without_keys() -> None:
    body = "<html><style>b{}</style><h1>Bad</h1>\n<p>Gateway sk-proj-abcdef123456</p>" + "x" * 999
    message = classify(502, {}, body.encode()).message
    assert message.startswith("Bad Gateway ***")
    assert len(message) <= 300
