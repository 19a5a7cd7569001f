"""A company to be proved on: two providers with awkward prices, people, use cases, and the processes that serve them.

`folder(n)`: n servers on one data folder. `cluster(n)`: n machines, each with its own, on one PostgreSQL and Valkey.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from sqlalchemy import Engine, select

from leitstand.accounting.counters import Reading
from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.counters.valkey import ValkeyCounters
from leitstand.accounting.limits import LimitRule, address
from leitstand.accounting.periods import Calendar
from leitstand.core.money import nano
from leitstand.journal.records import INTERACTION
from leitstand.store.engine import open_engine
from leitstand.store.schema import journal
from support.databases import PostgreSQL, Valkey
from support.house import House, Running, issue_key, wait_until
from support.simulator import Simulator, start_simulator

MTOK = 1_000_000
PROVIDERS = ("openai-eu", "anthropic-eu")
PRICES = {
    "openai-eu": (Decimal("0.144385"), Decimal("0.577534")),
    "anthropic-eu": (Decimal("2.771993"), Decimal("13.859967")),
}
"""EUR per million tokens of input and output: no cost is a round number."""
MODELS = {"nur-openai": ("openai-eu",), "nur-anthropic": ("anthropic-eu",), "standard": PROVIDERS}
DEPARTMENTS = ("vertrieb", "marketing", "personal", "it")
USE_CASES = ("angebote", "werbung", "bewerbung", "betrieb")
USERS = tuple(f"person-{number:02}" for number in range(24))
MASTER_KEY = "der-schluessel-einer-installation-die-nur-fuer-beweise-lebt"


def cost_nano(provider: str, input_tokens: int, output_tokens: int) -> int:
    """What one call costs, rounded once, by the price list above and by nothing of the product's."""
    price_in, price_out = PRICES[provider]
    return nano((input_tokens * price_in + output_tokens * price_out) / MTOK)


def department_of(user: str) -> str:
    return DEPARTMENTS[int(user[-2:]) % len(DEPARTMENTS)]


def configuration(simulator: Simulator) -> str:
    """The company as YAML. Patience is long: a busy machine is no failing provider."""
    waits = "{connect: 60, first_token: 60, idle: 60, total: 90}"
    providers = "\n".join(
        f'  - {{name: {name}, kind: {name.partition("-")[0]}, base_url: "{simulator.url(name)}", region: eu, '
        f"api_key: sk-of-nobody-at-all, dpa: {{signed: 2026-01-15}}, probe: {{every: 0}}, timeouts: {waits}}}"
        for name in PROVIDERS
    )
    models = "\n".join(
        f"  - {{name: {name}, targets: [{', '.join(f'{{provider: {each}, model: {name}-upstream}}' for each in targets)}]}}"
        for name, targets in MODELS.items()
    )
    models += (
        "\n  - {name: gemerkt, cache: true, targets: [{provider: openai-eu, model: gemerkt-upstream}]}"
        "\n  - {name: vektoren, targets: [{provider: openai-eu, model: text-embedding-3-small}]}"
    )
    people = "\n".join(
        f"  - {{name: {user}, email: {user}@firma.example, department: {department_of(user)}, role: user}}"
        for user in USERS
    )
    use_cases = "\n".join(
        f"  - {{name: {name}, department: {department}, data_class: internal}}"
        for name, department in zip(USE_CASES, DEPARTMENTS, strict=True)
    )
    prices = "\n".join(
        f"  - {{provider: {name}, model: '*', input: {price_in}, output: {price_out}, currency: EUR}}"
        for name, (price_in, price_out) in PRICES.items()
    )
    return f"""
organisation: {{name: Beweis GmbH, state: BW, timezone: Europe/Berlin, language: de, currency: EUR}}
privacy: {{detection: rules}}
providers:
{providers}
models:
{models}
use_cases:
{use_cases}
users:
{people}
  - {{name: sina, email: sina@firma.example, department: it, role: super_admin}}
prices:
{prices}
"""


@dataclass(frozen=True)
class Key:
    """A virtual key and whose it is."""

    id: str
    secret: str
    user: str

    @property
    def department(self) -> str:
        return department_of(self.user)


