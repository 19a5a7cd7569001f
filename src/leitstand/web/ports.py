"""What the pages need from the house, as protocols; app.py joins them with the rooms that can do it.

Implementations may block in threads of their own; every method here is awaited on the event loop.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from leitstand.answers.events import ChatEvent
from leitstand.answers.regression import Plan, Report, SetSummary, TrialSummary
from leitstand.answers.values import Ask, ChatChoices, Conversation, ConversationSummary
from leitstand.backup.nightly import Shelf
from leitstand.core.classes import Region
from leitstand.core.i18n import Bilingual
from leitstand.core.money import NanoEuro
from leitstand.core.tiers import Tier
from leitstand.gateway.drill import Drill, DrillChoice
from leitstand.gateway.drill_report import DrillReport
from leitstand.gateway.tool_directory import ServerState
from leitstand.gateway.tool_views import ToolServerView
from leitstand.jobs.runs import JobState, Run, StepDone, Worker
from leitstand.prompts.regression.sets import RegressionSet
from leitstand.reports.operations import OperationsSnapshot, RecentRequest, Span
from leitstand.reports.semantic import SemanticSnapshot
from leitstand.reports.tiers import TierSnapshot
from leitstand.reports.tools import ToolSnapshot
from leitstand.web.alert_ports import AlertRules as AlertRules
from leitstand.web.alert_ports import Alerts as Alerts
from leitstand.web.channel_ports import Channels as Channels
from leitstand.web.cost_ports import Blind as Blind
from leitstand.web.cost_ports import Budgets as Budgets
from leitstand.web.cost_ports import HourBar as HourBar
from leitstand.web.cost_ports import Prices as Prices
from leitstand.web.cost_ports import Reconciliation as Reconciliation
from leitstand.web.cost_ports import Reviews as Reviews
from leitstand.web.cost_ports import Sight as Sight
from leitstand.web.cost_ports import Unusual as Unusual
from leitstand.web.cost_ports import WhatIf as WhatIf
from leitstand.web.cost_ports import WhatIfChoices as WhatIfChoices
from leitstand.web.incident_ports import Incidents as Incidents
from leitstand.web.protection_ports import Erasing as Erasing
from leitstand.web.protection_ports import Leaks as Leaks
from leitstand.web.protection_ports import PolicyBoard as PolicyBoard
from leitstand.web.protection_ports import PrivacyRules as PrivacyRules
from leitstand.web.viewer import Viewer as Viewer

Level = Literal["ok", "info", "warn", "crit", "off", "work"]

# ---------------------------------------------------------------- who looks


@dataclass(frozen=True)
class SignedIn:
    """token: for the cookie, known to nobody else afterwards. lifetime_s: how long it is valid."""

    token: str = field(repr=False)
    lifetime_s: int


@dataclass(frozen=True)
class SignInRefused:
    """remaining: tries left before the lock. locked_until: set while locked, then remaining is 0."""

    remaining: int
    locked_until: datetime | None = None


class Sessions(Protocol):
    """Signs people in and out."""

    async def sign_in(self, email: str, password: str, ip: str) -> SignedIn | SignInRefused:
        """Check a password; never says whether the account exists."""
        ...

    async def sign_out(self, token: str) -> None:
        """End the session; an unknown token is no error."""
        ...

    async def lookup(self, token: str) -> Viewer | None:
        """Who the cookie belongs to; None when it ended."""
        ...


# ---------------------------------------------------------------- the state of the house


@dataclass(frozen=True)
class Organisation:
    """language: what people see who have chosen none; `auto` asks their browser (Accept-Language).

    timezone: IANA name. help: whom to ask, for example "IT, Durchwahl 140"; None: not configured.
    """

    name: str
    language: Literal["de", "en", "auto"] = "de"
    timezone: str = "Europe/Berlin"
    help: Bilingual | None = None


@dataclass(frozen=True)
class Vital:
    """One reading in the message bar: Anbieter 7 von 8."""

    name: Bilingual
    value: Bilingual
    level: Level


@dataclass(frozen=True)
class Bar:
    """The message bar: the gravest open message for this viewer, and the vitals (none for users).

    message: two or three words ("2 Warnungen"); detail: what and since when; href: where it is handled.
    badges: how many things wait on a page, by its path, for the navigation.
    """

    level: Level
    message: Bilingual
    detail: Bilingual | None = None
    href: str = ""
    vitals: tuple[Vital, ...] = ()
    badges: Mapping[str, int] = field(default_factory=dict)


class Status(Protocol):
    """What every page shows around its content."""

    def organisation(self) -> Organisation:
        """From the configuration in force."""
        ...

    def now(self) -> datetime:
        """Application time, aware."""
        ...

    async def bar(self, viewer: Viewer | None) -> Bar:
        """For a viewer, or for the sign-in page (None): no internals there."""
        ...


# ---------------------------------------------------------------- chat


class Conversations(Protocol):
    """A viewer's own conversations; nobody can reach another person's through this port."""

    async def list(self, viewer: Viewer) -> tuple[ConversationSummary, ...]:
        """Newest first."""
        ...

    async def read(self, viewer: Viewer, conversation: str) -> Conversation | None:
        """None when it does not exist or belongs to somebody else."""
        ...

    async def rename(self, viewer: Viewer, conversation: str, title: str) -> bool:
        """False when there is none of this viewer."""
        ...

    async def delete(self, viewer: Viewer, conversation: str) -> bool:
        """Remove its texts for good; False when there is none of this viewer."""
        ...


class Chat(Protocol):
    """Answers questions. A conversation comes to be with its first question."""

    async def choices(self, viewer: Viewer) -> ChatChoices:
        """Only what policy and rights leave open to this viewer."""
        ...

    def send(self, viewer: Viewer, ask: Ask) -> AsyncGenerator[ChatEvent, None]:
        """Events as in answers/events.py; consumed under aclosing, closed early when the reader stops."""
        ...


# ---------------------------------------------------------------- operations and first run


class Operations(Protocol):
    """The figures of the page IT-Betrieb."""

    async def snapshot(self, span: Span) -> OperationsSnapshot:
        """All figures at one moment; asked every 15 s by each open page (7 days: every 60 s)."""
        ...

    async def recent(self, limit: int) -> tuple[RecentRequest, ...]:
        """The last finished requests, newest first, without persons; asked every 3 s by each open page."""
        ...


class Drills(Protocol):
    """Fire drills: a fault played for one request (gateway/drill.py)."""

    def choices(self) -> tuple[DrillChoice, ...]:
        """The models with their targets, and what a drill costs at most."""
        ...

    async def play(self, viewer: Viewer, drill: Drill) -> DrillReport:
        """Play it; takes as long as a real time-out. Raises core.errors.Refusal for one that cannot be played."""
        ...


@dataclass(frozen=True)
class Found:
    """Something that could answer questions.

    name: provider name after accepting. origin environment: a key lies in a variable (evidence: its name,
    never its value); local: a server answered on this machine (evidence: its address); builtin: part of
    Leitstand. models: what it offers, may be empty. accepted: set up already.
    """

    name: str
    label: str
    origin: Literal["environment", "local", "builtin"]
    evidence: str
    region: Region
    models: tuple[str, ...] = ()
    accepted: bool = False
    note: Bilingual | None = None


class FirstRun(Protocol):
    """What was found at the first start."""

    async def needed(self) -> bool:
        """True while nothing but the built-in answerer is set up."""
        ...

    async def found(self) -> tuple[Found, ...]:
        """Look again; at most a second or two."""
        ...

    async def accept(self, viewer: Viewer, name: str) -> None:
        """Set it up as a provider with its models; raises core.errors.Refusal, KeyError for unknown names."""
        ...


# ---------------------------------------------------------------- model tests


class ModelTests(Protocol):
    """Regression sets and trials; all methods raise core.errors.Refusal for what is not there or not sensible."""

    async def sets(self) -> tuple[SetSummary, ...]:
        """By name."""
        ...

    async def read(self, name: str) -> tuple[SetSummary, RegressionSet]:
        """One set with its questions."""
        ...

    async def trials(self, set_name: str | None = None) -> tuple[TrialSummary, ...]:
        """Newest first."""
        ...

    async def report(self, trial: str) -> Report:
        """Also of a trial that runs."""
        ...

    async def models(self) -> tuple[str, ...]:
        """The names that can be compared."""
        ...

    async def expected(self, plan: Plan) -> NanoEuro:
        """What a trial will cost, roughly."""
        ...

    async def keep(self, viewer: Viewer, document: str) -> str:
        """Keep a set from YAML; returns its name."""
        ...

    async def remove(self, viewer: Viewer, name: str) -> None:
        """With its trials."""
        ...

    async def start(self, viewer: Viewer, plan: Plan) -> str:
        """Plan a trial in the viewer's name; returns its id."""
        ...

    async def cancel(self, viewer: Viewer, trial: str) -> None:
        """End a trial early."""
        ...

    async def accept(self, viewer: Viewer, trial: str, model: str) -> None:
        """A model's answers in a trial become its nightly standard."""
        ...


