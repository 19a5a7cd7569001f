"""Every way in which providers tell what they still allow."""

from datetime import UTC, datetime

import pytest

from leitstand.providers.allowance import Allowance, read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {
                "x-ratelimit-limit-requests": "500",
                "x-ratelimit-remaining-requests": "499",
                "x-ratelimit-reset-requests": "120ms",
                "x-ratelimit-limit-tokens": "200000",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            {Allowance("requests", "", 499, 500, 0.12), Allowance("tokens", "", 0, 200_000, 360.0)},
        ),
        (
            {"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "1h2m3.5s"},
            {Allowance("requests", "", 9, None, 3723.5)},
        ),
        (
            {"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "12"},
            {Allowance("tokens", "", 7, None, 12.0)},
        ),
        (
            {
                "anthropic-ratelimit-input-tokens-limit": "50000",
                "anthropic-ratelimit-input-tokens-remaining": "49000",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-23T12:00:30Z",
                "anthropic-ratelimit-requests-remaining": "3",
                "anthropic-ratelimit-requests-reset": "2026-11-23T13:00:05+01:00",
            },
            {
                Allowance("input_tokens", "", 49_000, 50_000, 30.0),
                Allowance("requests", "", 3, None, 5.0),
            },
        ),
        (
            {
                "x-ratelimit-limit-req-minute": "60",
                "x-ratelimit-remaining-req-minute": "59",
                "x-ratelimit-limit-tokens-minute": "50000",
                "x-ratelimit-remaining-tokens-minute": "47196",
                "x-ratelimit-remaining-tokens-month": "3950246",
                "x-ratelimit-tokens-query-cost": "2804",
            },
            {
                Allowance("requests", "minute", 59, 60),
                Allowance("tokens", "minute", 47_196, 50_000),
            },
        ),
        (
            {
                "x-ratelimit-limit": "10",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "2.5",
                "x-tokenlimit-limit": "1000",
                "x-tokenlimit-remaining": "900",
            },
            {Allowance("requests", "", 0, 10, 2.5), Allowance("tokens", "", 900, 1000, None)},
        ),
        (
            {"x-trial-endpoint-call-limit": "20", "x-trial-endpoint-call-remaining": "19"},
            {Allowance("requests", "minute", 19, 20)},
        ),
        (
            {"ratelimit-limit": "100", "ratelimit-remaining": "50", "ratelimit-reset": "30"},
            {Allowance("requests", "", 50, 100, 30.0)},
        ),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((NOW.timestamp() + 9) * 1000))},
            {Allowance("requests", "", 0, None, 9.0)},
        ),
        ({"x-ratelimit-remaining-tokens": "-1"}, {Allowance("tokens", "", 0)}),
    ],
)
def test_what_a_provider_tells_is_understood(headers: dict[str, str], expected: set[Allowance]) -> None:
    assert set(read(headers, NOW)) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json", "x-request-id": "limit"},
        {"x-ratelimit-limit-requests": "500"},
        {"x-ratelimit-remaining-requests": "viele"},
        {"x-ratelimit-remaining-tokens_usage_based": "5"},
        {"x-ratelimit-remaining-tokens-month": "5"},
        {"x-ratelimit-remaining-requests": "9" * 400},
    ],
)
def test_what_says_nothing_that_helps_is_left_out(headers: dict[str, str]) -> None:
    assert read(headers, NOW) == ()


@pytest.mark.parametrize("reset", ["bald", "", "5 Tage", "2026-13-99"])
def test_a_reset_that_cannot_be_read_is_unknown_and_the_rest_counts(reset: str) -> None:
    headers = {"x-ratelimit-remaining-requests": "4", "x-ratelimit-reset-requests": reset}
    assert read(headers, NOW) == (Allowance("requests", "", 4),)
