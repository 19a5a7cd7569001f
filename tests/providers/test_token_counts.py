"""Whatever a provider writes into its usage object, its answer is not lost over it."""

import pytest

from leitstand.providers.wire import chat, messages

WORDS = [None, -5, "12", "viele", True, 12.0, [], {}, 1e300, float("nan")]
COUNTS = [0, 0, 12, 0, 0, 12, 0, 0, 0, 0]


@pytest.mark.parametrize(("written", "read"), list(zip(WORDS, COUNTS, strict=True)))
def test_a_count_is_a_number_of_tokens_or_nothing(written: object, read: int) -> None:
    openai = chat.usage_of(
        {"prompt_tokens": written, "completion_tokens": 3, "prompt_tokens_details": written}
    )
    assert (openai.input_tokens, openai.output_tokens, openai.cached_tokens) == (read, 3, 0)
    anthropic = messages.usage_of(
        {"input_tokens": written, "output_tokens": 3, "output_tokens_details": written}
    )
    assert (anthropic.input_tokens, anthropic.output_tokens) == (read, 3)
