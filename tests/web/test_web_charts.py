"""From numbers to coordinates: gaps stay gaps, zero is at the bottom."""

from leitstand.reports.operations import Beat
from leitstand.web.charts import beats, course, flow_shape, spark


def test_a_missing_value_leaves_a_gap_in_the_trend() -> None:
    trend = spark([1.0, 2.0, None, 2.0, 1.0])
    assert trend is not None
    assert len(trend.lines) == 2


def test_a_trend_needs_two_values() -> None:
    assert spark([None, 3.0]) is None
    assert spark([]) is None


def test_a_lonely_value_between_gaps_can_still_be_seen() -> None:
    trend = spark([1.0, None, 2.0, None, 1.0])
    assert trend is not None
    assert all(len(line.split()) == 2 for line in trend.lines)


def test_all_zero_stays_at_the_bottom_without_dividing_by_it() -> None:
    trend = spark([0.0, 0.0])
    assert trend is not None
    assert trend.lines == ("0,27.1 100,27.1",)


def test_strokes_mark_failures_by_their_share_and_silence_by_their_height() -> None:
    bars = beats([Beat(0), Beat(4), Beat(4, 1), Beat(4, 2)])
    assert [bar.level for bar in bars] == ["", "", "warn", "crit"]
    assert bars[0].height == "1"


def test_the_course_always_shows_the_target() -> None:
    drawn = course([0.1, 0.2], [0.2, 0.3], 2.0)
    assert drawn is not None
    assert drawn.top >= 3.0
    assert 0 < float(drawn.target_y) < 100


def test_nothing_measured_draws_nothing() -> None:
    assert course([None], [None], 2.0) is None


def test_pipes_are_as_wide_as_their_load_and_never_vanish() -> None:
    shape = flow_shape([10.0, 5.0, 0.0], [5.0, 0.0])
    assert [float(width) for width in shape.widths] == [14.0, 7.0, 1.2]
    assert len(shape.branches) == 2


def test_no_traffic_and_no_provider_still_make_a_picture() -> None:
    assert flow_shape([0.0], []).branches == ()
