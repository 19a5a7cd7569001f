"""The life of an alert."""

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.states import advance
from leitstand.monitoring.values import Alert, Level, Reading, Rule, labels

_S = 1_000_000
_WHAT = labels(provider="a")
_NOTHING = Bilingual("", "")
RULE = Rule(
    "r", _NOTHING, _NOTHING, "s", (Level("warning", 5, 3, 60), Level("critical", 10, 8, 120)), 600,
    min_sample=5, clear_for_s=60,
)  # fmt: skip


def play(rule: Rule, *steps: tuple[int, float | None], sample: int = 5) -> list[Alert | None]:
    """The alert after each step of (second, value)."""
    alert: Alert | None = None
    states = []
    for second, value in steps:
        alert = advance(rule, alert, Reading(_WHAT, value, sample), second * _S, f"a{second}")
        states.append(alert)
        if alert is not None and alert.state == "resolved":
            alert = None
    return states


def shown(states: list[Alert | None]) -> list[str]:
    return [f"{each.state} {each.severity}" if each else "-" for each in states]


def test_a_value_must_stay_bad_before_people_hear_of_it() -> None:
    assert shown(play(RULE, (0, 6), (59, 6), (60, 6))) == [
        "pending warning",
        "pending warning",
        "firing warning",
    ]


def test_a_short_peak_leaves_no_trace() -> None:
    assert shown(play(RULE, (0, 6), (30, 2), (60, 6))) == ["pending warning", "-", "pending warning"]


def test_a_warning_rises_to_critical_and_never_falls_back() -> None:
    states = play(RULE, (0, 6), (60, 6), (70, 11), (190, 12), (200, 6))
    assert shown(states)[1:] == ["firing warning", "firing warning", "firing critical", "firing critical"]
    assert states[-1] is not None
    assert states[-1].peak == 12


def test_between_fire_and_clear_it_neither_begins_nor_ends() -> None:
    assert shown(play(RULE, (0, 4))) == ["-"]
    assert shown(play(RULE, (0, 6), (60, 6), (120, 4), (900, 4)))[-1] == "firing warning"


def test_it_ends_only_after_all_was_well_for_a_while() -> None:
    states = shown(play(RULE, (0, 6), (60, 6), (70, 3), (129, 3), (131, 3)))
    assert states[2:] == ["firing warning", "firing warning", "resolved warning"]
    assert shown(play(RULE, (0, 6), (60, 6), (70, 3), (100, 4), (140, 3)))[-1] == "firing warning"


def test_too_few_observations_are_no_data() -> None:
    assert shown(play(RULE, (0, 9), (100, 9), sample=4)) == ["-", "-"]


def test_silence_resolves_keeps_or_is_itself_the_fault() -> None:
    from dataclasses import replace

    bad = ((0, 6.0), (60, 6.0), (70, None), (131, None))
    assert shown(play(RULE, *bad))[-1] == "resolved warning"
    assert shown(play(replace(RULE, no_data="keep"), *bad))[-1] == "firing warning"
    silent = replace(RULE, no_data="fire")
    assert shown(play(silent, (0, None), (60, None)))[-1] == "firing warning"


def test_a_clock_that_jumps_back_delays_nothing_for_long() -> None:
    states = shown(play(RULE, (10_000, 6), (100, 6), (160, 6)))
    assert states == ["pending warning", "pending warning", "firing warning"]
