"""What people do with incidents, and the hand that keeps these up with the alerts. Every act is journalled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from leitstand.core.clock import Clock, from_us
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.i18n import LANGUAGES, Bilingual
from leitstand.core.ids import new_id
from leitstand.journal.records import Record
from leitstand.monitoring import acts
from leitstand.monitoring.duties import TASKS
from leitstand.monitoring.incident_repository import IncidentRows
from leitstand.monitoring.incident_values import (
    Effect,
    Entry,
    Incident,
    IncidentView,
    PostMortem,
    PublicMessage,
    Task,
)
from leitstand.monitoring.incidents import SYSTEM, follow, told_to
from leitstand.monitoring.repository import AlertRows
from leitstand.monitoring.runbook_shelf import runbook, slugs
from leitstand.monitoring.values import Alert, Rule

MOST = 200  # incidents in a list
_TEXT_MOST = 20_000
_BEFORE_US = 600_000_000  # changes so long before the first bad reading may be its cause


@dataclass(frozen=True)
class Surroundings:
    """What the desk needs of the house. local: a moment in the organisation's zone. models: names people ask for."""

    clock: Clock
    record: Callable[[Record], None]
    rules: Callable[[], Mapping[str, Rule]]
    local: Callable[[datetime], datetime]
    language: Callable[[], str] = field(default=lambda: "de")


