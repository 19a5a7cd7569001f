"""Incidents on a real database: opened by critical alerts, fed by themselves, closed by people, journalled."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from alert_kit import BERLIN, DOWN, ODD, SLOW, HandClock, World

from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.monitoring import acts
from leitstand.monitoring.duties import duties, notification
from leitstand.monitoring.heartbeat import why_silent
from leitstand.monitoring.incident_desk import IncidentDesk, Surroundings
from leitstand.monitoring.incident_repository import IncidentRows
from leitstand.monitoring.incident_values import IncidentView
from leitstand.monitoring.incidents import follow
from leitstand.monitoring.minutes import Counted, Counts, Place, Sum
from leitstand.monitoring.minutes_repository import _add
from leitstand.monitoring.post_mortem import draft
from leitstand.monitoring.public_status import disturbances
from leitstand.monitoring.shelves import load_rules
from leitstand.monitoring.values import Alert, Notice, Severity, labels

START = "2026-11-18T02:51:00"


@dataclass
class Case:
    """A world of alerts with the desk that follows it."""

    world: World
    desk: IncidentDesk

    def minutes(self, count: float) -> None:
        self.world.run(count)

    @property
    def kinds(self) -> list[str]:
        return [record.kind for record in self.world.records if record.kind.startswith("monitoring.inc")]

    def one(self) -> IncidentView:
        (incident,) = self.desk.newest()
        return self.desk.view(incident.id)


def desk_of(world: World) -> IncidentDesk:
    surroundings = Surroundings(
        world.clock, world.records.append, lambda: {rule.name: rule for rule in (DOWN, SLOW, ODD)},
        lambda moment: moment.astimezone(BERLIN),
    )  # fmt: skip
    return IncidentDesk(IncidentRows(world.engine), world.rows, surroundings)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    world = World(tmp_path, HandClock(START))
    desk = desk_of(world)
    world.path._follow = desk.follow
    yield Case(world, desk)
    world.engine.dispose()


def test_a_critical_alert_opens_one_incident_and_no_more_however_often_it_is_looked_at(case: Case) -> None:
    case.world.break_("down")
    case.minutes(10)
    view = case.one()
    assert view.incident.number == "V-2026-001"
    assert view.incident.state == "open"
    assert view.incident.label("provider") == "a"
    assert [alert.rule for alert in view.alerts] == ["down"]
    assert case.kinds == ["monitoring.incident.opened"]
    assert [entry.kind for entry in view.entries].count("fired") == 1


def test_a_warning_alone_opens_none(case: Case) -> None:
    case.world.break_("odd")
    case.minutes(5)
    assert case.desk.newest() == []


def test_what_the_fault_makes_superfluous_joins_it_and_another_provider_gets_its_own(case: Case) -> None:
    case.world.break_("down", "a")
    case.world.break_("slow", "a")
    case.world.break_("down", "b")
    case.minutes(5)
    found = {each.label("provider"): case.desk.view(each.id) for each in case.desk.newest()}
    assert set(found) == {"a", "b"}
    assert {alert.rule for alert in found["a"].alerts} == {"down", "slow"}
    assert {each.number for each in case.desk.newest()} == {"V-2026-001", "V-2026-002"}


def test_many_failures_and_the_provider_behind_them_are_one_incident_named_after_the_provider() -> None:
    def alert(name: str, rule: str, severity: Severity, minute: int, **named: str) -> Alert:
        since_us = 10**15 + minute * 60_000_000
        return Alert(name, rule, labels(**named), severity, "firing", since_us, since_us)

    rules, first = load_rules(), alert("a1", "error_rate_critical", "critical", 0)
    opened = follow([first], [], rules, first.since_us, "inc")
    (incident,) = opened.opened
    assert incident.runbook == "fehlerquote"
    alerts = [
        replace(first, incident=incident.id),
        alert("a2", "model_failing", "warning", 1, model="standard"),
        alert("a3", "provider_unreachable", "critical", 5, provider="openai-eu"),
    ]
    one = follow(alerts[:2], [incident], rules, first.since_us, "inc")
    assert one.joined == [("a2", incident.id)]
    alerts[1] = replace(alerts[1], incident=incident.id)
    two = follow(alerts, [incident], rules, first.since_us, "inc")
    assert (two.opened, two.joined) == ([], [("a3", incident.id)])
    (after,) = two.changed
    assert (after.title.de, after.runbook) == ("Anbieter nicht erreichbar: openai-eu", "anbieter-ausgefallen")


def test_a_new_process_goes_on_with_the_same_incident(case: Case) -> None:
    case.world.break_("down")
    case.minutes(2)
    case.world.new_path()._follow = desk_of(case.world).follow
    case.minutes(2)
    assert len(case.desk.newest()) == 1


def test_after_the_fault_it_is_watched_for_half_an_hour_and_then_closing_is_proposed(case: Case) -> None:
    case.world.break_("down")
    case.minutes(5)
    case.world.mend("down")
    case.minutes(5)
    incident = case.one().incident
    assert incident.state == "observing"
    assert not incident.may_close(case.world.clock.time_us())
    case.minutes(30)
    assert case.one().incident.may_close(case.world.clock.time_us())
    case.world.break_("down")
    case.minutes(5)
    assert case.one().incident.state == "open"


def test_who_acknowledges_the_alert_leads_and_taking_over_acknowledges(case: Case) -> None:
    case.world.break_("down")
    case.minutes(2)
    (alert,) = case.one().alerts
    case.world.rows.acknowledge(alert.id, "jonas", case.world.clock.time_us())
    case.minutes(1)
    assert case.one().incident.lead == "jonas"
    case.desk.act("V-2026-001", acts.TakeOver(), "petra")
    case.minutes(1)
    assert case.one().incident.lead == "petra"
    case.world.break_("down", "b")
    case.minutes(2)
    case.desk.act("V-2026-002", acts.TakeOver(), "petra")
    assert [each.acknowledged_by for each in case.desk.view("V-2026-002").alerts] == ["petra"]


def test_the_timeline_names_to_whom_it_was_told(case: Case) -> None:
    case.world.break_("down")
    case.minutes(2)
    for notice in case.world.rows.due(case.world.clock.time_us()):
        case.world.rows.sent(notice.id, case.world.clock.time_us())
    case.minutes(1)
    told = [entry.text.de for entry in case.one().entries if entry.kind == "told"]
    assert told == ["Zugestellt über „hook“"]


def test_it_cannot_be_closed_while_its_alert_fires_and_is_worked_on_no_more_when_closed(case: Case) -> None:
    case.world.break_("down")
    case.minutes(2)
    with pytest.raises(InvalidRequest, match="still firing"):
        case.desk.act("V-2026-001", acts.Close("nichts"), "jonas")
    case.world.mend("down")
    case.minutes(5)
    case.desk.act("V-2026-001", acts.Close("Zweites Ziel fehlte."), "jonas")
    view = case.one()
    assert (view.incident.state, view.incident.lessons) == ("closed", "Zweites Ziel fehlte.")
    with pytest.raises(InvalidRequest, match="is closed"):
        case.desk.act("V-2026-001", acts.TakeOver(), "petra")
    case.desk.act("V-2026-001", acts.Reopen(), "petra")
    assert case.one().incident.state == "open"
    assert case.kinds[-2:] == ["monitoring.incident.closed", "monitoring.incident.reopened"]


def test_by_hand_with_a_runbook_whose_steps_are_ticked_once(case: Case) -> None:
    opened = case.desk.open(acts.Open("Provider meldet Wartung", "warning", "anbieter-ausgefallen"), "jonas")
    case.desk.act(opened.number, acts.Tick(1), "jonas")
    case.desk.act(opened.number, acts.Tick(1), "petra")
    ticked = case.desk.view(opened.number).ticked
    assert {number: entry.by for number, entry in ticked.items()} == {1: "jonas"}
    for wrong in (acts.Tick(99), acts.Tick(0), acts.Note("  "), acts.AddTask("x", "jonas", "morgen")):
        with pytest.raises(InvalidRequest):
            case.desk.act(opened.number, wrong, "jonas")
    with pytest.raises(NotFound):
        case.desk.act("V-2026-099", acts.TakeOver(), "jonas")
    with pytest.raises(InvalidRequest):
        case.desk.open(acts.Open("x", "critical", "gibt-es-nicht"), "jonas")


def test_a_breach_starts_the_deadlines_once_and_leaves_tasks(case: Case) -> None:
    opened = case.desk.open(acts.Open("Leck"), "petra")
    assert duties(case.desk.view(opened.id), nis2=True) == ()
    case.desk.act(opened.id, acts.Classify("breach", "Namen im Klartext"), "petra")
    first = duties(case.desk.view(opened.id), nis2=True)
    aware = case.world.clock.now()
    assert [(each.due - aware).total_seconds() / 3600 for each in first[:3]] == [24, 72, 72]
    assert (first[3].due.month, first[3].due.day) == (12, 21)
    case.world.clock.forward(7200)
    case.desk.act(opened.id, acts.Classify("breach", "Zwölf Personen"), "petra")
    view = case.desk.view(opened.id)
    assert duties(view, nis2=True) == first
    assert len(view.tasks) == 5
    assert len(duties(view, nis2=False)) == 1
    text = notification(view, "Musterwerk GmbH", "", "LfDI", str, "de")
    assert "Musterwerk GmbH" in text
    assert "Zwölf Personen" in text
    assert "[Datenschutzbeauftragte mit Kontakt]" in text
    case.desk.act(opened.id, acts.Classify("none", "Doch nur Testdaten"), "petra")
    assert duties(case.desk.view(opened.id), nis2=True) == ()


def test_texts_that_people_wrote_are_not_in_the_journal(case: Case) -> None:
    opened = case.desk.open(acts.Open("Leck bei Frau Sommer"), "petra")
    case.desk.act(opened.id, acts.Note("Frau Sommer angerufen"), "petra")
    case.desk.act(opened.id, acts.Classify("breach", "Frau Sommer"), "petra")
    assert "Sommer" not in str(case.world.records)
    assert case.kinds == [f"monitoring.incident.{verb}" for verb in ("opened", "noted", "classified")]


def test_a_post_mortem_is_drafted_kept_in_versions_and_never_overwritten_unseen(case: Case) -> None:
    case.world.break_("down")
    case.minutes(5)
    case.desk.act("V-2026-001", acts.AddTask("Drittes Ziel", "jonas", "2026-12-01"), "jonas")
    text = draft(case.one(), lambda time_us: "12:00", "de")
    for part in ("# Nachbereitung V-2026-001", "Kritische Meldung", "- [ ] Drittes Ziel (jonas, 2026-12-01)"):
        assert part in text
    case.desk.act("V-2026-001", acts.Write(text + "Ursache: Zertifikat", 0), "jonas")
    with pytest.raises(InvalidRequest, match="meanwhile"):
        case.desk.act("V-2026-001", acts.Write("anderes", 0), "petra")
    written = case.one().post_mortem
    assert written is not None
    assert (written.version, written.text.splitlines()[-1]) == (1, "Ursache: Zertifikat")
    (task,) = case.one().tasks
    case.desk.act("V-2026-001", acts.FinishTask(task.id), "petra")
    with pytest.raises(InvalidRequest):
        case.desk.act("V-2026-001", acts.FinishTask(task.id), "petra")


def test_the_effect_is_counted_from_the_minutes_and_extra_cost_compared_by_token(case: Case) -> None:
    now_us = case.world.clock.time_us() // 60_000_000 * 60_000_000
    usual = Counts(requests=10, answered=10, input_tokens=1000, cost_nano=1_000_000)
    dearer = Counts(requests=6, answered=5, failed=1, fallback=5, input_tokens=500, cost_nano=1_500_000)
    sums = {
        Place(now_us - 3_600_000_000, "a", "standard", "x"): Sum(usual),
        Place(now_us, "b", "standard", "x"): Sum(dearer),
    }
    with case.world.engine.begin() as connection:
        _add(connection, Counted(sums, {}, {}))
    effect = IncidentRows(case.world.engine).effect(now_us, now_us + 60_000_000, {})
    assert effect == (6, 1, 0, 5, 1_000_000)
    assert IncidentRows(case.world.engine).effect(now_us, now_us, {"model": "other"}) == (0, 0, 0, 0, None)


def test_numbers_stay_unique_and_rows_are_the_same_on_both_databases(database: str, tmp_path: Path) -> None:
    world = World(tmp_path, HandClock(START))
    assert world.engine.dialect.name == database
    first, second = desk_of(world), desk_of(world)
    numbers = [desk.open(acts.Open("Störung"), "jonas").number for desk in (first, second, first)]
    assert numbers == ["V-2026-001", "V-2026-002", "V-2026-003"]
    first.act("V-2026-002", acts.Publish("Es dauert", "It takes longer", None, ("standard",)), "jonas")
    first.act("V-2026-002", acts.Write("Text", 0), "jonas")
    first.set_note("verstoss", "Frau Vogel, 140", "jonas")
    first.rows.beat(1, "")
    first.rows.beat(2, "no alert channel delivers")
    view = second.view("V-2026-002")
    assert view.incident.message is not None
    assert view.incident.message.models == ("standard",)
    assert second.rows.notes()["verstoss"][0] == "Frau Vogel, 140"
    assert second.rows.beats() == (1, 2, "no alert channel delivers")
    world.engine.dispose()


def test_employees_hear_of_what_they_feel_and_of_what_somebody_wrote(case: Case) -> None:
    case.world.break_("down", "a")
    case.minutes(2)
    (incident,) = case.desk.newest()
    away = replace(incident, rule="provider_unreachable")
    assert disturbances([away], {"standard": ("a", "b")}) == ()
    (only,) = disturbances([away], {"standard": ("a",), "klein": ("b",)})
    assert only.models == ("standard",)
    case.desk.act(incident.number, acts.Publish("Antworten dauern länger", "", None, ("standard",)), "jonas")
    (told,) = disturbances(case.desk.rows.running(), {})
    assert (told.text.de, told.text.en, told.written) == ("Antworten dauern länger",) * 2 + (True,)
    case.desk.act(incident.number, acts.Withdraw(), "jonas")
    assert disturbances(case.desk.rows.running(), {}) == ()
    with pytest.raises(InvalidRequest, match="past"):
        case.desk.act(incident.number, acts.Publish("x", "", 5), "jonas")


def test_the_heart_beats_only_while_alerts_are_judged_and_delivered() -> None:
    now_us = 10**15
    notice = Notice("n", "firing", "mail", ("a",), "critical", now_us - 121_000_000)
    assert why_silent(now_us - 20_000_000, [], {"mail"}, set(), now_us) == ""
    assert "judged" in why_silent(None, [], {"mail"}, set(), now_us)
    assert "judged" in why_silent(now_us - 121_000_000, [], {"mail"}, set(), now_us)
    assert "waiting" in why_silent(now_us, [notice], {"mail"}, set(), now_us)
    assert "no alert channel" in why_silent(now_us, [], {"mail"}, {"mail"}, now_us)
    assert why_silent(now_us, [], {"mail", "hook"}, {"mail"}, now_us) == ""
    assert why_silent(now_us, [], set(), set(), now_us) == ""
