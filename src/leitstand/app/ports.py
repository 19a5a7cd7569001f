"""What the pages need (web/ports.py), fulfilled by the rooms of the house."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any

from leitstand.accounting.budgets.board import Board
from leitstand.accounting.budgets.changes import ExtensionWish, GraceWish, LimitWish
from leitstand.accounting.budgets.repository import Warned
from leitstand.answers.chat import Chat
from leitstand.answers.conversations import Conversations
from leitstand.answers.events import ChatEvent
from leitstand.answers.regression import Plan, Report, SetSummary, TrialSummary
from leitstand.answers.repository import ConversationRows
from leitstand.answers.values import Ask, ChatChoices, Conversation, ConversationSummary
from leitstand.app import discovered
from leitstand.app.alerts import PageAlertRules, PageAlerts, bar_of, public_bar_of
from leitstand.app.channels import PageChannels
from leitstand.app.desks import desks_of
from leitstand.app.drills import FireDrills
from leitstand.app.house import House
from leitstand.app.incidents import PageIncidents
from leitstand.app.leaks import LeakDesk
from leitstand.app.operations import TargetBoard
from leitstand.app.prices import PagePrices, PageReconciliation
from leitstand.app.protection_ports import PageErasing, PagePolicy, PagePrivacy, contracts_told
from leitstand.app.reviews import PageReviews
from leitstand.app.tools import ToolBoard
from leitstand.app.unusual import PageUnusual
from leitstand.app.what_if_pages import PageBlind, PageWhatIf
from leitstand.backup.nightly import Shelf, shelf
from leitstand.backup.state import state
from leitstand.configuration.leak_watch import LeakWatch
from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.core.money import NanoEuro
from leitstand.core.tiers import Tier
from leitstand.gateway.drill import Drill, DrillChoice
from leitstand.gateway.drill_report import DrillReport
from leitstand.identity import sessions as identity
from leitstand.identity.callers import Caller
from leitstand.identity.roles import RIGHTS, Permission
from leitstand.identity.sessions import LIFETIME_US
from leitstand.jobs.runs import JobState, StepDone, Worker
from leitstand.jobs.runs import Run as JobRun
from leitstand.monitoring.values import Alert
from leitstand.privacy.leaks.values import Finding, State
from leitstand.privacy.pictures import tesseract
from leitstand.prompts.regression.sets import RegressionSet
from leitstand.providers.local_encoder import is_installed
from leitstand.reports import semantic
from leitstand.reports.operations import OperationsSnapshot, RecentRequest, Span
from leitstand.reports.operations import Plan as MonthPlan
from leitstand.reports.operations_snapshot import recent_requests, take_snapshot
from leitstand.reports.repository import Journal
from leitstand.reports.semantic import SemanticSnapshot, take_semantic
from leitstand.reports.tiers import PERIOD_US, TierSnapshot, take_tiers
from leitstand.store.engine import DatabaseAway
from leitstand.web import ports as web

EXAMPLES = (
    Bilingual(
        "Welche Lieferzeit hat das Förderband FB-200, und was verlängert sie?",
        "What is the delivery time of the FB-200 conveyor, and what makes it longer?",
    ),
    Bilingual(
        "Welche Gewährleistung gilt für Verschleißteile?",
        "Which warranty applies to wearing parts?",
    ),
    Bilingual("Wie viele Urlaubstage verfallen wann?", "How many days of holiday expire, and when?"),
    Bilingual("Was tun bei einem Arbeitsunfall?", "What is to be done after an accident at work?"),
)


class PageSessions:
    """Sign-in, off the event loop: Argon2id takes its time."""

    def __init__(self, house: House) -> None:
        self._sessions = house.sessions

    async def sign_in(self, email: str, password: str, ip: str) -> web.SignedIn | web.SignInRefused:
        outcome = await asyncio.to_thread(self._sessions.sign_in, email, password, ip)
        if isinstance(outcome, identity.SignedIn):
            return web.SignedIn(outcome.token, LIFETIME_US // 1_000_000)
        until = None if outcome.locked_until_us is None else from_us(outcome.locked_until_us)
        return web.SignInRefused(outcome.remaining, until)

    async def sign_out(self, token: str) -> None:
        await asyncio.to_thread(self._sessions.sign_out, token)

    async def lookup(self, token: str) -> web.Viewer | None:
        session = await asyncio.to_thread(self._sessions.lookup, token)
        if session is None:
            return None
        person = session.person
        return web.Viewer(
            person.name, person.display_name or person.name, person.role, RIGHTS[person.role], session.csrf
        )


class PageStatus:
    """The message bar: what is gravest now, for this viewer."""

    def __init__(self, house: House, board: TargetBoard) -> None:
        self._house = house
        self._board = board
        self._incidents = PageIncidents(house)
        self._desks = desks_of(house)

    def organisation(self) -> web.Organisation:
        organisation = self._house.configuration.organisation
        contact = self._house.gateway.rules.book.contact
        return web.Organisation(
            organisation.name or "Leitstand",
            organisation.language,
            organisation.timezone,
            Bilingual(contact, contact) if contact else None,
        )

    def now(self) -> datetime:
        return self._house.clock.now()

    async def bar(self, viewer: web.Viewer | None) -> web.Bar:
        troubled = [target for target in self._board.targets() if target.state in ("down", "cooling")]
        degraded = self._house.spool.degraded or self._house.writer.failing
        sees_operations = viewer is not None and Permission.OPERATIONS_READ in viewer.permissions
        firing = await asyncio.to_thread(self._firing)
        if not sees_operations:
            everything = bool(troubled) and len(troubled) == len(self._board.targets())
            public = (
                public_bar_of(firing) or await self._disturbance(viewer) or _public_bar(all_down=everything)
            )
            return replace(public, href="/status") if viewer is not None and public.level != "ok" else public
        vitals = (self._board.vital(), _protection())
        if degraded:
            return web.Bar(
                "crit",
                Bilingual("Journal schreibt nicht", "Journal cannot write"),
                Bilingual(
                    "Anfragen laufen weiter und werden nachgetragen", "requests go on and are booked later"
                ),
                "/betrieb/it",
                vitals,
            )
        if (bar := bar_of(self._house, firing, vitals)) is not None:
            return bar
        if troubled:
            names = ", ".join(target.name for target in troubled)
            return web.Bar(
                "warn",
                Bilingual("Anbieter gestört", "Provider trouble"),
                Bilingual(names, names),
                "/betrieb/it",
                vitals,
            )
        if told := contracts_told(self._desks.policy.processors()):
            return web.Bar("warn", *told, "/schutz/auftragsverarbeiter", vitals)
        return web.Bar("ok", Bilingual("Alle Dienste laufen", "All services running"), None, "", vitals)

    async def _disturbance(self, viewer: web.Viewer | None) -> web.Bar | None:
        """What the status page says first: an incident that people feel, or a message that somebody wrote."""
        with suppress(DatabaseAway):
            if viewer is not None and (told := await self._incidents.disturbances()):
                return web.Bar("warn", Bilingual("Störung", "Disturbance"), told[0].text)
        return None

    def _firing(self) -> Sequence[Alert]:
        """Nothing while the database is away: the bar says so otherwise."""
        with suppress(DatabaseAway):
            return self._house.monitoring.desk.firing()
        return ()


def _public_bar(*, all_down: bool) -> web.Bar:
    if all_down:
        return web.Bar(
            "warn", Bilingual("Antworten dauern zurzeit länger", "Answers take longer at the moment")
        )
    return web.Bar("ok", Bilingual("Alle Dienste laufen", "All services running"))


def _protection() -> web.Vital:
    return web.Vital(Bilingual("Schutz", "Protection"), Bilingual("aktiv", "active"), "ok")


class PageConversations:
    """A viewer's own conversations."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    async def list(self, viewer: web.Viewer) -> tuple[ConversationSummary, ...]:
        return await asyncio.to_thread(self._conversations.list, viewer.name)

    async def read(self, viewer: web.Viewer, conversation: str) -> Conversation | None:
        return await asyncio.to_thread(self._conversations.read, viewer.name, conversation)

    async def rename(self, viewer: web.Viewer, conversation: str, title: str) -> bool:
        return await asyncio.to_thread(self._conversations.rename, viewer.name, conversation, title)

    async def delete(self, viewer: web.Viewer, conversation: str) -> bool:
        return await asyncio.to_thread(self._conversations.delete, viewer.name, conversation)


