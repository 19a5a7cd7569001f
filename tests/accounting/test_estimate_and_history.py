"""Estimates are safe before the first count and right after it."""

import pytest

from leitstand.accounting.estimate import IMAGE_TOKENS, estimate, estimate_texts
from leitstand.accounting.history import ModelHistory
from leitstand.core.conversation import Media, Message, Prompt, Text, Tool, ToolCall, ToolResult, Usage

GERMAN = "Bitte fassen Sie das Angebot der Firma Müller für die Verpackungsanlage in drei Sätzen zusammen. "


def prompt(*parts: Text | Media | ToolCall | ToolResult, tools: tuple[Tool, ...] = ()) -> Prompt:
    return Prompt("chat", "standard", (Message("user", parts),), tools=tools)


def test_german_prose_lies_between_least_and_upper() -> None:
    found = estimate(prompt(Text(GERMAN * 20)))
    real = 22 * 20  # o200k_base counts 22 tokens a repetition
    assert found.least <= real <= found.upper <= 2 * real


def test_everything_that_is_sent_counts() -> None:
    bare = estimate(prompt(Text("Hallo"))).upper
    tool = Tool("wetter", "Sagt das Wetter", {"type": "object", "properties": {"ort": {"type": "string"}}})
    assert estimate(prompt(Text("Hallo"), tools=(tool,))).upper > bare + 30
    assert estimate(prompt(Text("Hallo"), Media("image", url="https://x/y.png"))).upper == bare + IMAGE_TOKENS
    result = ToolResult("c1", (Text("x" * 300), Media("image", data="00")))
    assert estimate(prompt(Text("Hallo"), result)).upper == bare + 100 + IMAGE_TOKENS
    assert estimate(prompt(Text("Hallo"), ToolCall("c1", "wetter", '{"ort":"Ulm"}'))).upper > bare


def test_images_may_cost_next_to_nothing() -> None:
    assert estimate(prompt(Media("image", data="0" * 9000))).least == 0


def test_embedding_inputs_are_estimated_alike() -> None:
    assert estimate_texts(["ä" * 30, "b" * 30]) == (30 + 16, 11)


@pytest.mark.parametrize("real", [1, 37, 90, 100, 333, 1001])
@pytest.mark.parametrize("estimated", [7, 100, 3000])
def test_one_count_makes_the_same_prompt_s_estimate_exact(estimated: int, real: int) -> None:
    history = ModelHistory()
    history.learn(estimated, Usage(real, 10))
    assert history.worst_input(estimated) == real
    assert history.typical_input(estimated) == real


def test_the_worst_ratio_is_kept_and_slowly_forgotten() -> None:
    history = ModelHistory()
    history.learn(100, Usage(150, 1))
    for _ in range(20):
        history.learn(100, Usage(100, 1))
    assert history.worst_input(100) > 145
    assert history.typical_input(100) < 110
    for _ in range(3000):
        history.learn(100, Usage(100, 1))
    assert history.worst_input(100) == 101 or history.worst_input(100) == 100


def test_lengths_of_answers_have_a_mean_and_a_high_quantile() -> None:
    history = ModelHistory()
    for length in range(1, 65):
        history.learn(100, Usage(100, length))
    assert history.typical_output() == 32
    assert history.high_output() == 61


def test_our_own_estimates_teach_nothing_about_the_tokenizer() -> None:
    history = ModelHistory()
    history.learn(100, Usage(999, 5, estimated=True))
    assert history.is_proven
    assert history.worst_input(100) == 100


def test_an_empty_usage_and_a_cut_answer_teach_nothing() -> None:
    history = ModelHistory()
    history.learn(100, Usage())
    assert not history.is_proven
    history.learn(100, Usage(100, 80))
    history.learn(100, Usage(100, 3), cut=True)
    assert history.typical_output() == 80
