"""The port of incidents for page tests: one that runs, one that is over; acts change what is kept here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from leitstand.configuration.incidents import Incidents as Settings
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.i18n import Bilingual
from leitstand.monitoring import acts
from leitstand.monitoring.duties import Duty, duties, notification
from leitstand.monitoring.incident_values import (
    Effect,
    Entry,
    Incident,
    IncidentView,
    PostMortem,
    PublicMessage,
    Task,
)
from leitstand.monitoring.post_mortem import draft
from leitstand.monitoring.public_status import Disturbance, disturbances
from leitstand.web.incident_ports import HeartState, IncidentPapers, RunbookNote
from leitstand.web.viewer import Viewer

NOW_US = int(datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC).timestamp() * 1_000_000)
MINUTE_US = 60_000_000


def _entry(number: int, minutes_ago: int, kind: str, de: str, en: str, by: str = "system") -> Entry:
    return Entry(f"e{number}", NOW_US - minutes_ago * MINUTE_US, kind, by, Bilingual(de, en))


def _running() -> IncidentView:
    incident = Incident(
        "inc_1", "V-2026-031", Bilingual("Anbieter nicht erreichbar: openai-eu", "Provider unreachable: openai-eu"),
        "critical", "open", "provider_unreachable", (("provider", "openai-eu"),), "anbieter-ausgefallen",
        NOW_US - 21 * MINUTE_US, "system",
    )  # fmt: skip
    entries = (
        _entry(4, 14, "told", "Zugestellt über „bereitschaft“", "Delivered through 'bereitschaft'"),
        _entry(3, 15, "fired", "Kritische Meldung – Anbieter nicht erreichbar: openai-eu", "Critical alert – Provider unreachable: openai-eu"),
        _entry(2, 18, "change", "Konfiguration geändert: model standard", "Configuration changed: model standard", "jonas"),
        _entry(1, 21, "since", "Erster schlechter Messwert", "First bad reading"),
    )  # fmt: skip
    return IncidentView(incident, (), entries, (), Effect(212, 0, 0, 204, 620_000_000), None)


def _past() -> IncidentView:
    incident = replace(
        _running().incident, id="inc_0", number="V-2026-030", state="closed", rule="disk_full", labels=(),
        title=Bilingual("Platte läuft voll", "Disk fills up"), runbook="platte-voll", lead="jonas",
        opened_us=NOW_US - 9000 * MINUTE_US, closed_us=NOW_US - 8900 * MINUTE_US, closed_by="jonas",
    )  # fmt: skip
    return IncidentView(incident, (), (), (), Effect(40, 0, 0, 0), None)


@dataclass
class MemoryIncidents:
    kept: dict[str, IncidentView] = field(
        default_factory=lambda: {each.incident.number: each for each in (_running(), _past())}
    )
    partner: str = "Servicepartner Rhein-Neckar IT, 0621 555-0142"
    written: dict[str, RunbookNote] = field(default_factory=dict)
    told: tuple[Disturbance, ...] | None = None
    heart_: HeartState = field(
        default_factory=lambda: HeartState(True, NOW_US - MINUTE_US, NOW_US - MINUTE_US)
    )

    async def newest(self) -> Sequence[Incident]:
        return sorted((each.incident for each in self.kept.values()), key=lambda each: -each.opened_us)

    async def view(self, name: str) -> IncidentView:
        if name not in self.kept:
            raise NotFound(f"Den Vorfall „{name}“ gibt es nicht.", f"There is no incident '{name}'.")
        return self.kept[name]

    async def open(self, viewer: Viewer, wish: acts.Open) -> str:
        if not wish.title.strip():
            raise InvalidRequest("Geben Sie dem Vorfall einen Titel.", "Give the incident a title.")
        number = f"V-2026-{30 + len(self.kept):03}"
        new = Incident(
            number, number, Bilingual(wish.title, wish.title), wish.severity, "open", "", (), wish.runbook, NOW_US,
            viewer.name, lead=viewer.name, lead_us=NOW_US,
        )  # fmt: skip
        self.kept[number] = IncidentView(new, (), (), (), Effect(), None)
        return number

    async def act(self, viewer: Viewer, name: str, act: acts.Act) -> None:
        view = await self.view(name)
        incident, by = view.incident, viewer.name
        match act:
            case acts.TakeOver():
                self._keep(view, lead=by, lead_us=NOW_US)
            case acts.Note(text):
                self._line(view, Entry(f"n{len(view.entries)}", NOW_US, "note", by, Bilingual(text, text)))
            case acts.Tick(step):
                self._line(
                    view,
                    Entry(
                        f"step/{step}", NOW_US, "step", by, Bilingual(f"Schritt {step}", f"Step {step}"), step
                    ),
                )
            case acts.Close(lessons):
                if incident.state == "open" and incident.rule:
                    raise InvalidRequest(
                        "Eine Meldung dieses Vorfalls ist noch offen.", "An alert is still firing."
                    )
                self._keep(
                    view, state="closed", closed_us=NOW_US, closed_by=by, lessons=lessons, message=None
                )
            case acts.Reopen():
                self._keep(view, state="open", closed_us=None)
            case acts.Classify(kind, reason):
                self._keep(view, classification=kind, classified_us=NOW_US, classified_by=by, reason=reason)
            case acts.Publish(de, en, until_us, models):
                self._keep(view, message=PublicMessage(de, en or de, NOW_US, by, until_us, models))
            case acts.Withdraw():
                self._keep(view, message=None)
            case acts.AddTask(text, owner, due):
                task = Task(f"t{len(view.tasks)}", text, owner, due, NOW_US)
                self.kept[name] = replace(view, tasks=(*view.tasks, task))
            case acts.FinishTask(task_id):
                done = tuple(
                    each._replace(done_us=NOW_US, done_by=by) if each.id == task_id else each
                    for each in view.tasks
                )
                self.kept[name] = replace(view, tasks=done)
            case acts.Write(text, version):
                self.kept[name] = replace(view, post_mortem=PostMortem(version + 1, text, NOW_US, by))

    def _keep(self, view: IncidentView, **changes: object) -> None:
        after = replace(view.incident, **changes)  # type: ignore[arg-type]
        self.kept[after.number] = replace(view, incident=after)

    def _line(self, view: IncidentView, entry: Entry) -> None:
        self.kept[view.incident.number] = replace(view, entries=(entry, *view.entries))

    def settings(self) -> Settings:
        return Settings(nis2=True, partner=self.partner)

    def duties(self, view: IncidentView) -> Sequence[Duty]:
        return duties(view, nis2=True)

    def papers(self, view: IncidentView, language: str) -> IncidentPapers:
        def stamp(time_us: int) -> str:
            return datetime.fromtimestamp(time_us / 1e6, UTC).strftime("%d.%m.%Y %H:%M")

        return IncidentPapers(
            draft(view, stamp, language), notification(view, "Musterwerk GmbH", "", "", stamp, language)
        )

    async def notes(self) -> Mapping[str, RunbookNote]:
        return self.written

    async def set_note(self, viewer: Viewer, slug: str, text: str) -> None:
        self.written[slug] = RunbookNote(text, NOW_US, viewer.name)

    async def disturbances(self) -> Sequence[Disturbance]:
        if self.told is not None:
            return self.told
        running = [each.incident for each in self.kept.values() if each.incident.state != "closed"]
        return disturbances(running, {"standard": ("openai-eu", "azure-eu"), "klein": ("azure-eu",)})

    async def heart(self) -> HeartState:
        return self.heart_