class PageChat:
    """Questions of a viewer, who calls without a key, as the person they are."""

    def __init__(self, house: House, chat: Chat) -> None:
        self._house = house
        self._chat = chat

    async def choices(self, viewer: web.Viewer) -> ChatChoices:
        return self._chat.choices(EXAMPLES if await asyncio.to_thread(self._house.knowledge.status) else ())

    async def send(self, viewer: web.Viewer, ask: Ask) -> AsyncGenerator[ChatEvent, None]:
        caller = Caller(self._house.people[viewer.name])
        async with aclosing(self._chat.send(caller, ask)) as events:
            async for event in events:
                yield event


class PageOperations:
    """The figures of IT operations, from the journal and the gateway's own board."""

    def __init__(self, house: House, board: TargetBoard) -> None:
        self._house = house
        self._board = board
        self._journal = Journal(house.engine)

    async def snapshot(self, span: Span) -> OperationsSnapshot:
        house = self._house
        now, targets = house.clock.now(), self._board.targets()

        def take() -> OperationsSnapshot:
            return take_snapshot(self._journal, targets, span, now, house.zone, _month_plan(house))

        return await asyncio.to_thread(take)

    async def recent(self, limit: int) -> tuple[RecentRequest, ...]:
        return tuple(await asyncio.to_thread(recent_requests, self._journal, limit))