@dataclass
class World:
    """Running processes on one set of tables and counters. counters: read by an onlooker who gives nothing away."""

    name: str
    simulator: Simulator
    houses: list[House]
    servers: list[Running]
    office: str
    engine: Engine
    counters: SharedCounters | ValkeyCounters
    database: PostgreSQL | None = None
    valkey: Valkey | None = None
    calendar: Calendar = field(default_factory=Calendar)

    def keys(self, count: int) -> list[Key]:
        """Fresh keys, spread over all people, good on every server."""
        made = []
        for number in range(count):
            user = USERS[number % len(USERS)]
            told = issue_key(self.servers[0], self.office, user)
            made.append(Key(told["id"], told["key"], user))
        for house in self.houses:
            house.wait_for_key(made[-1].secret)
        return made

    def limit(self, rules: Sequence[LimitRule]) -> None:
        """Put exactly these limits in force, on every server."""
        shown = self._office("GET", "")
        for path in self._limits_of(shown["yaml"]):
            self._office("DELETE", f"limit/{path}")
        for rule in rules:
            body = {"scope": rule.scope, rule.measure: str(rule.amount)}
            self._office("PUT", f"limit/{rule.scope} {rule.measure}", body)
        version = self._office("GET", "")["version"]
        for server in self.servers:
            wait_until(lambda server=server: self._office("GET", "", server=server)["version"] >= version)
        time.sleep(0.3)  # a version is told when it is read; counters and rules follow in the same breath

    @staticmethod
    def _limits_of(yaml_text: str) -> list[str]:
        import yaml

        found = []
        for entry in yaml.safe_load(yaml_text).get("limits") or ():
            found += [f"{entry['scope']} {name}" for name in entry if name not in ("scope", "at_limit")]
        return found

    def _office(self, method: str, path: str, body: Any = None, server: Running | None = None) -> Any:
        answer = httpx2.request(
            method, f"{(server or self.servers[0]).url}/api/configuration/{path}".rstrip("/"), json=body,
            headers={"authorization": f"Bearer {self.office}"}, timeout=60,
        )  # fmt: skip
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.content else None

    def read(self, rule: LimitRule, scope: str) -> Reading:
        """The counter of a rule for one scope now."""
        period = self.calendar.period(rule.span, time.time())
        return self.counters.read([address(scope, rule, period)])[0]

    def records(self) -> list[dict[str, Any]]:
        """All interactions in the journal, in the order of the chain."""
        query = select(journal).where(journal.c.kind == INTERACTION).order_by(journal.c.seq)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def ids(self) -> list[str]:
        """The numbers of all interactions in the journal."""
        with self.engine.connect() as connection:
            return list(
                connection.execute(select(journal.c.id).where(journal.c.kind == INTERACTION)).scalars()
            )

    def verify(self) -> bool:
        """`leitstand audit verify` on every data folder."""
        return all(house.verify().returncode == 0 for house in self.houses)


@contextmanager
def folder(processes: int) -> Iterator[World]:
    """`processes` servers on one data folder."""
    with ExitStack() as stack:
        simulator = stack.enter_context(start_simulator())
        house = stack.enter_context(House(configuration(simulator)))
        office = house.key("sina")
        servers = [house.serve() for _ in range(processes)]
        counters = SharedCounters(house.data / "limits.counters")
        stack.callback(counters.close)
        engine = open_engine(house.data)
        stack.callback(engine.dispose)
        yield World(f"data folder, {processes}", simulator, [house], servers, office, engine, counters)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables for this process and all that it starts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def cluster(machines: int, *, careful: bool = False) -> Iterator[World]:
    """`machines` machines with a data folder and a server each, on one PostgreSQL and one Valkey.

    careful: the database waits for its disk, so that it may be killed.
    """
    with ExitStack() as stack:
        simulator = stack.enter_context(start_simulator())
        database = stack.enter_context(PostgreSQL(careful=careful))
        valkey = stack.enter_context(Valkey(durable=True))
        stack.enter_context(
            environment(
                LEITSTAND_DATABASE=database.new_database(), LEITSTAND_VALKEY=valkey.url,
                LEITSTAND_MASTER_KEY=MASTER_KEY,
            )
        )  # fmt: skip
        houses = [stack.enter_context(House(configuration(simulator)))]
        office = houses[0].key("sina")
        houses += [stack.enter_context(House()) for _ in range(machines - 1)]
        servers = [house.serve() for house in houses]
        onlooker = Path(stack.enter_context(TemporaryDirectory()))
        counters = ValkeyCounters(valkey.url, onlooker, "onlooker")
        stack.callback(counters.close)
        engine = open_engine(onlooker)
        stack.callback(engine.dispose)
        yield World(
            f"PostgreSQL and Valkey, {machines}",
            simulator,
            houses,
            servers,
            office,
            engine,
            counters,
            database,
            valkey,
        )