class IncidentDesk:
    """Blocking."""

    def __init__(self, rows: IncidentRows, alerts: AlertRows, house: Surroundings) -> None:
        self.rows = rows
        self._alerts = alerts
        self._house = house

    # ------------------------------------------------------------ the round of the alert path

    def follow(self, alerts: Sequence[Alert]) -> None:
        """Once a round, in the process that leads; doing it twice changes nothing."""
        now_us, rules = self._now_us, self._house.rules()
        running = self.rows.running()
        plan = follow(alerts, running, rules, now_us, new_id("inc", now_us))
        names = {each.id for each in (*running, *plan.opened)}
        homes = {alert.id: alert.incident for alert in alerts} | dict(plan.joined)
        for alert_id, home in homes.items():
            if home in names:
                told = told_to(self._alerts.deliveries(alert_id))
                plan.entries.extend((home, entry) for entry in told)
        for each in plan.opened:
            self._tell("opened", each, SYSTEM)
        self.rows.carry_out(plan, self._year())

    # ------------------------------------------------------------ looking

    def newest(self) -> list[Incident]:
        """Newest first."""
        return self.rows.newest(MOST)

    def find(self, name: str) -> Incident:
        """By number or id; raises NotFound."""
        found = self.rows.find(name)
        if found is None:
            raise NotFound(f"Den Vorfall „{name}“ gibt es nicht.", f"There is no incident '{name}'.")
        return found

    def view(self, name: str) -> IncidentView:
        """With all that belongs to it; raises NotFound."""
        incident = self.find(name)
        until_us = incident.closed_us or self._now_us
        entries = [*self.rows.entries(incident.id), *self._changes(incident, until_us)]
        entries.sort(key=lambda each: each.time_us, reverse=True)
        written = self.rows.post_mortems(incident.id)
        return IncidentView(
            incident,
            tuple(each for each in self._alerts.history(incident.opened_us - 86_400_000_000, 1000) if each.incident == incident.id),
            tuple(entries),
            tuple(task for _, task in self.rows.tasks(incident.id)),
            incident.effect or self._effect(incident, until_us),
            written[0] if written else None,
        )  # fmt: skip

    def _effect(self, incident: Incident, until_us: int) -> Effect:
        model = incident.label("model")
        return self.rows.effect(incident.opened_us, until_us, {"model": model} if model else {})

    def _changes(self, incident: Incident, until_us: int) -> list[Entry]:
        """Changes of the configuration in that time, from the journal."""
        found = self.rows.happened(incident.opened_us - _BEFORE_US, until_us, "configuration.")
        return [
            Entry(
                name, time_us, "change", by,
                Bilingual(f"Konfiguration geändert: {_object(kind, what)}", f"Configuration changed: {_object(kind, what)}"),
            )
            for name, kind, time_us, by, what in found
        ]  # fmt: skip

    # ------------------------------------------------------------ acting

    def open(self, wish: acts.Open, by: str) -> Incident:
        """By hand; raises InvalidRequest."""
        title = _needed(wish.title, 200, "Geben Sie dem Vorfall einen Titel.", "Give the incident a title.")
        if wish.severity not in ("critical", "warning"):
            raise InvalidRequest("Wählen Sie, wie schwer er ist.", "Choose how grave it is.")
        if wish.runbook and wish.runbook not in slugs():
            raise InvalidRequest(
                f"Die Anleitung „{wish.runbook}“ gibt es nicht.", f"There is no runbook '{wish.runbook}'."
            )
        now_us = self._now_us
        new = Incident(
            new_id("inc", now_us), "", Bilingual(title, title), wish.severity, "open", "", (), wish.runbook, now_us, by,
            lead=by, lead_us=now_us,
        )  # fmt: skip
        opened = self.rows.open(new, self._year())
        self._tell("opened", opened, by)
        self.rows.write(
            opened.id, [self._entry("state", by, Bilingual("Von Hand eröffnet", "Opened by hand"))]
        )
        return opened

    def act(self, name: str, act: acts.Act, by: str) -> None:
        """Do one thing with an incident; raises NotFound, InvalidRequest."""
        incident = self.find(name)
        match act:
            case acts.TakeOver():
                self._take_over(incident, by)
            case acts.Note(text):
                self._note(incident, text, by)
            case acts.Tick(step):
                self._tick(incident, step, by)
            case acts.Close(lessons):
                self._close(incident, lessons, by)
            case acts.Reopen():
                self._reopen(incident, by)
            case acts.Classify():
                self._classify(incident, act, by)
            case acts.Publish():
                self._publish(incident, act, by)
            case acts.Withdraw():
                self._change(incident, replace(incident, message=None), "withdrawn", by,
                             Bilingual("Hinweis an die Belegschaft beendet", "Message to employees ended"))  # fmt: skip
            case acts.AddTask():
                self._add_task(incident, act, by)
            case acts.FinishTask(task):
                self._finish_task(incident, task, by)
            case acts.Write(text, version):
                self._write(incident, text, version, by)

    def set_note(self, slug: str, text: str, by: str) -> None:
        """What the company adds to a runbook; raises NotFound."""
        if slug not in slugs():
            raise NotFound(f"Die Anleitung „{slug}“ gibt es nicht.", f"There is no runbook '{slug}'.")
        self._record("monitoring.runbook_note.changed", by, {"runbook": slug})
        self.rows.set_note(slug, _short(text.strip()), by, self._now_us)

    # ------------------------------------------------------------

    def _take_over(self, incident: Incident, by: str) -> None:
        _require_running(incident)
        now_us = self._now_us
        after = replace(incident, lead=by, lead_us=now_us)
        self._change(incident, after, "taken_over", by, Bilingual("Leitung übernommen", "Took the lead"))
        for alert in self._alerts.open():
            if alert.incident == incident.id:
                self._alerts.acknowledge(alert.id, by, now_us)

    def _note(self, incident: Incident, text: str, by: str) -> None:
        said = _needed(
            text, 4000, "Schreiben Sie, was Sie getan oder beobachtet haben.", "Write what you did or saw."
        )
        self._tell("noted", incident, by)
        self.rows.write(incident.id, [self._entry("note", by, Bilingual(said, said))])

    def _tick(self, incident: Incident, step: int, by: str) -> None:
        texts = {
            language: found.steps for language in LANGUAGES if (found := runbook(incident.runbook, language))
        }
        if not texts or not 1 <= step <= len(texts["de"]):
            raise InvalidRequest("Diesen Schritt hat die Anleitung nicht.", "The runbook has no such step.")
        _require_running(incident)
        text = Bilingual(
            *(
                f"{word} {step}: {_headline(texts[lang][step - 1])}"
                for word, lang in (("Schritt", "de"), ("Step", "en"))
            )
        )
        self._tell("step_done", incident, by, step=step)
        self.rows.write(incident.id, [Entry(f"step/{step}", self._now_us, "step", by, text, step)])

    def _close(self, incident: Incident, lessons: str, by: str) -> None:
        _require_running(incident)
        if any(each.incident == incident.id and each.state == "firing" for each in self._alerts.open()):
            raise InvalidRequest(
                "Eine Meldung dieses Vorfalls ist noch offen. Beheben Sie die Störung, oder setzen Sie ihre Regel aus.",
                "An alert of this incident is still firing. Mend the fault, or silence its rule.",
            )
        now_us = self._now_us
        after = replace(
            incident, state="closed", closed_us=now_us, closed_by=by, message=None, lessons=_short(lessons.strip()) or incident.lessons,
            effect=self._effect(incident, incident.calm_us or now_us),
        )  # fmt: skip
        self._change(incident, after, "closed", by, Bilingual("Vorfall geschlossen", "Incident closed"))

    def _reopen(self, incident: Incident, by: str) -> None:
        if incident.state != "closed":
            raise InvalidRequest("Der Vorfall ist offen.", "The incident is open.")
        after = replace(incident, state="open", closed_us=None, closed_by="", calm_us=None, effect=None)
        self._change(incident, after, "reopened", by, Bilingual("Wieder eröffnet", "Opened again"))

    def _classify(self, incident: Incident, act: acts.Classify, by: str) -> None:
        reason = _needed(
            act.reason,
            4000,
            "Begründen Sie die Einstufung; sie bleibt im Nachweis.",
            "Give the reasons; they stay as proof.",
        )
        now_us = self._now_us
        since_us = now_us
        if act.kind == "breach" and incident.classification == "breach":
            since_us = incident.classified_us or now_us  # more reasons do not move the deadline
        after = replace(
            incident, classification=act.kind, classified_us=since_us, classified_by=by, reason=reason
        )
        word = (
            Bilingual("Als Datenpanne eingestuft; die 72-Stunden-Uhr läuft", "Classified as a personal-data breach; 72 hours run")
            if act.kind == "breach"
            else Bilingual("Eingestuft: keine Datenpanne", "Classified: no personal-data breach")
        )  # fmt: skip
        self._change(incident, after, "classified", by, word, classification=act.kind)
        if act.kind == "breach" and incident.classification != "breach":
            language = self._house.language()
            for number, text in enumerate(TASKS):
                due = self._house.local(from_us(now_us + (number + 1) * 14 * 3_600_000_000)).date()
                task = Task(
                    new_id("tsk", now_us + number), text.in_(language), by, due.isoformat(), now_us + number
                )
                self.rows.add_task(incident.id, task)

    def _publish(self, incident: Incident, act: acts.Publish, by: str) -> None:
        _require_running(incident)
        de = _needed(act.de, 500, "Schreiben Sie den Hinweis auf Deutsch.", "Write the message in German.")
        if act.until_us is not None and act.until_us <= self._now_us:
            raise InvalidRequest(
                "Das voraussichtliche Ende liegt in der Vergangenheit.", "The expected end lies in the past."
            )
        said = PublicMessage(de, act.en.strip() or de, self._now_us, by, act.until_us, act.models)
        self._change(
            incident, replace(incident, message=said), "published", by,
            Bilingual(f"Hinweis an die Belegschaft: {de}", f"Message to employees: {said.en}"),
        )  # fmt: skip

    def _add_task(self, incident: Incident, act: acts.AddTask, by: str) -> None:
        text = _needed(act.text, 500, "Beschreiben Sie die Aufgabe.", "Describe the task.")
        owner = _needed(act.owner, 120, "Nennen Sie, wer sie erledigt.", "Say who does it.")
        if act.due:
            try:
                date.fromisoformat(act.due)
            except ValueError as cause:
                raise InvalidRequest(f"„{act.due}“ ist kein Tag.", f"'{act.due}' is no day.") from cause
        self._tell("task_added", incident, by)
        self.rows.add_task(incident.id, Task(new_id("tsk", self._now_us), text, owner, act.due, self._now_us))

    def _finish_task(self, incident: Incident, task: str, by: str) -> None:
        if not self.rows.finish_task(incident.id, task, by, self._now_us):
            raise InvalidRequest("Diese Aufgabe ist schon erledigt.", "This task is done already.")
        self._tell("task_done", incident, by, task=task)

    def _write(self, incident: Incident, text: str, version: int, by: str) -> None:
        said = _needed(text, _TEXT_MOST, "Die Nachbereitung ist leer.", "The post-mortem is empty.")
        if not self.rows.save_post_mortem(incident.id, PostMortem(version + 1, said, self._now_us, by)):
            raise InvalidRequest(
                "Jemand anderes hat die Nachbereitung inzwischen geändert. Laden Sie die Seite neu und übertragen Sie Ihre Änderung.",
                "Somebody else has changed the post-mortem meanwhile. Load the page again and bring your change in.",
            )
        self._tell("post_mortem_saved", incident, by, version=version + 1)

    def _change(
        self, before: Incident, after: Incident, verb: str, by: str, text: Bilingual, **detail: object
    ) -> None:
        self._tell(verb, before, by, **detail)
        self.rows.change(after, [self._entry("state", by, text)])

    def _entry(self, kind: str, by: str, text: Bilingual) -> Entry:
        return Entry(new_id("ent", self._now_us), self._now_us, kind, by, text)

    def _tell(self, verb: str, incident: Incident, by: str, **detail: object) -> None:
        """Texts that people wrote stay out of the journal: they may hold names and can be deleted, it cannot."""
        facts = {"incident": incident.id, "number": incident.number, **detail}
        self._record(f"monitoring.incident.{verb}", by, facts)

    def _record(self, kind: str, by: str, detail: Mapping[str, object]) -> None:
        now_us = self._now_us
        self._house.record(
            Record(
                id=new_id("evt", now_us),
                kind=kind,
                time_us=now_us,
                user=by,
                outcome="ok",
                detail=dict(detail),
            )
        )

    def _year(self) -> int:
        return self._house.local(from_us(self._now_us)).year

    @property
    def _now_us(self) -> int:
        return self._house.clock.time_us()


def _object(kind: str, name: str) -> str:
    """`configuration.provider.changed` and its name as `provider openai-eu`."""
    word = kind.split(".")[1].replace("_", " ")
    return f"{word} {name}".strip()


def _headline(step: str) -> str:
    """The bold beginning of a step."""
    return step.split("**")[1].rstrip(".,:") if step.startswith("**") else step[:80]


def _needed(text: str, most: int, de: str, en: str) -> str:
    said = text.strip()
    if not said:
        raise InvalidRequest(de, en)
    return _short(said, most)


def _short(text: str, most: int = _TEXT_MOST) -> str:
    if len(text) > most:
        raise InvalidRequest(
            f"Der Text darf höchstens {most} Zeichen haben.", f"The text may have {most} characters at most."
        )
    return text


def _require_running(incident: Incident) -> None:
    if incident.state == "closed":
        raise InvalidRequest(
            f"{incident.number} ist geschlossen. Eröffnen Sie ihn wieder, um daran zu arbeiten.",
            f"{incident.number} is closed. Open it again to work on it.",
        )
