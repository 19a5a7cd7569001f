"""The way of an alert: who hears what, when, exactly once; over nights, silences, restarts and clocks that jump."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alert_kit import HandClock, World, channel

from leitstand.configuration.alerts import AlertRoute
from leitstand.monitoring.values import Silence, labels

NOON = "2026-11-18T12:00"  # a Wednesday


MAIL = {"mail": channel("mail")}
Make = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Make]:
    """Makes worlds: at a moment, with wishes (the fields of World)."""
    made: list[World] = []

    def make(at: str = NOON, **wish: Any) -> World:
        made.append(World(tmp_path, HandClock(at), **wish))
        return made[-1]

    yield make
    for each in made:
        each.engine.dispose()


def test_a_critical_alert_is_told_at_once_and_its_end_too(database: str, world: Make) -> None:
    desk = world()
    desk.break_("down")
    assert desk.run(5) == ["firing critical down > hook"]
    desk.mend("down")
    assert desk.run(5) == ["resolved critical down > hook"]
    assert desk.run(60) == []
    assert [record.kind for record in desk.records] == ["monitoring.alert.fired", "monitoring.alert.resolved"]


def test_what_flaps_is_told_once(world: Make) -> None:
    desk = world()
    desk.break_("down")
    told = desk.run(1)
    for _ in range(10):
        desk.mend("down")
        told += desk.run(0.5)
        desk.break_("down")
        told += desk.run(0.5)
    assert told == ["firing critical down > hook"]


def test_a_provider_that_is_down_silences_its_slow_answers_and_nobody_elses(world: Make) -> None:
    desk = world()
    for rule, provider in (("down", "a"), ("slow", "a"), ("slow", "b")):
        desk.break_(rule, provider)
    assert sorted(desk.run(5)) == ["firing critical down > hook", "firing warning slow > hook"]
    desk.mend("down")  # a answers again, and slowly: now that is news
    assert sorted(desk.run(5)) == ["firing warning slow > hook", "resolved critical down > hook"]


@pytest.mark.parametrize(
    ("night", "before", "morning", "state"),
    [
        ("2026-11-18T22:00", "2026-11-19T06:59", "2026-11-19T07:01", "BW"),
        ("2026-03-28T22:00", "2026-03-30T06:59", "2026-03-30T07:01", "BW"),  # the clocks go forward on Sunday
        ("2026-10-23T22:00", "2026-10-26T06:59", "2026-10-26T07:01", "BW"),  # and back
        ("2026-11-17T22:00", "2026-11-19T06:59", "2026-11-19T07:01", "SN"),  # Repentance Day
        ("2026-12-24T22:00", "2026-12-28T06:59", "2026-12-28T07:01", "BY"),
    ],
)
def test_warnings_of_the_night_come_in_the_morning_as_one_message(
    world: Make, night: str, before: str, morning: str, state: str
) -> None:
    desk = world(night, channels=MAIL, state=state)
    desk.break_("slow", "a")
    desk.break_("odd", "b")
    desk.break_("odd", "c")
    assert desk.run(60, every_s=60) == []
    desk.mend("odd", "c")  # over before anybody comes: nobody needs to know
    assert desk.run_until(before) == []
    assert desk.run_until(morning) == ["digest warning odd slow > mail"]
    desk.mend("slow", "a")
    assert desk.run(5) == ["resolved warning slow > mail"]


def test_a_critical_alert_wakes_people_at_night(world: Make) -> None:
    desk = world("2026-11-18T03:00", channels=MAIL)
    desk.break_("down")
    assert desk.run(1) == ["firing critical down > mail"]


def test_an_alert_that_still_fires_when_its_silence_ends_is_told_then(world: Make) -> None:
    desk = world()
    now_us = desk.clock.time_us()
    silence = Silence("sil_1", labels(rule="slow"), now_us, now_us + 3_600_000_000, "jonas", "Umzug")
    desk.rows.add_silence(silence)
    desk.break_("slow")
    assert desk.run(59) == []
    assert desk.run(3) == ["firing warning slow > hook"]


def test_only_maintenance_silences_critical_alerts(world: Make) -> None:
    desk = world()
    now_us = desk.clock.time_us()
    desk.rows.add_silence(Silence("sil_1", (), now_us, now_us + 10**10, "jonas", "Ruhe"))
    desk.break_("down", "a")
    assert desk.run(2) == ["firing critical down > hook"]
    window = Silence(
        "sil_2", labels(provider="b"), now_us, now_us + 10**10, "jonas", "Umzug", maintenance=True
    )
    desk.rows.add_silence(window)
    desk.break_("down", "b")
    assert desk.run(10) == []
    assert desk.rows.end_silence("sil_2", desk.clock.time_us())
    assert desk.run(1) == ["firing critical down > hook"]


def test_a_restart_in_the_middle_loses_and_doubles_nothing(database: str, world: Make) -> None:
    desk = world()
    desk.break_("down")
    told = desk.run(1)
    desk.new_path()
    told += desk.run(2)
    desk.mend("down")
    desk.new_path()
    told += desk.run(3)
    assert told == ["firing critical down > hook", "resolved critical down > hook"]


def test_two_processes_that_both_think_they_lead_tell_once(database: str, world: Make) -> None:
    desk = world()
    one, other = desk.path, desk.new_path()
    desk.break_("down")
    for _ in range(8):
        desk.clock.forward(15)
        one.round()
        other.round()
    desk.mend("down")
    for _ in range(8):
        desk.clock.forward(15)
        other.round()
        one.round()
    kinds = sorted(each.notice.kind for each in desk.rows.deliveries())
    assert kinds == ["firing", "resolved"]


@pytest.mark.parametrize("jump_s", [-7200, -30, 7200, 86_400])
def test_a_clock_that_jumps_loses_and_doubles_no_critical_alert(world: Make, jump_s: float) -> None:
    desk = world()
    desk.break_("down", "a")
    told = desk.run(1)
    desk.clock.forward(jump_s)
    told += desk.run(2)
    desk.break_("down", "b")
    told += desk.run(2)
    desk.mend("down", "a")
    desk.mend("down", "b")
    told += desk.run(3)
    assert sorted(told) == ["firing critical down > hook"] * 2 + ["resolved critical down > hook"] * 2


def test_routes_choose_and_nobody_forgets_a_critical_alert(world: Make) -> None:
    desk = world(
        channels={"hook": channel("hook"), "boss": channel("boss")},
        routes={"r": AlertRoute(name="r", rules=("slow",), channels=("hook",))},
    )
    desk.break_("slow", "b")
    desk.break_("odd", "c")
    assert desk.run(2) == ["firing warning slow > hook"]
    desk.break_("down", "a")
    assert sorted(desk.run(1)) == ["firing critical down > boss", "firing critical down > hook"]


def test_what_nobody_acknowledges_goes_to_the_next(world: Make) -> None:
    channels = {name: channel(name) for name in ("hook", "boss")}
    routes = {
        "first": AlertRoute(name="first", channels=("hook",)),
        "then": AlertRoute(name="then", severity="critical", channels=("boss",), after_minutes=15),
    }
    desk = world(channels=channels, routes=routes)
    desk.break_("down", "a")
    desk.break_("down", "b")
    assert desk.run(14) == ["firing critical down > hook"] * 2
    mine = next(alert for alert in desk.rows.open() if alert.label("provider") == "a")
    assert desk.rows.acknowledge(mine.id, "jonas", desk.clock.time_us())
    assert not desk.rows.acknowledge(mine.id, "anna", desk.clock.time_us())
    assert desk.run(30) == ["escalated critical down > boss"]
