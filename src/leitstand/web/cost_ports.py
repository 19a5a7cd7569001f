"""What the pages about money need from the house (ports.py: Ports)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from leitstand.accounting.balance.repository import BalanceRecord
from leitstand.accounting.budgets.board import Board
from leitstand.accounting.budgets.changes import ExtensionWish, GraceWish, LimitWish
from leitstand.accounting.budgets.repository import Warned
from leitstand.accounting.invoices.desk import Wish
from leitstand.accounting.invoices.repository import Check
from leitstand.accounting.pricelists.desk import PriceTable, Proven
from leitstand.accounting.pricelists.repository import Version
from leitstand.accounting.unusual.findings import Verdict
from leitstand.accounting.unusual.repository import Finding
from leitstand.answers.blind import BlindState, Side
from leitstand.answers.quality import Quality
from leitstand.reports.review.repository import Kept
from leitstand.reports.what_if.scenario import Scenario
from leitstand.reports.what_if.scenarios import Told
from leitstand.web.viewer import Viewer


class Budgets(Protocol):
    """Limits as they stand, and what people do about them; changes raise core.errors.Refusal for what is wrong."""

    async def board(self) -> Board:
        """Every limit, extension and grace now."""
        ...

    async def warnings(self, most: int) -> Sequence[Warned]:
        """The last ones, newest first."""
        ...

    def models(self) -> tuple[str, ...]:
        """The names that a limit can downgrade to."""
        ...

    async def extend(self, viewer: Viewer, wish: ExtensionWish) -> None:
        """More for a limit until its period ends."""
        ...

    async def give_grace(self, viewer: Viewer, wish: GraceWish) -> None:
        """Let somebody pass limits for a while."""
        ...

    async def end_grace(self, viewer: Viewer, scope: str) -> None:
        """From now on limits hold again."""
        ...

    async def set_limit(self, viewer: Viewer, wish: LimitWish) -> None:
        """Make, change or remove a limit."""
        ...


@dataclass(frozen=True)
class HourBar:
    """One hour of the picture of a finding. usual: the mean of that hour of the week before; units of its measure."""

    hour_us: int
    amount: int
    usual: float


@dataclass(frozen=True)
class Sight:
    """A finding of unusual usage with its picture: 24 hours, the last ones of it."""

    finding: Finding
    bars: tuple[HourBar, ...]


class Unusual(Protocol):
    """Who uses far more than is usual for them."""

    async def sights(self, viewer: Viewer, most: int) -> Sequence[Sight]:
        """The newest first: all for who may act on budgets, else the viewer's own."""
        ...

    def watched(self) -> bool:
        """Whether anything is looked for."""
        ...

    async def judge(self, viewer: Viewer, finding: str, verdict: Verdict, note: str) -> None:
        """Say that it was seen or expected; raises core.errors.Refusal."""
        ...

    async def revoke_key(self, viewer: Viewer, key: str) -> None:
        """End a key now; raises core.errors.Refusal."""
        ...


class Reviews(Protocol):
    """The reviews of months; all methods raise core.errors.Refusal for what is no month or not there."""

    async def months(self) -> Sequence[str]:
        """Those with a review, newest first."""
        ...

    async def get(self, month: str) -> Kept:
        """One of them."""
        ...

    def last_month(self) -> str:
        """The month that ended last."""
        ...

    async def generate(self, viewer: Viewer, month: str) -> None:
        """Make it anew; takes seconds to a minute. Notes stay."""
        ...

    async def write(self, viewer: Viewer, month: str, notes: str) -> None:
        """Keep notes and decisions in place of what was there."""
        ...


@dataclass(frozen=True)
class WhatIfChoices:
    """Names that the form of a scenario offers."""

    models: tuple[str, ...]
    use_cases: tuple[str, ...]
    providers: tuple[str, ...]


class WhatIf(Protocol):
    """Scenarios over past traffic; all methods raise core.errors.Refusal for what is not there or makes no sense."""

    async def list(self, most: int) -> Sequence[Told]:
        """Newest first."""
        ...

    async def get(self, scenario: str) -> Told:
        """One of them, with its result where there is one."""
        ...

    async def ask(self, viewer: Viewer, scenario: Scenario) -> str:
        """Have it replayed; returns its id."""
        ...

    async def remove(self, viewer: Viewer, scenario: str) -> None:
        """With its result."""
        ...

    async def quality(self, told: Told) -> Sequence[Quality]:
        """What model tests say of its replacements."""
        ...

    def choices(self) -> WhatIfChoices:
        """What the form offers."""
        ...

    def usual_period(self) -> tuple[date, date]:
        """First and last day that the form begins with."""
        ...


class Blind(Protocol):
    """Blind comparison of a trial's answers; raises core.errors.Refusal as BlindVotes does."""

    async def state(self, viewer: Viewer, trial: str) -> BlindState:
        """The next pair of the viewer, or the outcome."""
        ...

    async def vote(self, viewer: Viewer, trial: str, case: str, repetition: int, side: Side) -> None:
        """Take a verdict."""
        ...


class Prices(Protocol):
    """What models cost, and what people import; changes raise core.errors.Refusal for what is wrong."""

    async def table(self) -> PriceTable:
        """The prices of today."""
        ...

    async def proof(self) -> Proven:
        """The newest booked records, computed again from the prices that they name."""
        ...

    async def propose(self, viewer: Viewer, data: bytes, name: str) -> Version:
        """Compare a price file; nothing changes yet."""
        ...

    async def take(self, viewer: Viewer, number: str) -> None:
        """Bring a compared file into force."""
        ...

    async def import_rates(self, viewer: Viewer, data: bytes, name: str) -> None:
        """Take over exchange rates of the ECB."""
        ...


class Reconciliation(Protocol):
    """Whether all sums agree; raises core.errors.Refusal for what is wrong."""

    def providers(self) -> tuple[str, ...]:
        """The names that an invoice can belong to."""
        ...

    async def told(self) -> Sequence[BalanceRecord]:
        """What earlier proofs of the limits found, newest first."""
        ...

    async def verify(self, viewer: Viewer) -> None:
        """Prove the limits now."""
        ...

    async def checks(self) -> Sequence[Check]:
        """The invoices that were compared, newest first."""
        ...

    async def find(self, number: str) -> Check:
        """One of them."""
        ...

    async def check(self, viewer: Viewer, wish: Wish) -> Check:
        """Compare an invoice."""
        ...