# ---------------------------------------------------------------- model tiers


class ModelTiers(Protocol):
    """How models with tiers decided."""

    async def snapshot(self, recent: int) -> TierSnapshot:
        """The figures of the last 30 days, with so many of the last decisions."""
        ...

    def models(self) -> dict[str, dict[Tier, str]]:
        """The models with tiers, and the models behind each."""
        ...


class SemanticCache(Protocol):
    """What the semantic cache answered and refused."""

    async def snapshot(self) -> SemanticSnapshot:
        """The figures of the last 30 days."""
        ...

    def available(self) -> bool:
        """Whether this platform has the encoder."""
        ...


class Tools(Protocol):
    """The MCP servers."""

    def servers(self) -> tuple[ToolServerView, ...]:
        """All of them, with what the last look showed."""
        ...

    async def check(self, name: str) -> ServerState:
        """Look at a server now; raises NotFound."""
        ...

    async def figures(self) -> ToolSnapshot:
        """What the journal says of the last 30 days."""
        ...


class Jobs(Protocol):
    """Background work; changes raise core.errors.Refusal for what is wrong."""

    async def jobs(self) -> Sequence[JobState]:
        """All of them."""
        ...

    async def workers(self) -> Sequence[Worker]:
        """Processes that work on them now."""
        ...

    async def history(self, name: str, most: int) -> Sequence[tuple[Run, Sequence[StepDone]]]:
        """The last runs of a job with their steps, newest first; raises NotFound."""
        ...

    async def request(self, viewer: Viewer, name: str) -> None:
        """Have a job done now."""
        ...

    async def cancel(self, viewer: Viewer, run: str) -> None:
        """Ask for a run's end."""
        ...

    async def backups(self) -> Shelf:
        """Backups in the folder, the last one made and the last one proven."""
        ...


@dataclass(frozen=True)
class Ports:
    """All of them."""

    sessions: Sessions
    status: Status
    conversations: Conversations
    chat: Chat
    operations: Operations
    first_run: FirstRun
    drills: Drills
    model_tests: ModelTests
    model_tiers: ModelTiers
    semantic_cache: SemanticCache
    budgets: Budgets
    prices: Prices
    reconciliation: Reconciliation
    what_if: WhatIf
    blind: Blind
    unusual: Unusual
    leaks: Leaks
    reviews: Reviews
    tools: Tools
    jobs: Jobs
    incidents: Incidents
    privacy: PrivacyRules
    policy: PolicyBoard
    erasing: Erasing
    alerts: Alerts
    alert_rules: AlertRules
    channels: Channels
