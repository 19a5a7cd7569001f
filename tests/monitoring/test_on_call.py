"""Who is on duty, over swaps, hand-overs and the change of the clock; and who is told then."""

import itertools
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from alert_kit import BERLIN, HandClock, World, channel

from leitstand.configuration.alerts import AlertRoute
from leitstand.configuration.on_call import OnCall
from leitstand.monitoring.on_call import Rota, ics
from leitstand.monitoring.routes import ConfiguredRoutes

PEOPLE = [
    {"name": "Anna", "channels": ["anna"]}, {"name": "Ben", "channels": ["ben"]}, {"name": "Cem", "channels": ["cem"]}
]  # fmt: skip
MONDAY = date(2026, 11, 2)
CHANNELS = {name: channel(name) for name in ("anna", "ben", "cem", "boss")}


def rota(*swaps: tuple[str, str, str], **more: object) -> Rota:
    given = [{"begins": begins, "ends": ends, "person": person} for begins, ends, person in swaps]
    plan = {"people": PEOPLE, "first_day": MONDAY.isoformat(), "at": "09:00", "swaps": given, **more}
    return Rota(OnCall.model_validate(plan), BERLIN)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def who(plan: Rota, moment: str) -> str:
    turn = plan.on_duty(at(moment))
    return turn.person.name if turn else ""


def test_turns_follow_each_other_and_are_handed_over_at_the_hour() -> None:
    plan = rota()
    assert who(plan, "2026-11-02T08:59") == ""
    assert who(plan, "2026-11-02T09:00") == "Anna"
    assert who(plan, "2026-11-09T08:59") == "Anna"
    assert who(plan, "2026-11-09T09:00") == "Ben"
    assert who(plan, "2026-11-23T09:00") == "Anna"
    assert who(rota(weeks=2), "2026-11-12T12:00") == "Anna"


def test_a_swap_puts_somebody_in_place_and_the_turn_is_shown_in_three_parts() -> None:
    plan = rota(("2026-11-04", "2026-11-05", "Cem"))
    turns = list(plan.turns(at("2026-11-02T10:00"), at("2026-11-09T08:00")))
    assert [(each.person.name, each.instead_of, f"{each.begins:%d.%m. %H}") for each in turns] == [
        ("Anna", "", "02.11. 09"), ("Cem", "Anna", "04.11. 09"), ("Anna", "", "06.11. 09"),
    ]  # fmt: skip
    duty = plan.on_duty(at("2026-11-07T12:00"))
    assert duty is not None
    assert (duty.begins, duty.ends) == (at("2026-11-06T09:00"), at("2026-11-09T09:00"))


def test_the_last_swap_holds() -> None:
    assert (
        who(
            rota(("2026-11-02", "2026-11-08", "Ben"), ("2026-11-03", "2026-11-03", "Cem")), "2026-11-03T12:00"
        )
        == "Cem"
    )


@pytest.mark.parametrize("first", ["2026-03-23", "2026-10-19"])
def test_there_is_no_hole_and_no_overlap_over_the_change_of_the_clock(first: str) -> None:
    plan = rota(first_day=first)
    begin = at(f"{first}T09:00")
    turns = list(plan.turns(begin, begin + timedelta(days=28)))
    assert all(earlier.ends == later.begins for earlier, later in itertools.pairwise(turns))
    assert all(f"{turn.begins:%H:%M}" == "09:00" for turn in turns)
    for hour in range(28 * 24):
        moment = begin + timedelta(hours=hour)
        duty = plan.on_duty(moment)
        assert duty is not None
        assert duty.begins <= moment < duty.ends


def test_one_person_alone_is_always_on_duty() -> None:
    plan = rota(people=PEOPLE[:1])
    assert who(plan, "2027-05-01T12:00") == "Anna"
    assert len(list(plan.turns(at("2026-11-02T10:00"), at("2026-12-02T10:00")))) == 1


def test_a_calendar_holds_every_turn_in_lines_that_programs_accept() -> None:
    plan = rota(people=[{"name": "Änne, Groß; " + "ö" * 60, "channels": ["anna"]}, *PEOPLE[1:]])
    text = ics(
        plan.turns(at("2026-11-02T10:00"), at("2026-11-17T10:00")),
        at("2026-11-02T10:00"),
        "Bereitschaft: {name}",
    )
    assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT") == 3
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    unfolded = text.replace("\r\n ", "")
    assert "SUMMARY:Bereitschaft: Änne\\, Groß\\; " + "ö" * 60 in unfolded
    assert "DTSTART:20261102T080000Z" in unfolded


# ---------------------------------------------------------------- told

Make = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Make]:
    made: list[World] = []

    def make(moment: str, **wish: object) -> World:
        made.append(World(tmp_path, HandClock(moment), channels=CHANNELS, rota=rota(), **wish))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.engine.dispose()


def routes(**late: object) -> dict[str, AlertRoute]:
    duty = AlertRoute(name="duty", severity="critical", channels=("on_call",))
    boss = AlertRoute.model_validate(
        {"name": "boss", "severity": "critical", "channels": ["boss"], "after_minutes": 15}
    )
    return {"duty": duty.model_copy(update=late), "boss": boss}


def test_who_is_on_duty_is_told_then_the_boss_and_both_hear_of_the_end(world: Make) -> None:
    desk = world("2026-11-05T03:00", routes=routes())
    desk.break_("down")
    assert desk.run(2) == ["firing critical down > anna"]
    assert desk.run(20) == ["escalated critical down > boss"]
    desk.mend("down")
    assert sorted(desk.run(5)) == ["resolved critical down > anna", "resolved critical down > boss"]


def test_an_acknowledged_alert_goes_no_further(world: Make) -> None:
    desk = world("2026-11-05T03:00", routes=routes(remind_minutes=10.0))
    desk.break_("down")
    desk.run(2)
    desk.rows.acknowledge(desk.rows.open()[0].id, "anna", desk.clock.time_us())
    assert desk.run(120) == []


def test_a_hand_over_takes_open_critical_alerts_along(world: Make) -> None:
    desk = world("2026-11-09T08:50", routes={"duty": routes()["duty"]})
    desk.break_("down")
    assert desk.run(5) == ["firing critical down > anna"]
    assert desk.run(20) == ["firing critical down > ben"]
    desk.mend("down")
    assert sorted(desk.run(5)) == ["resolved critical down > anna", "resolved critical down > ben"]


def test_reminders_come_at_their_pace_and_end_after_a_dozen(world: Make) -> None:
    desk = world("2026-11-05T03:00", routes={"duty": routes(remind_minutes=30.0)["duty"]})
    desk.break_("down")
    desk.run(2)
    assert desk.run(29) == ["reminder critical down > anna"]
    told = desk.run(24 * 60, every_s=300)
    assert told == ["reminder critical down > anna"] * 11


def test_a_channel_of_somebody_off_duty_is_nobodys_stand_in() -> None:
    now_us = int(at("2026-11-05T03:00").timestamp() * 1_000_000)
    found = ConfiguredRoutes(CHANNELS, {}, rota()).others("boss", now_us)
    assert [each.channel for each in found] == ["anna"]


def test_before_the_first_turn_everybody_on_the_rota_is_told() -> None:
    now_us = int(at("2026-11-01T03:00").timestamp() * 1_000_000)
    assert ConfiguredRoutes(CHANNELS, {}, rota()).on_duty(now_us) == ["anna", "ben", "cem"]
