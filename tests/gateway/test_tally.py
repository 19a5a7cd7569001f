"""What is booked: the provider's figure, else our estimate, and said to be one."""

import pytest

from leitstand.core.conversation import (
    Frame,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    Used,
)
from leitstand.gateway.tally import Tally

TEXT = Frame((TextDelta("x" * 320),))  # 100 tokens by our estimate


def tally(*frames: Frame) -> Tally:
    counted = Tally(70)
    for frame in frames:
        counted.add(frame)
    return counted


def test_the_last_figure_of_the_provider_counts() -> None:
    counted = tally(Frame((Used(Usage(50, 1)),)), TEXT, Frame((Used(Usage(50, 90, 10)),)))
    assert counted.usage(complete=True) == Usage(50, 90, 10)


def test_without_a_figure_ours_is_booked_and_marked() -> None:
    assert tally(TEXT).usage(complete=True) == Usage(70, 100, estimated=True)


def test_a_figure_from_the_start_of_a_cut_answer_keeps_its_input_only() -> None:
    counted = tally(Frame((Used(Usage(50, 1, 10, 5)),)), TEXT)
    assert counted.usage(complete=False) == Usage(50, 100, 10, 5, estimated=True)


def test_a_cut_answer_whose_figure_is_higher_is_booked_at_the_figure() -> None:
    counted = tally(TEXT, Frame((Used(Usage(50, 120)),)))
    assert counted.usage(complete=False) == Usage(50, 120)


def test_an_answer_without_output_costs_its_input() -> None:
    assert tally().usage(complete=False) == Usage(70, 0, estimated=True)


@pytest.mark.parametrize(
    "chunk",
    [TextDelta("ä"), ThinkingDelta("hm"), ToolCallStarted(0, "call_1", "suche"), ToolCallDelta(0, '{"a":1}')],
)
def test_every_kind_of_output_counts_at_least_one_token(chunk: object) -> None:
    assert tally(Frame((chunk,))).usage(complete=False).output_tokens >= 1  # type: ignore[arg-type]  # each is a Chunk