def _month_plan(house: House) -> MonthPlan:
    """The company's month as its limit counts it: with extensions, and with what tools cost."""
    month = house.budgets.company_month()
    if month is None:
        return MonthPlan(house.budgets.month_cost_nano(), None)
    return MonthPlan(month.spent, month.limit)


class PageModelTests:
    """Regression sets and trials, each step in a thread: they read and decrypt."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._regression = house.regression

    async def sets(self) -> tuple[SetSummary, ...]:
        return await asyncio.to_thread(self._regression.list)

    async def read(self, name: str) -> tuple[SetSummary, RegressionSet]:
        summary = await asyncio.to_thread(self._regression.summary, name)
        return summary, await asyncio.to_thread(self._regression.get, name)

    async def trials(self, set_name: str | None = None) -> tuple[TrialSummary, ...]:
        return await asyncio.to_thread(self._regression.trials, set_name)

    async def report(self, trial: str) -> Report:
        return await asyncio.to_thread(self._regression.report, trial)

    async def models(self) -> tuple[str, ...]:
        return tuple(sorted(self._house.gateway.rules.book.routes))

    async def expected(self, plan: Plan) -> NanoEuro:
        return await asyncio.to_thread(self._regression.expected_nano, plan)

    async def keep(self, viewer: web.Viewer, document: str) -> str:
        return (await asyncio.to_thread(self._regression.put, document, viewer.name)).name

    async def remove(self, viewer: web.Viewer, name: str) -> None:
        await asyncio.to_thread(self._regression.remove, name, viewer.name)

    async def start(self, viewer: web.Viewer, plan: Plan) -> str:
        trial = await asyncio.to_thread(self._regression.start, plan, viewer.name)
        self._house.trials.nudge()
        return trial.id

    async def cancel(self, viewer: web.Viewer, trial: str) -> None:
        await asyncio.to_thread(self._regression.cancel, trial, viewer.name)

    async def accept(self, viewer: web.Viewer, trial: str, model: str) -> None:
        await asyncio.to_thread(self._regression.accept, trial, model, viewer.name)


class PageDrills:
    """Fire drills of a viewer, who asks as the person they are."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._drills = FireDrills(house)

    def choices(self) -> tuple[DrillChoice, ...]:
        return self._drills.choices()

    async def play(self, viewer: web.Viewer, drill: Drill) -> DrillReport:
        return await self._drills.play(Caller(self._house.people[viewer.name]), drill)


class PageModelTiers:
    """The figures of model tiers, from the journal."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._journal = Journal(house.engine)

    async def snapshot(self, recent: int) -> TierSnapshot:
        end_us = self._house.clock.time_us()
        return await asyncio.to_thread(take_tiers, self._journal, end_us - PERIOD_US, end_us, recent)

    def models(self) -> dict[str, dict[Tier, str]]:
        routes = self._house.gateway.rules.book.routes.values()
        return {route.name: dict(route.tiers) for route in routes if route.tiers}


class PageSemanticCache:
    """The figures of the semantic cache: the journal's, and what this process remembers."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._journal = Journal(house.engine)

    async def snapshot(self) -> SemanticSnapshot:
        gateway, end_us = self._house.gateway, self._house.clock.time_us()
        wishing = {case.name for case in gateway.rules.book.use_cases.values() if case.semantic_cache}
        return await asyncio.to_thread(
            take_semantic, self._journal, end_us - semantic.PERIOD_US, end_us, wishing,
            deepcopy(gateway.semantic.figures), tuple(gateway.semantic.refusals),
        )  # fmt: skip

    def available(self) -> bool:
        return is_installed()


