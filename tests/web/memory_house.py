"""A house of memory behind the pages: honest small implementations of every port, for tests."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from memory_alerts import MemoryAlertRules, MemoryAlerts
from memory_budgets import MemoryBudgets
from memory_channels import MemoryChannels
from memory_drills import MemoryDrills
from memory_incidents import MemoryIncidents
from memory_jobs import MemoryJobs
from memory_leaks import MemoryLeaks
from memory_model_tests import MemoryModelTests
from memory_model_tiers import MemoryModelTiers
from memory_prices import MemoryPrices, MemoryReconciliation
from memory_protection import MemoryErasing, MemoryPolicy, MemoryPrivacy
from memory_reviews import MemoryReviews
from memory_semantic_cache import MemorySemanticCache
from memory_tools import MemoryTools
from memory_unusual import MemoryUnusual
from memory_what_if import MemoryBlind, MemoryWhatIf

from leitstand.answers.events import (
    ChatEvent,
    Citation,
    Delta,
    Done,
    QuestionShown,
    Segment,
    Started,
)
from leitstand.answers.values import (
    Ask,
    ChatChoices,
    Conversation,
    ConversationSummary,
    ModelChoice,
    StoredAnswer,
    Turn,
    UseCaseChoice,
)
from leitstand.core.classes import DataClass, Region, Role
from leitstand.core.errors import NotPermitted
from leitstand.core.i18n import Bilingual
from leitstand.core.ids import new_id
from leitstand.identity.roles import permissions
from leitstand.reports.operations import (
    Beat,
    Flow,
    OperationsSnapshot,
    Plan,
    ProviderFigures,
    RecentRequest,
    Slot,
    Span,
    TargetState,
    Totals,
)
from leitstand.web.ports import Bar, Found, Organisation, Ports, SignedIn, SignInRefused, Viewer, Vital

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)  # 14:32:08 in Berlin
PASSWORD = "ein-langes-kennwort"
MAX_TRIES = 5


@dataclass
class MemorySessions:
    people: dict[str, tuple[str, Role]] = field(
        default_factory=lambda: {
            "anna@musterwerk.example": ("Anna Berger", Role.USER),
            "jonas@musterwerk.example": ("Jonas Keller", Role.ADMIN),
            "petra@musterwerk.example": ("Petra Vogel", Role.SUPER_ADMIN),
        }
    )
    open: dict[str, Viewer] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    async def sign_in(self, email: str, password: str, ip: str) -> SignedIn | SignInRefused:
        assert ip == "127.0.0.1"
        failed = self.failures.get(email, 0)
        if failed >= MAX_TRIES:
            return SignInRefused(0, NOW + timedelta(minutes=15))
        if email not in self.people or password != PASSWORD:
            self.failures[email] = failed + 1
            locked = NOW + timedelta(minutes=15) if failed + 1 >= MAX_TRIES else None
            return SignInRefused(MAX_TRIES - failed - 1, locked)
        return SignedIn(self.enter(email), 43_200)

    def enter(self, email: str) -> str:
        """Open a session without a password, for tests that are about something else."""
        display, role = self.people[email]
        token = secrets.token_urlsafe(16)
        self.open[token] = Viewer(
            email.split("@")[0], display, role, permissions(role), secrets.token_urlsafe(16)
        )
        return token

    async def sign_out(self, token: str) -> None:
        self.open.pop(token, None)

    async def lookup(self, token: str) -> Viewer | None:
        return self.open.get(token)


@dataclass
class MemoryStatus:
    organisation_: Organisation = field(
        default_factory=lambda: Organisation(
            "Musterwerk GmbH", help=Bilingual("IT, Durchwahl 140", "IT, extension 140")
        )
    )
    troubled: bool = False

    def organisation(self) -> Organisation:
        return self.organisation_

    def now(self) -> datetime:
        return NOW

    async def bar(self, viewer: Viewer | None) -> Bar:
        fine = Bar("ok", Bilingual("Alle Dienste laufen", "All services are running"))
        if viewer is None or viewer.role is Role.USER:
            return fine
        vitals = (
            Vital(Bilingual("Anbieter", "Providers"), Bilingual("2 von 3", "2 of 3"), "warn"),
            Vital(Bilingual("Schutz", "Protection"), Bilingual("aktiv", "active"), "ok"),
        )
        if not self.troubled:
            return replace(fine, vitals=vitals)
        detail = Bilingual(
            "openai-eu gestört seit 14:06, azure-eu übernimmt",
            "openai-eu failing since 14:06, azure-eu takes over",
        )
        return Bar("warn", Bilingual("1 Warnung", "1 warning"), detail, "/betrieb/it", vitals)


Script = Callable[[Ask], AsyncGenerator[ChatEvent, None]]
SOMMER = Segment("Frau Sommer", "Person_001")
HARTMANN = Segment("Hartmann Fördertechnik", "Firma_001")
DONE = Done("azure-eu", Region.EU, "gpt-4o-mini", 1.6, 4_000_000, 3, "miss", DataClass.CONFIDENTIAL, "simple")


def masked(text: str) -> tuple[Segment, ...]:
    """The text with the two known names as protected segments."""
    pieces: list[Segment] = [Segment(text)]
    for known in (SOMMER, HARTMANN):
        split: list[Segment] = []
        for piece in pieces:
            if piece.placeholder:
                split.append(piece)
                continue
            for index, part in enumerate(piece.text.split(known.text)):
                split += [known] if index else []
                split += [Segment(part)] if part else []
        pieces = split
    return tuple(pieces)


async def offer(ask: Ask) -> AsyncGenerator[ChatEvent, None]:
    """A good answer with markup, citations and protected names."""
    for text in (
        "**Ende Januar ist mit Sonderlackierung nicht sicher.** Für das FB-200 gelten ",
        "9 Wochen ab Auftragsklarheit [1], die Sonderlackierung kommt mit 2 Wochen dazu [2].\n\n",
        "- Gewährleistung: 24 Monate ab Abnahme\n- Rahmenvertrag mit Hartmann Fördertechnik bis ",
        "31.12.2026\n\n| Band | Wochen |\n|---|---:|\n| FB-200 | 9 |\n| FB-400 | 12 |\n\nGrüße an Frau Sommer.",
    ):
        yield Delta(masked(text))
    yield Citation(
        1, "Lieferzeiten Serie FB", "FB-200: 9 Wochen ab Auftragsklarheit, gültig ab KW 40.", "Seite 2"
    )
    yield Citation(
        2, "Preisliste Zusatzausstattung", "Sonderlackierung: Lieferzeit zzgl. 2 Wochen.", "Seite 12"
    )
    yield DONE


@dataclass
class MemoryConversations:
    kept: dict[str, tuple[str, Conversation, datetime]] = field(default_factory=dict)

    def own(self, viewer: Viewer, number: str) -> Conversation | None:
        owner, conversation, _ = self.kept.get(number, ("", None, NOW))
        return conversation if owner == viewer.name else None

    def put(self, owner: str, conversation: Conversation, changed: datetime = NOW) -> None:
        self.kept[conversation.id] = (owner, conversation, changed)

    async def list(self, viewer: Viewer) -> tuple[ConversationSummary, ...]:
        mine = [(c, changed) for owner, c, changed in self.kept.values() if owner == viewer.name]
        mine.sort(key=lambda item: item[1], reverse=True)
        return tuple(ConversationSummary(c.id, c.title, changed) for c, changed in mine)

    async def read(self, viewer: Viewer, conversation: str) -> Conversation | None:
        return self.own(viewer, conversation)

    async def rename(self, viewer: Viewer, conversation: str, title: str) -> bool:
        found = self.own(viewer, conversation)
        if found:
            self.put(viewer.name, replace(found, title=title))
        return found is not None

    async def delete(self, viewer: Viewer, conversation: str) -> bool:
        found = self.own(viewer, conversation)
        self.kept.pop(conversation if found else "", None)
        return found is not None


@dataclass
class MemoryChat:
    conversations: MemoryConversations
    script: Script = offer
    asked: list[Ask] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    choices_: ChatChoices = field(
        default_factory=lambda: ChatChoices(
            use_cases=(
                UseCaseChoice("angebote", "Angebotserstellung", DataClass.CONFIDENTIAL, Bilingual("nur EU-Anbieter", "EU providers only")),
                UseCaseChoice("allgemein", "Allgemein", DataClass.INTERNAL),
            ),
            models=(ModelChoice("auto", "auto"), ModelChoice("standard", "standard")),
            examples=(
                Bilingual("Welche Lieferzeit kann ich Frau Sommer für zwei FB-200 zusagen?", "Which delivery time can I promise Ms Sommer for two FB-200?"),
                Bilingual("Fasse das Protokoll vom Kundentermin in Ulm in fünf Punkten zusammen.", "Sum up the minutes of the customer meeting in Ulm in five points."),
                Bilingual("Schreibe eine freundliche Absage für eine Sonderlackierung.", "Write a friendly refusal of a special coating."),
            ),
        )
    )  # fmt: skip

    async def choices(self, viewer: Viewer) -> ChatChoices:
        return self.choices_

    async def send(self, viewer: Viewer, ask: Ask) -> AsyncGenerator[ChatEvent, None]:
        self.asked.append(ask)
        found = self.conversations.own(viewer, ask.conversation or "")
        talk = found or Conversation(new_id("con"), ask.text[:40], ask.use_case, ask.model, ())
        turns = tuple(turn for turn in talk.turns if turn.id != ask.replaces)
        turn = next((turn for turn in turns if turn.id == ask.regenerate_of), None)
        turn = turn or Turn(new_id("qst"), NOW, masked(ask.text), ())
        answer = StoredAnswer(new_id("ans"), new_id("req"), NOW, (), "stopped")
        yield Started(answer.request_id, talk.id, talk.title, turn.id, answer.id, NOW)
        yield QuestionShown(turn.segments)
        try:
            async with aclosing(self.script(ask)) as events:
                async for event in events:
                    answer = _grown(answer, event)
                    yield event
        finally:
            kept = replace(turn, answers=(*turn.answers, answer))
            others = tuple(other for other in turns if other.id != turn.id)
            self.conversations.put(viewer.name, replace(talk, turns=(*others, kept)))
            self.closed.set()


def _grown(answer: StoredAnswer, event: ChatEvent) -> StoredAnswer:
    match event:
        case Delta(segments):
            return replace(answer, segments=(*answer.segments, *segments))
        case Citation():
            return replace(answer, citations=(*answer.citations, event))
        case Done():
            return replace(answer, done=event, state="complete")
        case _:
            return answer


def _totals(requests: int, *, failed: int = 0, median_s: float | None = 1.4) -> Totals:
    cached = requests * 38 // 100
    return Totals(
        requests, requests - failed - requests // 50, failed, requests // 50, cached,
        requests * 73_000_000, cached * 25_000_000, median_s if requests else None,
        2.6 * (median_s or 0) if requests else None, 0.9994 if requests else None,
    )  # fmt: skip


@dataclass
class MemoryOperations:
    empty: bool = False
    counter: int = 0

    async def snapshot(self, span: Span) -> OperationsSnapshot:
        start = NOW.replace(hour=0, minute=0, second=0) - timedelta(hours=1)
        if self.empty:
            return OperationsSnapshot(NOW, span, start, 900, Totals(), (), Flow(), (), Plan(0, None))
        slots = tuple(
            Slot(start + timedelta(minutes=15 * i), _totals(0 if i < 22 else 20 + i % 7, failed=int(i == 56), median_s=1.1 + (i % 9) / 10))
            for i in range(59)
        )  # fmt: skip
        return OperationsSnapshot(
            NOW, span, start, 900, _totals(1284, failed=4), slots,
            Flow(14.2, 0.3, 21.0, 5.4, 8.5, 1.04, (("budget_exhausted", 2), ("not_permitted", 1))),
            _providers(), Plan(2_200_000_000_000, 4_000_000_000_000),
        )  # fmt: skip

    async def recent(self, limit: int) -> tuple[RecentRequest, ...]:
        self.counter += 1
        if self.empty:
            return ()
        outcomes = ["ok", "cached", "ok", "refused", "failed", "left"]
        return tuple(
            RecentRequest(
                new_id("req"), NOW - timedelta(seconds=9 * i + 1), ["angebote", "mandantenbrief"][i % 2], "standard",
                "" if outcomes[i % 6] == "refused" else ["azure-eu", "openai-eu"][i % 2], ["confidential", "personal"][i % 2],
                outcomes[i % 6], "budget_exhausted" if i % 6 == 3 else "", 0.04 + i * 0.3, i * 1_300_000,
            )
            for i in range(limit)
        )  # fmt: skip


def _providers() -> tuple[ProviderFigures, ...]:
    dpa = Bilingual("AVV bis 01/2028", "DPA until 01/2028")
    watch = Bilingual(
        "Probe vor 12 s: 84 ms, noch 62 % der Tokens", "probe 12 s ago: 84 ms, 62 % of tokens left"
    )
    calm = tuple(Beat(3 + i % 4) for i in range(30))
    rough = tuple(Beat(4, 0 if i < 16 else i % 4) for i in range(30))
    return (
        ProviderFigures(TargetState("azure-eu", Region.EU, "running", None, dpa, watch), _totals(820, median_s=0.9), 4.9, calm),
        ProviderFigures(TargetState("openai-eu", Region.EU, "cooling", NOW + timedelta(seconds=40), dpa), _totals(110, failed=7, median_s=2.8), 0.6, rough),
        ProviderFigures(TargetState("bedrock-frankfurt-1", Region.EU, "troubled", None, dpa), _totals(110, failed=7, median_s=2.8), 0.6, rough),
        ProviderFigures(TargetState("lokal-01", Region.LOCAL), _totals(90, median_s=3.1), 0.7, calm),
        ProviderFigures(TargetState("cohere", Region.US, "blocked", None, Bilingual("kein gültiger AVV", "no valid DPA")), Totals(), 0.0, tuple(Beat() for _ in range(30))),
    )  # fmt: skip


@dataclass
class MemoryFirstRun:
    found_: list[Found] = field(
        default_factory=lambda: [
            Found("ollama", "Ollama", "local", "http://127.0.0.1:11434", Region.LOCAL, ("llama3.2:3b", "qwen2.5:7b")),
            Found("openai", "OpenAI", "environment", "OPENAI_API_KEY", Region.US),
            Found("zitate", "Eingebauter Zitierer", "builtin", "", Region.LOCAL, ("zitate",), True,
                  Bilingual("Antwortet mit Zitaten aus Ihren Dokumenten, ohne Modell.", "Answers with quotations from your documents, without a model.")),
        ]
    )  # fmt: skip
    done: bool = True

    async def needed(self) -> bool:
        return not self.done

    async def found(self) -> tuple[Found, ...]:
        return tuple(self.found_)

    async def accept(self, viewer: Viewer, name: str) -> None:
        if name == "openai":
            raise NotPermitted("Der Schlüssel wurde abgelehnt.", "The key was refused.")
        index = [item.name for item in self.found_].index(name) if name == "ollama" else {}[name]
        self.found_[index] = replace(self.found_[index], accepted=True)
        self.done = True


class House:
    """All ports together, within reach of a test."""

    def __init__(self) -> None:
        self.sessions = MemorySessions()
        self.status = MemoryStatus()
        self.conversations = MemoryConversations()
        self.chat = MemoryChat(self.conversations)
        self.operations = MemoryOperations()
        self.first_run = MemoryFirstRun()
        self.model_tests = MemoryModelTests()
        self.drills = MemoryDrills()
        self.model_tiers = MemoryModelTiers()
        self.semantic_cache = MemorySemanticCache()
        self.budgets = MemoryBudgets()
        self.what_if = MemoryWhatIf()
        self.blind = MemoryBlind()
        self.prices = MemoryPrices()
        self.reconciliation = MemoryReconciliation()
        self.unusual = MemoryUnusual()
        self.leaks = MemoryLeaks()
        self.reviews = MemoryReviews()
        self.tools = MemoryTools()
        self.jobs = MemoryJobs()
        self.incidents = MemoryIncidents()
        self.privacy = MemoryPrivacy()
        self.policy = MemoryPolicy()
        self.erasing = MemoryErasing()
        self.alerts = MemoryAlerts()
        self.alert_rules = MemoryAlertRules()
        self.channels = MemoryChannels()

    def renew(self) -> None:
        """Everything as at the beginning, in the same objects, so that a site built once serves all tests."""
        for part, fresh in zip(vars(self).values(), vars(House()).values(), strict=True):
            part.__dict__.clear()
            part.__dict__.update(vars(fresh))
        self.chat.conversations = self.conversations

    def ports(self) -> Ports:
        """Every attribute is the port of its name."""
        return Ports(**vars(self))
