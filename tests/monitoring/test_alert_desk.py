"""What people do with alerts and rules, on a real database: each act holds, is journalled, and is refused with a reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alert_kit import BERLIN, DOWN, ODD, SLOW, HandClock, World, channel
from journal_rows import MINUTE_US, record, write

from leitstand.configuration.apply import Editor
from leitstand.configuration.current import load
from leitstand.configuration.secrets import load_sealer
from leitstand.core.business_hours import BusinessHours
from leitstand.core.errors import InvalidRequest, NotFound, Refusal
from leitstand.monitoring.desk import AlertDesk, SilenceWish
from leitstand.monitoring.minutes_repository import Minutes
from leitstand.monitoring.rule_desk import RuleDesk
from leitstand.monitoring.shelves import load_rules, load_signals
from leitstand.monitoring.views import board_view, comparison_view, rule_view, sight_view, signal_view

_HOUR_US = 60 * MINUTE_US


class Office:
    """A desk beside an alert path."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = AlertDesk(
            world.rows, Minutes(world.engine), lambda: (DOWN, SLOW, ODD), {}, world,
            lambda: BusinessHours(BERLIN, state="BW"), world.clock, world.records.append,
        )  # fmt: skip

    def events(self) -> list[tuple[str, str]]:
        return [
            (each.kind, each.user)
            for each in self.world.records
            if each.kind not in ("monitoring.alert.fired", "monitoring.alert.resolved")
        ]

    def open(self, rule: str) -> str:
        return next(each.id for each in self.desk.firing() if each.rule == rule)

    def wish(self, hours: float = 1, **more: Any) -> SilenceWish:
        usual: dict[str, Any] = {"matchers": {"rule": "slow"}, "comment": "Umzug"}
        ends_us = self.world.clock.time_us() + int(hours * _HOUR_US)
        return SilenceWish(**(usual | {"ends_us": ends_us} | more))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    world = World(tmp_path, HandClock("2026-11-18T10:00:00"))
    yield Office(world)
    world.engine.dispose()


def test_the_gravest_alert_is_first_and_the_explained_one_is_muted(office: Office) -> None:
    for rule in ("slow", "down", "odd"):
        office.world.break_(rule)
    office.world.run(2)
    board = office.desk.board()
    assert [each.alert.rule for each in board.open] == ["down", "odd"]
    ((muted),) = board.muted
    assert (muted.alert.rule, muted.muted and muted.muted.why) == ("slow", "inhibited")
    assert board.well_since_us is None
    assert {each.notice.channel for each in board.open[0].told} == {"hook"}


def test_all_is_well_since_the_last_end(office: Office) -> None:
    assert office.desk.board().well_since_us is None
    office.world.break_("odd")
    office.world.run(2)
    office.world.mend("odd")
    office.world.run(3)
    board = office.desk.board()
    assert board.open == ()
    assert board.well_since_us == board.past[0].alert.resolved_us
    assert board_view(board)["well_since"].startswith("2026-11-18T09:")


def test_who_was_first_takes_an_alert_on(office: Office) -> None:
    office.world.break_("down")
    office.world.run(1)
    alert = office.open("down")
    assert office.desk.acknowledge(alert, "anna").alert.acknowledged_by == "anna"
    with pytest.raises(InvalidRequest, match="anna has already taken"):
        office.desk.acknowledge(alert, "ben")
    with pytest.raises(NotFound):
        office.desk.acknowledge("alt_nothing", "anna")
    assert office.events() == [("monitoring.alert.acknowledged", "anna")]


