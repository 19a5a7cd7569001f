"""The house: every room built once, joined, started and stopped in order."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from leitstand.accounting.balance.desk import BalanceDesk
from leitstand.accounting.budgets.repository import UsageRows
from leitstand.accounting.invoices.desk import InvoiceDesk
from leitstand.accounting.ledger import Ledger
from leitstand.accounting.lost import lost_record
from leitstand.accounting.periods import Calendar
from leitstand.accounting.pricelists.book import ImportedPrices, places
from leitstand.accounting.pricelists.desk import PriceDesk
from leitstand.accounting.pricelists.keeper import SnapshotKeeper
from leitstand.accounting.pricelists.repository import PriceRows
from leitstand.accounting.rebuild import spent_by_counter
from leitstand.accounting.repository import settled_since
from leitstand.accounting.runs import Run, Runs
from leitstand.accounting.unusual.repository import UnusualRows
from leitstand.answers.regression import Regression
from leitstand.answers.responses.kept import KeptResponses
from leitstand.answers.responses.repository import KeptRows
from leitstand.answers.trials import TrialRunner
from leitstand.app import rules as compose
from leitstand.app.abilities import Abilities, lacking
from leitstand.app.background import Background
from leitstand.app.budgets import BudgetDesk, BudgetWatch
from leitstand.app.counting import counts_alone, open_counters
from leitstand.app.database import Database
from leitstand.app.monitoring import Monitoring
from leitstand.app.repeated import Repeated
from leitstand.app.unusual import UnusualDesk, UnusualWatch
from leitstand.app.what_if import WhatIfDesk, open_scenarios, starting
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration, load
from leitstand.configuration.secrets import SecretResolver, load_sealer
from leitstand.configuration.watcher import Watcher
from leitstand.core.clock import Clock
from leitstand.core.conversation import Prompt, Usage
from leitstand.core.events import Events
from leitstand.core.money import NanoEuro
from leitstand.core.sealing import installation_secret
from leitstand.gateway.bookkeeping import Answered, Book
from leitstand.gateway.cache import ResponseCache
from leitstand.gateway.health import Health
from leitstand.gateway.hotpath import Gateway, Rules
from leitstand.gateway.metrics import Metrics
from leitstand.gateway.pacing import Pacing
from leitstand.gateway.probes import Probes
from leitstand.gateway.repeats import REPEATS_SECRET, Repeats
from leitstand.gateway.routing import Router
from leitstand.gateway.semantic import SemanticCache
from leitstand.gateway.target_metrics import TargetMetrics
from leitstand.gateway.tool_directory import ToolDirectory
from leitstand.gateway.toolbook import ToolBook, ToolCalled, ToolRequest
from leitstand.gateway.toolpath import ToolGateway
from leitstand.gateway.values import Request
from leitstand.identity.callers import Caller, Person
from leitstand.identity.repository import Credentials, Keys, SessionRows
from leitstand.identity.sessions import Sessions
from leitstand.identity.virtual_keys import VirtualKeys, load_pepper
from leitstand.jobs.seats import FIRST
from leitstand.journal.backlog import catch_up
from leitstand.journal.chain import Signer
from leitstand.journal.spool import Spool, Sync
from leitstand.journal.writer import Writer
from leitstand.knowledge.library import Knowledge
from leitstand.policy.rulebook import Rulebook
from leitstand.privacy.leaks.repository import LeakRows
from leitstand.privacy.leaks.values import Sent
from leitstand.privacy.leaks.watch import LeakWatch
from leitstand.privacy.pictures.reader import PictureReader
from leitstand.privacy.repository import VaultRows
from leitstand.privacy.tagger import tagger
from leitstand.privacy.tagging.network import BrokenModel
from leitstand.privacy.vault import VAULT_SECRET, Vault
from leitstand.privacy.wording import Wording, scanner_for, wording
from leitstand.prompts.regression.repository import RegressionRows
from leitstand.providers.adapters import load_adapters
from leitstand.providers.base import Target
from leitstand.providers.door import Door
from leitstand.providers.http.pool import Pool
from leitstand.providers.local_encoder import LocalEncoder, is_installed
from leitstand.providers.mcp_client import MCPDoor
from leitstand.reports.review.desk import ReviewDesk
from leitstand.store.engine import open_engine
from leitstand.store.lead import Lead

_HOUSEKEEPING_S = 10.0
_log = logging.getLogger(__name__)


class House:
    """All rooms of one process on one data folder."""

    def __init__(
        self,
        data: Path,
        clock: Clock,
        sync: Sync = "background",
        own_ports: tuple[int, ...] = (),
        seats: Sequence[str] = FIRST,
    ) -> None:
        """Open the data folder, made and migrated if needed. Nothing runs yet.

        own_ports: ports on this machine that are Leitstand itself, when local servers are looked for.
        seats: at which this process may work on jobs; none: others do.
        """
        self.data = data
        self._seats = seats
        self.own_ports = own_ports
        self.clock = clock
        self.engine = open_engine(data)
        self.sealer = load_sealer(data)
        signer = Signer.load(data)
        self._database = Database(self.engine, data, self.sealer)
        self._database.open(signer)
        self.spool = Spool(data / "spool", sync=sync)
        self.events = Events()
        self.editor = Editor(self.engine, self.sealer, self.spool.write_now, clock)
        self.writer = Writer(self.engine, data / "spool", signer, clock=clock)
        self.metrics = Metrics()
        self.events.subscribe(Answered, self.metrics.on_answered)
        self.knowledge = Knowledge(data)
        self.vault = Vault(
            VaultRows(self.engine),
            self.sealer,
            installation_secret(data, VAULT_SECRET),
            clock,
            self.spool.write_now,
        )
        self.pictures = PictureReader()
        self.leaks = LeakWatch(
            LeakRows(self.engine), self.sealer, self.vault, clock, self.events, self.spool.write_now,
            lambda: self.configuration.leak_watch, self.local_now,
        )  # fmt: skip
        self.events.subscribe(Sent, self.leaks.on_sent)
        self._repeats = Repeats(installation_secret(data, REPEATS_SECRET))
        self.kept_responses = KeptResponses(KeptRows(self.engine), self.sealer, clock)

        self.configuration = Configuration()
        self.people: Mapping[str, Person] = {}
        self._watcher = Watcher(self.engine, self._on_change)
        self._pepper = load_pepper(data)
        self.keys = VirtualKeys(Keys(self.engine), self._pepper, clock, self.spool.write_now)
        self.sessions = Sessions(
            SessionRows(self.engine),
            Credentials(self.engine),
            lambda: self.people,
            clock,
            self.spool.write_now,
        )
        self._words = Wording()
        self._scanner = scanner_for(self._words)  # kept while its words stay: it has read texts by heart
        self._counters = open_counters(data)
        self.budgets = BudgetDesk(
            UsageRows(self.engine), self.editor, clock, lambda: self.configuration, self.refresh,
            self._counters.read,
        )  # fmt: skip
        self.reviews = ReviewDesk(self.engine, clock, lambda: self.configuration, self.spool.write_now)
        self.unusual = UnusualDesk(
            UnusualRows(self.engine), clock, lambda: self.configuration, self.spool.write_now,
            lambda user: [row.id for row in self.keys.list(user)],
        )  # fmt: skip
        self.prices = PriceDesk(
            self.editor, self.spool.write_now, clock, lambda: self.configuration, self.refresh
        )
        self.invoices = InvoiceDesk(self.prices)
        self.balance = BalanceDesk(
            self.engine, self._counters, clock, lambda: self.configuration,
            lambda: catch_up(self.engine, data), self.spool.write_now, self.metrics.on_balance,
        )  # fmt: skip
        self._imported_prices = ImportedPrices(lambda: self._database.reading)
        self._price_keeper = SnapshotKeeper(
            lambda prices: PriceRows(self.engine).keep(prices, clock.time_us())
        )
        scenarios = open_scenarios(
            self.engine, clock, lambda: self.configuration, lambda: self.gateway.rules.book, self.spool.write_now
        )  # fmt: skip
        self.what_if = WhatIfDesk(scenarios, lambda: self.regression, starting(lambda: self.background.board))
        self.monitoring = Monitoring(self)
        self.background = Background(self)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    # ------------------------------------------------------------ start and stop

    async def start(self) -> None:
        """Load the configuration, build the gateway, start the background work."""
        self._loop = asyncio.get_running_loop()
        self.configuration = await asyncio.to_thread(self._first_configuration)
        self.people = compose.people(self.configuration)
        self.pool = Pool()
        self.adapters = load_adapters(self.knowledge)
        self.health, self.pacing = Health(), Pacing()
        self.door = Door(self.pool, self.adapters, self.pacing.learn)
        timezone = self.configuration.organisation.timezone
        rules = await asyncio.to_thread(self._rules, self.configuration)
        self.ledger = Ledger(
            self._counters, self.clock, compose.limit_rules(self.configuration), timezone,
            contact=compose.contact(self.configuration), leeway=compose.leeway(self.configuration),
        )  # fmt: skip
        self.runs = Runs(self._counters, self.clock, timezone)
        self.events.subscribe(Answered, self._book_run)
        self.events.subscribe(ToolCalled, self._book_run)
        await asyncio.to_thread(self._set_first_counters)
        self.router = Router(
            self.door, self.health, self.price_of, self.pacing,
            Abilities(lambda: self.gateway.rules.prices, self.adapters),
        )  # fmt: skip
        semantic = SemanticCache(LocalEncoder() if is_installed() else None)
        self.gateway = Gateway(
            rules, self.ledger, ResponseCache(), self.router, self.lacks, self._open_book, semantic,
            self.vault, self.pictures,
        )  # fmt: skip
        self._tool_door = MCPDoor()
        self.tools = ToolGateway(
            lambda: self.gateway.rules, self.ledger, self.runs, ToolDirectory(self._tool_door, self.clock),
            self._tool_door, self._open_tool_book, self.vault,
        )  # fmt: skip
        self.regression = Regression(
            RegressionRows(self.engine), self.sealer, self.clock, lambda: self.gateway.rules.book,
            self._dearest_nano, self.spool.write_now,
        )  # fmt: skip
        self.trials = TrialRunner(
            self.regression, self.gateway, lambda: self.people, self.clock, self.local_now,
            Lead(self.data / "trials.lock", self.engine), self.spool.write, self.events,
        )  # fmt: skip
        self.trials.start()
        self.probes = Probes(self.door, self.health, self._targets)
        self.metrics.registry.register(
            TargetMetrics(self.health, self.pacing, self.probes, self._targets, self.loop_time)
        )
        self._probing = asyncio.create_task(self.probes.run(), name="probes")
        self._run(self._warm_tagger, "tagger")
        self._run(self._write_journal, "journal-writer")
        self._run(self._keep_house, "housekeeping")
        self._run(self._settle_database, "database")
        self.background.start(self._seats)
        self._run(self._watch_budgets, "budgets")
        self._run(lambda: self.leaks.run(self._stop), "leak-sample")
        self._run(lambda: self.monitoring.watch(self._stop), "alerts")
        self._run(lambda: self.monitoring.deliver(self._stop), "alert-delivery")
        self._run(lambda: self.monitoring.heart.run(self._stop), "heartbeat")
        self._run(self._watch_usage, "unusual-usage")
        self._run(self._keep_prices, "prices")

    async def stop(self) -> None:
        """End everything in the reverse order; what is spooled stays spooled if the database is gone."""
        await asyncio.to_thread(self.background.stop)
        await self.trials.stop()
        self._probing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._probing
        await self.pool.close()
        await self._tool_door.close()
        self.gateway.semantic.close()
        self.pictures.close()
        self.spool.close()
        self._stop.set()
        self.writer.nudge()
        await asyncio.to_thread(self._join)
        try:
            self.writer.drain()
        finally:
            self.writer.close()
        self._counters.close()
        self.engine.dispose()

    def _run(self, work: object, name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _join(self) -> None:
        self._watcher.stop()
        for thread in self._threads:
            thread.join(15)

    def _warm_tagger(self) -> None:
        """Load the name tagger while the house opens; requests wait for it, and are refused where it is broken."""
        if self.configuration.privacy.detection != "full":
            return
        try:
            tagger().warm()
        except BrokenModel as broken:
            _log.critical(
                "the name tagger cannot be loaded, so requests are refused: %s; mend the installation, or accept rules "
                "alone with `privacy: {detection: rules}`", broken,
            )  # fmt: skip

    def _write_journal(self) -> None:
        self.writer.run(self._stop)

    def _watch_budgets(self) -> None:
        BudgetWatch(
            self.budgets, self.spool.write_now, self.events, Lead(self.data / "budgets.lock", self.engine)
        ).run(self._stop)

    def _keep_prices(self) -> None:
        self._price_keeper.run(self._stop)

    def _watch_usage(self) -> None:
        lead = Lead(self.data / "unusual.lock", self.engine)
        UnusualWatch(self.unusual, UsageRows(self.engine), self.events, lead).run(self._stop)

    def _first_configuration(self) -> Configuration:
        if not self._database.away:
            return self._watcher.start()
        self._watcher.start_without()
        return load(self._database.reading)

    def _set_first_counters(self) -> None:
        """Without the database nobody knows what was spent before this machine's counters were lost."""
        if self._database.away:
            self.ledger.blind = self._counters.needs_rebuild
        else:
            self._set_counters(self.configuration)

    def _settle_database(self) -> None:
        """Keep a snapshot of the database for the next start, when it is away now: as soon as it is back."""
        if self._database.away and self._database.wait(self._stop):
            self._set_counters(self.configuration)
            self.ledger.blind = False
        self._database.keep()

    def _keep_house(self) -> None:
        """Every ten seconds: book the calls of killed processes, share limits with the living."""
        rounds = Repeated(_log, "housekeeping fails", "housekeeping works again")
        while True:
            with rounds:
                self._book_lost_calls()
                if self._counters.needs_rebuild and not self.database_away:
                    self._set_counters(self.configuration)
                self.pacing.share = self._counters.processes()
                if wording(self.configuration, self.today()) != self._words:
                    self._watcher.renew()  # a term or pattern has ended with the day
            if self._stop.wait(_HOUSEKEEPING_S):
                return

    def _book_lost_calls(self) -> None:
        lost = self.ledger.recover()
        for call in lost:
            self.spool.write_now(lost_record(call))
        self.ledger.forget(lost)

    # ------------------------------------------------------------ rules

    def refresh(self) -> None:
        """Take over a change that this process made itself, now. Blocking."""
        self._watcher.check()

    def _on_change(self, configuration: Configuration) -> None:
        """A new configuration, in the watcher's thread: build everything, then swap it on the event loop."""
        rules = self._rules(configuration)
        limits_changed = compose.limit_rules(configuration) != compose.limit_rules(self.configuration)
        leeway, contact = compose.leeway(configuration), compose.contact(configuration)
        before = (compose.leeway(self.configuration), compose.contact(self.configuration))
        self.configuration = configuration
        self.people = compose.people(configuration)
        if limits_changed:
            self._set_counters(configuration)
        assert self._loop is not None
        swapped = threading.Event()

        self.vault.forget()

        def swap() -> None:
            self.gateway.renew(rules)
            if limits_changed or (leeway, contact) != before:
                self.ledger.replace(compose.limit_rules(configuration), leeway, contact)
            swapped.set()

        self._loop.call_soon_threadsafe(swap)
        swapped.wait(5)
        self._database.keep()

    def _rules(self, configuration: Configuration) -> Rules:
        prices = compose.price_book(
            configuration, self.clock, self._imported_prices.now(configuration), self._price_keeper.note
        )
        prices.warm()
        for place in places(configuration):
            place.price(prices)
        self._price_keeper.flush()  # the usual prices are kept before a request can be booked at them
        words = wording(configuration, self._day_of(configuration))
        if words != self._words:
            self._scanner, self._words = scanner_for(words), words
        book: Rulebook = compose.rulebook(
            configuration,
            compose.api_keys(configuration, SecretResolver(self._database.reading, self.sealer)),
        )
        covering = configuration.privacy.images == "cover"
        return Rules(
            compose.key_ring(Keys(self._database.reading).list(), configuration, self._pepper),
            book,
            prices,
            self._scanner,
            cover_images=covering,
        )

    def _set_counters(self, configuration: Configuration) -> None:
        """Give new limits what was already spent in their running period; all of them after a power cut."""
        rules = compose.limit_rules(configuration)
        if not rules and not self._counters.needs_rebuild:
            return
        calendar = Calendar(configuration.organisation.timezone)
        since_us = int(calendar.period("month", self.clock.time()).begins_s * 1_000_000)
        spent = spent_by_counter(settled_since(self.engine, since_us), rules, calendar)
        if self._counters.needs_rebuild:
            self.writer.drain()
            spent = spent_by_counter(settled_since(self.engine, since_us), rules, calendar)
            self._counters.rebuild(spent)
        else:
            self._counters.seed(spent)

    @property
    def database_away(self) -> bool:
        """Whether the configuration in force is the last known one."""
        return self._watcher.failing

    @property
    def limits_alone(self) -> bool:
        """Whether this machine holds limits without the others."""
        return counts_alone(self._counters)

    # ------------------------------------------------------------ what the gateway is handed

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        return ZoneInfo(self.configuration.organisation.timezone)

    def local_now(self) -> datetime:
        """Application time in the organisation's time zone."""
        return self.clock.now().astimezone(self.zone)

    def today(self) -> date:
        """The day in the organisation's time zone."""
        return self.local_now().date()

    def loop_time(self) -> float:
        """The event loop's clock, by which health keeps its times; may be asked from any thread."""
        return self._loop.time() if self._loop else 0.0

    def _day_of(self, configuration: Configuration) -> date:
        return self.clock.now().astimezone(ZoneInfo(configuration.organisation.timezone)).date()

    def language(self) -> str:
        """Of refusals, where the client has no wish."""
        return self.configuration.organisation.language

    def _dearest_nano(self, model: str, usage: Usage) -> NanoEuro:
        return compose.dearest_nano(self.gateway.rules.book, self.gateway.rules.prices, model, usage)

    def _targets(self) -> list[Target]:
        """All that routes name."""
        routes = self.gateway.rules.book.routes.values()
        return [offer.target for route in routes for offer in route.offers]

    def price_of(self, target: Target) -> Decimal:
        price = self.gateway.rules.prices.price(target.provider, target.kind, target.region, target.model)
        return price.input + price.output

    def lacks(self, target: Target, prompt: Prompt) -> str | None:
        return lacking(self.adapters, target, prompt)

    def _open_book(self, request: Request) -> Book:
        self.spool.demand_room()
        return Book(request, self.clock, self.spool, self.events, self.runs, self._repeats)

    def _open_tool_book(self, request: ToolRequest, caller: Caller) -> ToolBook:
        self.spool.demand_room()
        return ToolBook(request, caller, self.spool, self.events)

    def _book_run(self, ended: Answered | ToolCalled) -> None:
        """What a step has cost, for the limit of its run."""
        record = ended.record
        if run := record.detail.get("run"):
            self.runs.book(Run(record.key_id or record.user, run), record.cost_nano)