class PageBudgets:
    """Limits for the page, each step in a thread."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desk = house.budgets

    async def board(self) -> Board:
        return await asyncio.to_thread(self._desk.board)

    async def warnings(self, most: int) -> Sequence[Warned]:
        return await asyncio.to_thread(self._desk.warnings, most)

    def models(self) -> tuple[str, ...]:
        return tuple(sorted(self._house.gateway.rules.book.routes))

    async def extend(self, viewer: web.Viewer, wish: ExtensionWish) -> None:
        await asyncio.to_thread(self._desk.extend, wish, viewer.name)

    async def give_grace(self, viewer: web.Viewer, wish: GraceWish) -> None:
        await asyncio.to_thread(self._desk.give_grace, wish, viewer.name)

    async def end_grace(self, viewer: web.Viewer, scope: str) -> None:
        await asyncio.to_thread(self._desk.end_grace, scope, viewer.name)

    async def set_limit(self, viewer: web.Viewer, wish: LimitWish) -> None:
        await asyncio.to_thread(self._desk.set_limit, wish, viewer.name)


class PageLeaks:
    """The leak watch; its texts only for whom may decide."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desk = LeakDesk(
            house.leaks, house.editor, lambda: house.configuration.leak_watch, house.refresh
        )

    async def findings(self, viewer: web.Viewer, most: int) -> Sequence[Finding]:
        judges = Permission.LEAKS_JUDGE in viewer.permissions
        return await asyncio.to_thread(self._desk.findings, most, with_texts=judges)

    async def counts(self) -> tuple[int, int, int]:
        return await asyncio.to_thread(self._desk.counts)

    def settings(self) -> LeakWatch:
        return self._desk.settings()

    def reads_images(self) -> bool:
        return self._house.configuration.privacy.images == "cover" and tesseract.is_installed()

    async def decide(
        self, viewer: web.Viewer, finding: str, state: State, note: str, *, always: bool
    ) -> None:
        await asyncio.to_thread(self._desk.decide, finding, state, viewer.name, note, always=always)


class PageJobs:
    """Background work for the page, each step in a thread."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def jobs(self) -> Sequence[JobState]:
        return await asyncio.to_thread(self._house.background.board.jobs)

    async def workers(self) -> Sequence[Worker]:
        return await asyncio.to_thread(self._house.background.board.workers)

    async def history(self, name: str, most: int) -> Sequence[tuple[JobRun, Sequence[StepDone]]]:
        board = self._house.background.board

        def look() -> list[tuple[JobRun, Sequence[StepDone]]]:
            return [board.run(run.id) for run in board.runs(name, most)]

        return await asyncio.to_thread(look)

    async def request(self, viewer: web.Viewer, name: str) -> None:
        await asyncio.to_thread(self._house.background.board.request, name, viewer.name)

    async def cancel(self, viewer: web.Viewer, run: str) -> None:
        await asyncio.to_thread(self._house.background.board.cancel, run, viewer.name)

    async def backups(self) -> Shelf:
        house = self._house

        def look() -> Shelf:
            return shelf(house.configuration.backup, state(house.engine, house.clock.time_us()))

        return await asyncio.to_thread(look)


def build_ports(house: House) -> web.Ports:
    """All ports of the pages."""
    board = TargetBoard(house)
    conversations = Conversations(ConversationRows(house.engine), house.sealer, house.clock)
    chat = Chat(house.gateway, conversations, house.clock, house.today)
    ports: dict[str, Any] = {
        "sessions": PageSessions(house),
        "status": PageStatus(house, board),
        "conversations": PageConversations(conversations),
        "chat": PageChat(house, chat),
        "operations": PageOperations(house, board),
        "first_run": discovered.PageFirstRun(house),
        "drills": PageDrills(house),
        "model_tests": PageModelTests(house),
        "model_tiers": PageModelTiers(house),
        "semantic_cache": PageSemanticCache(house),
        "budgets": PageBudgets(house),
        "prices": PagePrices(house),
        "reconciliation": PageReconciliation(house),
        "what_if": PageWhatIf(house),
        "blind": PageBlind(house),
        "reviews": PageReviews(house.reviews),
        "leaks": PageLeaks(house),
        "unusual": PageUnusual(house.unusual, house.keys.revoke, house.refresh),
        "tools": ToolBoard(house),
        "jobs": PageJobs(house),
        "incidents": PageIncidents(house),
        "privacy": PagePrivacy(house),
        "policy": PagePolicy(house),
        "erasing": PageErasing(house),
        "alerts": PageAlerts(house),
        "alert_rules": PageAlertRules(house),
        "channels": PageChannels(house),
    }
    return web.Ports(**ports)