def test_an_act_that_cannot_be_journalled_does_not_hold(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.world.break_("down")
    office.world.run(1)

    def refuse(_record: object) -> None:
        raise OSError("disk full")

    alert = office.open("down")
    object.__setattr__(office.desk, "record", refuse)
    with pytest.raises(OSError, match="disk full"):
        office.desk.acknowledge(alert, "anna")
    with pytest.raises(OSError, match="disk full"):
        office.desk.silence(office.wish(), "anna")
    assert office.desk.get(alert).alert.acknowledged_us is None
    assert office.desk.board().silences == ()


def test_a_silence_mutes_until_it_ends_and_then_the_alert_is_told(office: Office) -> None:
    made = office.desk.silence(office.wish(), "anna")
    office.world.break_("slow")
    assert office.world.run(5) == []
    ((sight),) = office.desk.board().muted
    assert (sight.muted and sight.muted.by, sight.until_us) == ("Umzug", made.ends_us)
    office.desk.end_silence(made.id, "ben")
    assert office.world.run(1) == ["firing warning slow > hook"]
    with pytest.raises(NotFound):
        office.desk.end_silence(made.id, "ben")
    assert office.events() == [("monitoring.silence.created", "anna"), ("monitoring.silence.ended", "ben")]


def test_only_maintenance_mutes_what_is_critical_and_the_preview_says_so(office: Office) -> None:
    for rule in ("down", "odd"):
        office.world.break_(rule)
    office.world.run(2)
    everything = office.wish(matchers={"provider": "a"})
    preview = office.desk.preview(everything)
    assert [each.rule for each in preview.mutes] == ["odd"]
    assert [each.rule for each in preview.spares] == ["down"]
    planned = office.wish(matchers={}, maintenance=True)
    assert {each.rule for each in office.desk.preview(planned).mutes} == {"down", "odd"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"matchers": {}}, "Say which alerts"),
        ({"matchers": {"rule": "gibtsnicht"}}, "There is no rule 'gibtsnicht'"),
        ({"matchers": {"farbe": "rot"}}, "There is no label 'farbe'"),
        ({"matchers": {"severity": "arg"}}, "There is no severity 'arg'"),
        ({"comment": " "}, "Give a reason"),
        ({"hours": 31 * 24}, "30 days at most"),
        ({"hours": -1}, "must lie in the future"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(office: Office, change: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        office.desk.silence(office.wish(**change), "anna")
    assert office.desk.board().silences == ()


def test_a_warning_of_the_night_waits_for_the_morning(tmp_path: Path) -> None:
    world = World(tmp_path, HandClock("2026-11-18T22:00:00"))
    world.channels = {"mail": channel("mail")}
    world.break_("odd")
    assert world.run(5) == []
    desk = Office(world).desk
    ((sight),) = desk.board().muted
    assert (sight.muted and sight.muted.why) == "hours"
    assert sight_view(sight)["muted"]["until"] == "2026-11-19T06:00:00+00:00"
    assert desk.until_morning_us() == sight.until_us
    world.engine.dispose()


# ---------------------------------------------------------------- rules


class Rules:
    """The desk of rules with a real configuration."""

    def __init__(self, world: World, data: Path) -> None:
        self.minutes = Minutes(world.engine)
        self.records: list[Any] = []
        editor = Editor(world.engine, load_sealer(data), self.records.append, world.clock)
        self.desk = RuleDesk(
            load_rules(), load_signals(), self.minutes, world.rows, editor, world.clock,
            lambda: load(world.engine), lambda: None,
        )  # fmt: skip


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """Ten days of traffic, of which every request fails for a quarter of an hour, twice."""
    data = tmp_path_factory.mktemp("past")
    world = World(data, HandClock("2026-11-18T10:00:00"))
    now_us = world.clock.time_us() // MINUTE_US * MINUTE_US
    bad = [now_us - days * 1440 * MINUTE_US for days in (2, 6)]
    rows = []
    for minute in range(10 * 1440, 0, -1):
        at_us = now_us - minute * MINUTE_US
        fails = any(0 <= at_us - each < 15 * MINUTE_US for each in bad)
        near = any(abs(at_us - each) < 40 * MINUTE_US for each in bad)
        rows += [record(at_us, "failed" if fails else "ok") for _ in range(3 if near else minute % 10 == 0)]
    write(world.engine, rows)
    minutes = Minutes(world.engine)
    while minutes.advance():
        pass
    yield world, data
    world.engine.dispose()


@pytest.fixture
def rules(past: tuple[World, Path]) -> Rules:
    """A fresh desk; tests that keep a rule reset it."""
    return Rules(*past)


def test_a_rule_says_how_often_it_would_have_fired_and_when(rules: Rules) -> None:
    tested = rules.desk.back_test("error_rate_critical")
    assert len(tested.alerts) == 2
    assert round((tested.until_us - tested.since_us) / 86_400_000_000) == 10
    assert rules.desk.back_test("disk_full").alerts == ()
    by_name = {each.rule.name: each for each in rules.desk.rules(wait_s=60)}
    assert by_name["error_rate_critical"].tested == tested
    assert set(by_name) == set(load_rules())


def test_a_change_is_compared_with_what_holds_and_kept_as_configuration(rules: Rules) -> None:
    body = {"name": "error_rate", "warning": {"above": 0.999999, "clears": 0.9}}
    comparison = rules.desk.compare(body)
    assert comparison.before is not None
    assert (len(comparison.before.alerts), len(comparison.after.alerts)) == (2, 2)
    body["warning"] = {"above": 1.0}
    assert len(rules.desk.compare(body).after.alerts) == 0
    assert rules.records == []
    rules.desk.keep(body, "anna")
    assert rules.desk.get("error_rate").is_changed
    assert [(each.kind, each.user) for each in rules.records] == [
        ("configuration.alert_rule.created", "anna")
    ]
    rules.desk.reset("error_rate", "anna")
    assert not rules.desk.get("error_rate").is_changed


def test_a_rule_of_ones_own_is_made_on_any_signal(rules: Rules) -> None:
    body = {"name": "viele_fehler", "signal": "model_error_rate", "critical": {"above": 0.5}, "min_sample": 5}
    assert len(rules.desk.compare(body).after.alerts) == 2
    rules.desk.keep(body, "anna")
    sight = rules.desk.get("viele_fehler")
    assert sight.shipped is None
    assert rule_view(sight)["back_test"]["count"] == 2
    rules.desk.reset("viele_fehler", "anna")
    with pytest.raises(NotFound):
        rules.desk.get("viele_fehler")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "neu", "signal": "wetter", "warning": {"above": 1}}, "There is no signal 'wetter'"),
        ({"name": "neu", "signal": "disk_used"}, "Set a limit"),
        (
            {"name": "error_rate", "warning": {"above": 0.1, "clears": 0.2}},
            "'clears' must be at most 'above'",
        ),
        ({"name": "error_rate", "warning": {"above": "viel"}}, "number"),
        ({"name": "error_rate", "farbe": "rot"}, "farbe"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rules: Rules, body: dict[str, Any], says: str) -> None:
    for act in (rules.desk.compare, lambda wish: rules.desk.keep(wish, "anna")):
        with pytest.raises(Refusal, match=says):
            act(body)
    assert rules.records == []


def test_signals_tell_their_unit_and_their_gravest_value_now(rules: Rules) -> None:
    found = {each.signal.name: signal_view(each) for each in rules.desk.signals()}
    assert found["error_rate"]["unit"] == "share"
    assert found["error_rate"]["value"] == 0.0
    assert found["disk_used"]["value"] is None
    comparison = rules.desk.compare({"name": "error_rate", "enabled": False})
    assert comparison_view(comparison)["after"]["count"] == 0
