"""`/betrieb/aufgaben`: background work, how it went and when it is due, and whether the installation is backed up."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.backup.nightly import Kept, Shelf
from leitstand.backup.state import PASSED
from leitstand.core.clock import from_us
from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission
from leitstand.jobs.runs import JobState, Run, StepDone
from leitstand.jobs.schedule import Schedule
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, RUNNING, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/betrieb/aufgaben"
_RUNS = 10
_STEPS = 30
STATES: dict[str, tuple[Level, str]] = {
    "waiting": ("info", N_("wartet")),
    "running": ("info", N_("läuft")),
    "done": ("ok", N_("erledigt")),
    "failed": ("crit", N_("gescheitert")),
    "cancelled": ("off", N_("abgebrochen")),
}
RHYTHMS = {
    "hourly": N_("stündlich, Minute %(minute)s"),
    "daily": N_("täglich um %(at)s"),
    "weekly": N_("wöchentlich um %(at)s"),
    "monthly": N_("am %(day)s. des Monats um %(at)s"),
}
DONE = {
    "angefragt": N_("Die Aufgabe ist vorgemerkt und beginnt in wenigen Sekunden."),
    "beendet": N_("Der Lauf endet nach seinem jetzigen Schritt."),
}


@dataclass(frozen=True)
class JobRow:
    """A job. running: id of the run that can be ended, "" none; said: what the last run told, or its fault."""

    name: str
    title: str
    about: str
    rhythm: str
    following: str
    level: Level
    word: str
    said: str
    when: str
    running: str


@dataclass(frozen=True)
class StepRow:
    """A step of a run."""

    name: str
    took: str
    fault: str


@dataclass(frozen=True)
class RunRow:
    """A run with its steps; more: so many steps are not shown."""

    when: str
    iso: str
    level: Level
    word: str
    took: str
    by: str
    said: str
    steps: tuple[StepRow, ...]
    more: int


@dataclass(frozen=True)
class BackupRow:
    """A backup in the folder. proven: the drill's verdict, "" none."""

    name: str
    when: str
    size: str
    level: Level
    proven: str


@dataclass(frozen=True)
class Backups:
    """level, word: the state in short; facts: the last backup and drill in sentences. folder: "" none is set."""

    level: Level
    word: str
    facts: tuple[str, ...]
    folder: str
    fault: str
    rows: tuple[BackupRow, ...]


@dataclass(frozen=True)
class JobsPage:
    """opened: the job whose runs are shown, "" none. done, error: what came of the last act, or ""."""

    rows: tuple[JobRow, ...]
    workers: tuple[str, ...]
    backups: Backups
    may_run: bool
    opened: str = ""
    title: str = ""
    runs: tuple[RunRow, ...] = ()
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        return await _show(desk, visit, viewer, done=DONE.get(request.query_params.get("getan", ""), ""))

    async def act(
        request: Request, work: Callable[[Viewer, str], Awaitable[None]], field: str, word: str
    ) -> Response:
        visit, viewer = await desk.enter(request, Permission.CONFIGURATION_WRITE)
        await visit.check_token()
        try:
            await work(viewer, await visit.field(field))
        except Refusal as refusal:
            return await _show(desk, visit, viewer, error=refusal.message(visit.language))
        return RedirectResponse(f"{_HOME}?getan={word}", 303)

    async def run(request: Request) -> Response:
        return await act(request, desk.ports.jobs.request, "aufgabe", "angefragt")

    async def end(request: Request) -> Response:
        return await act(request, desk.ports.jobs.cancel, "lauf", "beendet")

    return [
        Route(_HOME, show, methods=["GET"], name="jobs"),
        Route(f"{_HOME}/starten", run, methods=["POST"]),
        Route(f"{_HOME}/beenden", end, methods=["POST"]),
    ]


async def _show(desk: Desk, visit: Visit, viewer: Viewer, done: str = "", error: str = "") -> Response:
    port = desk.ports.jobs
    states = await port.jobs()
    titles = {state.name: state.title.in_(visit.language) for state in states}
    opened = visit.request.query_params.get("aufgabe", "")
    runs = await port.history(opened, _RUNS) if opened in titles else ()
    page = JobsPage(
        rows=tuple(_row(visit, state) for state in states),
        workers=tuple(
            visit.say("%(place)s, seit %(at)s", place=worker.place, at=_moment(visit, worker.since_us))
            for worker in await port.workers()
        ),
        backups=_backups(visit, await port.backups()),
        may_run=Permission.CONFIGURATION_WRITE in viewer.permissions,
        opened=opened if opened in titles else "",
        title=titles.get(opened, ""),
        runs=tuple(_run(visit, run, steps) for run, steps in runs),
        done=visit.say(done) if done else "",
        error=error,
    )
    return await visit.page("aufgaben.html", page)


