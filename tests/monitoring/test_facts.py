"""A timeline that slides says what adding up from scratch says, and steps over nothing that could be read."""

from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.evaluate import back_test
from leitstand.monitoring.facts import Facts, Happening, Timeline
from leitstand.monitoring.minutes import MINUTE_US, Counts, Place, Sum, Tries
from leitstand.monitoring.shelves import load_signals
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Level, Reading, Rule, labels

_S = 1_000_000
MINUTES = st.integers(0, 40)
ROWS = st.lists(st.tuples(MINUTES, st.sampled_from("ab"), st.integers(1, 9), st.integers(0, 3)), max_size=40)


def rows(drawn: list[tuple[int, str, int, int]]) -> list[tuple[Place, Sum]]:
    found = [
        (
            Place(minute * MINUTE_US, provider, "m", "u"),
            Sum(Counts(requests + failed, answered=requests, failed=failed), {7: requests, 9: 1}),
        )
        for minute, provider, requests, failed in drawn
    ]
    return sorted(found, key=lambda each: each[0].minute_us)


def naive(given_: list[tuple[Place, Sum]], now_us: int, window_s: float) -> dict[str, Sum]:
    """Every row that begins until now and is not over before the window begins."""
    found: dict[str, Sum] = {}
    for place, each in given_:
        if place.minute_us <= now_us and place.minute_us + MINUTE_US > now_us - window_s * _S:
            found[place.provider] = found.get(place.provider, Sum()).plus(each)
    return found


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from([60, 300, 600]), st.lists(st.integers(0, 50 * 60), min_size=1, max_size=12))
def test_sliding_sums_equal_naive_ones(
    drawn: list[tuple[int, str, int, int]], window_s: int, moments: list[int]
) -> None:
    given_ = rows(drawn)
    timeline = Timeline(given_)
    for moment in sorted(moments):
        now_us = moment * _S
        slid = timeline.at(now_us)
        exact = naive(given_, now_us, window_s)
        sums = slid.sums(window_s, ("provider",))
        assert {dict(key)["provider"]: each.counts for key, each in sums.items()} == {
            name: each.counts for name, each in exact.items()
        }
        took = slid.durations(window_s, ("provider",))
        assert {dict(key)["provider"]: each for key, each in took.items()} == {
            name: dict(each.took) for name, each in exact.items()
        }


@settings(max_examples=150, deadline=None)
@given(
    ROWS, st.lists(MINUTES, max_size=6), st.lists(st.tuples(MINUTES, st.integers(0, 2)), max_size=8),
    st.sampled_from(["error_rate", "response_time", "violations", "gauge"]), st.sampled_from([0.002, 0.02, 0.3]),
)  # fmt: skip
def test_a_back_test_that_steps_over_quiet_minutes_finds_what_every_minute_finds(
    drawn: list[tuple[int, str, int, int]],
    events: list[int],
    gauges: list[tuple[int, int]],
    name: str,
    bound: float,
) -> None:
    def timeline() -> Timeline:
        return Timeline(
            rows(drawn), (), [Happening("policy.request.refused", minute * MINUTE_US) for minute in sorted(events)],
            [(minute * MINUTE_US, "gauge", Reading((), float(value), 1)) for minute, value in sorted(gauges)],
        )  # fmt: skip

    def read(facts: Facts, window_s: float) -> list[Reading]:
        match name:
            case "violations":
                count = len(facts.happened(("policy.",), window_s))
                return [Reading((), float(count), count)]
            case "gauge":
                return list(facts.gauge("gauge"))
            case _:
                return load_signals()[name].read(facts, window_s)

    def read_each_minute(facts: Facts, window_s: float) -> list[Reading]:
        said = read(facts, window_s)
        assert isinstance(facts, Timeline)
        facts._asked[:] = [lambda: facts.now_us + 1]
        return said

    nothing = Bilingual("", "")
    rule = Rule("r", nothing, nothing, name, (Level("warning", bound, bound / 2, 60),), 300, clear_for_s=120)
    quick, slow = (
        back_test(rule, Signal(name, nothing, "count", reader), timeline(), 0, 60 * MINUTE_US)
        for reader in (read, read_each_minute)
    )
    assert [(each.since_us, each.fired_us, each.resolved_us) for each in quick] == [
        (each.since_us, each.fired_us, each.resolved_us) for each in slow
    ]


def facts_of(requests: int, failed: int = 0, took: dict[int, int] | None = None, **more: int) -> Timeline:
    counts = Counts(requests, answered=requests - failed, failed=failed)._replace(**more)
    return Timeline([(Place(0, "azure-eu", "standard", "angebote"), Sum(counts, took or {}))]).at(MINUTE_US)


def test_the_error_rate_leaves_out_refused_requests_and_clients_that_left() -> None:
    (reading,) = load_signals()["error_rate"].read(facts_of(100, 5, refused=30, left=20), 600)
    assert (reading.value, reading.sample, reading.affected.de) == (0.1, 50, "angebote")


def test_the_error_rate_of_nothing_is_unknown() -> None:
    (reading,) = load_signals()["error_rate"].read(Timeline([]).at(MINUTE_US), 600)
    assert reading.value is None


def test_the_response_time_is_the_median_by_provider() -> None:
    (reading,) = load_signals()["response_time"].read(facts_of(9, took={72: 4, 80: 5}), 600)
    assert reading.labels == labels(provider="azure-eu")
    assert reading.sample == 9
    assert reading.value is not None
    assert 2.0 < reading.value < 2.2


def test_the_fallback_share_leaves_out_caches() -> None:
    (reading,) = load_signals()["fallback_share"].read(facts_of(20, cached=10, fallback=5), 600)
    assert (reading.value, reading.sample) == (0.5, 10)


def test_an_absent_provider_is_absent_since_its_first_failure_after_its_last_answer() -> None:
    down = Tries(2, 2, 2, answered_us=MINUTE_US, since_us=2 * MINUTE_US, absent_us=5 * MINUTE_US)
    facts = Timeline([], [(5 * MINUTE_US, "azure-eu", down)]).at(6 * MINUTE_US)
    (reading,) = load_signals()["provider_absence"].read(facts, 600)
    assert reading.value == 240
    (later,) = load_signals()["provider_absence"].read(facts.at(60 * MINUTE_US), 600)
    assert later.value is None  # nobody has looked for long


def test_a_rate_that_rises_because_good_requests_leave_the_window_is_not_stepped_over() -> None:
    nothing = Bilingual("", "")
    rule = Rule("r", nothing, nothing, "error_rate", (Level("warning", 0.3, 0.3, 60),), 300)
    timeline = Timeline(rows([(0, "a", 9, 0), (3, "a", 1, 2)]))
    (alert,) = back_test(rule, load_signals()["error_rate"], timeline, 0, 60 * MINUTE_US)
    assert alert.since_us == 6 * MINUTE_US