def _row(visit: Visit, state: JobState) -> JobRow:
    run = state.running or state.last
    level, word = STATES[run.state] if run else ("off", N_("noch nie gelaufen"))
    said = state.last.result.in_(visit.language) if state.last else ""
    return JobRow(
        name=state.name,
        title=state.title.in_(visit.language),
        about=state.about.in_(visit.language),
        rhythm=_rhythm(visit, state.schedule),
        following=_moment(visit, state.next_us),
        level=level,
        word=visit.say(word) + _progress(visit, state.running),
        said=said,
        when=_moment(visit, state.last.ended_us) if state.last else "",
        running=state.running.id if state.running else "",
    )


def _progress(visit: Visit, run: Run | None) -> str:
    if run is None or run.progress_total <= 0:
        return ""
    return f", {visit.form.number(100 * run.progress_done / run.progress_total)} %"


def _rhythm(visit: Visit, schedule: Schedule | None) -> str:
    if schedule is None:
        return visit.say("nur auf Wunsch")
    return visit.say(
        RHYTHMS[schedule.rhythm], at=f"{schedule.at:%H:%M}", minute=f"{schedule.at:%M}", day=schedule.day
    )


def _run(visit: Visit, run: Run, steps: Sequence[StepDone]) -> RunRow:
    level, word = STATES[run.state]
    began, ended = run.began_us, run.ended_us
    return RunRow(
        when=_moment(visit, run.due_us),
        iso=visit.form.iso(from_us(run.due_us)),
        level=level,
        word=visit.say(word) + _progress(visit, run if run.state == "running" else None),
        took=str(visit.form.seconds((ended - began) / 1e6)) if began and ended else NONE,
        by=run.requested_by or visit.say("nach Plan"),
        said=run.result.in_(visit.language),
        steps=tuple(
            StepRow(step.name, str(visit.form.seconds(step.took_ms / 1000)), step.fault)
            for step in steps[-_STEPS:]
        ),
        more=max(0, len(steps) - _STEPS),
    )


def _backups(visit: Visit, shelf: Shelf) -> Backups:
    backup, drill = shelf.state.backup, shelf.state.drill
    overdue = shelf.state.backup_overdue or bool(shelf.fault)
    level: Level = "crit" if overdue else "warn" if shelf.state.drill_overdue else "ok"
    word = {
        "crit": N_("überfällig"),
        "warn": N_("Probe überfällig"),
        "ok": N_("gesichert und geprüft"),
    }[level]
    facts = [
        visit.say("Zuletzt gesichert: %(at)s.", at=_moment(visit, backup.time_us))
        if backup
        else visit.say("Noch nie gesichert."),
        visit.say(
            "Zuletzt zurückgespielt: %(at)s, %(verdict)s.",
            at=_moment(visit, drill.time_us),
            verdict=visit.say(_verdict(drill.kind)),
        )
        if drill
        else visit.say("Noch nie probeweise zurückgespielt."),
    ]
    proven = {str(drill.detail.get("file")): drill.kind} if drill else {}
    return Backups(
        level=level,
        word=visit.say(word),
        facts=tuple(facts),
        folder=shelf.folder,
        fault=shelf.fault.in_(visit.language) if shelf.fault else "",
        rows=tuple(_backup(visit, file, proven.get(str(file.path), "")) for file in shelf.files),
    )


def _backup(visit: Visit, file: Kept, verdict: str) -> BackupRow:
    changed = datetime.fromtimestamp(file.changed_s, UTC)
    return BackupRow(
        name=Path(file.path).name,
        when=f"{visit.form.short_date(changed)} {visit.form.clock(changed)}",
        size=f"{visit.form.number(file.size_bytes / 1e6, 1)} MB",
        level="ok" if verdict == PASSED else "crit" if verdict else "off",
        proven=visit.say(_verdict(verdict)) if verdict else visit.say("ungeprüft"),
    )


def _verdict(kind: str) -> str:
    return N_("Probe bestanden") if kind == PASSED else N_("Probe nicht bestanden")


def _moment(visit: Visit, time_us: int | None) -> str:
    if time_us is None:
        return NONE
    moment = from_us(time_us)
    return f"{visit.form.short_date(moment)} {visit.form.clock(moment)}"


PAGE = Page(
    "aufgaben",
    _routes,
    (Entry(RUNNING, N_("Hintergrundarbeiten"), "refresh-cw", _HOME, Permission.OPERATIONS_READ, 70),),
)
