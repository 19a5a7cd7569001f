"""The nightly proof: a counter, a sum and a hold that were altered on purpose are found, and mended where that is safe."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pricing_cases import CONFIGURATION, Books, open_books
from sqlalchemy import update

from leitstand.accounting.balance import desk as balance_desk
from leitstand.accounting.balance.desk import BalanceDesk, figures
from leitstand.accounting.budgets.repository import UsageRows
from leitstand.accounting.budgets.rules import limit_rules
from leitstand.accounting.counters import Counter, Counters, Hold, Part
from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.counters.valkey import ValkeyCounters
from leitstand.accounting.limits import address
from leitstand.accounting.periods import Calendar
from leitstand.accounting.rebuild import spent_by_counter
from leitstand.accounting.repository import settled_since
from leitstand.core.errors import Overloaded
from leitstand.store.schema import usage_hour
from support.databases import Valkey
from support.turns import MemoryTurn

LIMITS = """
limits:
  - {scope: company, eur_per_month: 100}
  - {scope: "user:*", tokens_per_day: 5000}
  - {scope: "department:leer", eur_per_day: 5}
"""


@dataclass
class Proof:
    """An installation whose sums agree: two calls of anna, one of ben."""

    books: Books
    counters: Counters
    desk: BalanceDesk

    def address(self, scope: str, measure: str) -> Counter:
        rule = next(rule for rule in limit_rules(self.books.configuration) if rule.measure == measure)
        period = Calendar("Europe/Berlin").period(rule.span, self.books.clock.time())
        return address(scope, rule, period)

    def move(self, scope: str, measure: str, by: int) -> None:
        """Alter a counter behind everybody's back."""
        nothing = Part(self.address(scope, measure), 0, 0, 0, 0)
        hold = self.counters.hold([nothing], (), "", b"", 0)
        assert isinstance(hold, Hold)
        self.counters.settle(hold, [by])

    def spent(self, scope: str, measure: str) -> tuple[int, int]:
        return tuple(self.counters.read([self.address(scope, measure)])[0])  # type: ignore[return-value]

    def kinds(self) -> list[tuple[str, str, bool]]:
        return [
            (each.account.scope, each.kind, each.mended) for each in self.desk.verify("system").differences
        ]


def fill(books: Books, counters: Counters) -> Proof:
    for number, (user, tokens) in enumerate((("anna", 100), ("anna", 250), ("ben", 40))):
        books.book(f"req_{number}", user=user, input_tokens=tokens, output_tokens=1, cost_nano=tokens * 1000)
    books.book("req_cached", outcome="cached", input_tokens=999, cost_nano=5, estimated=False)
    books.book("req_cut", user="ben", output_tokens=9, estimated=True)
    calendar = Calendar("Europe/Berlin")
    spent = spent_by_counter(settled_since(books.engine, 0), limit_rules(books.configuration), calendar)
    counters.rebuild(spent)
    desk = BalanceDesk(
        books.engine, counters, books.clock, lambda: books.configuration, lambda: True, books.records.append
    )  # fmt: skip
    return Proof(books, counters, desk)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance_desk, "_PAUSE_S", 0.0)


@pytest.fixture
def proof(tmp_path: Path, database: str) -> Iterator[Proof]:
    with open_books(tmp_path, CONFIGURATION + LIMITS) as books:
        counters = SharedCounters(tmp_path / "limits.counters")
        yield fill(books, counters)
        counters.close()


def test_untouched_sums_agree_and_that_is_recorded(proof: Proof) -> None:
    found = proof.desk.verify("system")
    assert found.differences == ()
    assert found.accounts == 4  # company, leer, anna, ben
    assert (found.estimated, found.tokens) == (9, 402)
    assert [record.kind for record in proof.books.records] == ["accounting.balance.verified"]


def test_a_counter_that_is_too_low_is_raised(proof: Proof) -> None:
    proof.move("company", "eur_per_month", -150_000)
    assert proof.kinds() == [("company", "counter_low", True)]
    assert proof.spent("company", "eur_per_month") == (390_000, 0)
    found, verified = proof.books.records
    assert (found.kind, found.detail["journal"], found.detail["other"]) == (
        "accounting.balance.difference_found", "0.00039", "0.00024",
    )  # fmt: skip
    assert (verified.detail["differences"], verified.detail["mended"]) == (1, 1)
    assert proof.kinds() == []


def test_a_counter_that_is_too_high_is_told_and_stays(proof: Proof) -> None:
    proof.move("user:anna", "tokens_per_day", 7)
    proof.move("department:leer", "eur_per_day", 3)
    assert proof.kinds() == [("department:leer", "counter_high", False), ("user:anna", "counter_high", False)]
    assert proof.spent("user:anna", "tokens_per_day") == (359, 0)


def test_an_altered_sum_by_hour_is_found(proof: Proof) -> None:
    while UsageRows(proof.books.engine).advance("Europe/Berlin"):
        pass
    with proof.books.engine.begin() as connection:
        connection.execute(update(usage_hour).where(usage_hour.c.user == "ben").values(output_tokens=0))
    assert proof.kinds() == [("user:ben", "hours", False)]


def leak(proof: Proof) -> None:
    """As a crash between two stores would leave it: held, and no open hold."""
    counters, place = proof.counters, proof.address("company", "eur_per_month")
    hold = counters.hold([Part(place, 5000, 10**12, 5000, 5000)], (), "req_leak", b"", 0)
    assert isinstance(hold, Hold)
    if isinstance(counters, SharedCounters):
        with counters._mapped:
            counters._mapped.commit(counters._records.freed(hold.place))
    elif isinstance(counters, MemoryCounters):
        del counters._open[hold.serial]
    else:
        assert isinstance(counters, ValkeyCounters)
        counters._remote._ask("DEL", f"ls:o:{counters._owner}")
        counters._open.clear()


def test_a_leaked_hold_is_released_and_a_living_one_is_left(proof: Proof) -> None:
    place = proof.address("company", "eur_per_month")
    living = proof.counters.hold([Part(place, 300, 10**12, 300, 300)], (), "req_now", b"", 0)
    assert isinstance(living, Hold)
    assert proof.kinds() == []
    leak(proof)
    assert proof.spent("company", "eur_per_month") == (390_000, 5300)
    assert proof.kinds() == [("company", "loose_hold", True)]
    assert proof.spent("company", "eur_per_month") == (390_000, 300)
    assert "accounting.balance.hold_released" in [record.kind for record in proof.books.records]
    assert proof.counters.settle(living, [0])


@pytest.mark.parametrize("kind", ["memory", "valkey"])
def test_other_counters_are_proven_alike(tmp_path: Path, kind: str) -> None:
    with open_books(tmp_path, CONFIGURATION + LIMITS) as books, Valkey() as server:
        counters: Counters = MemoryCounters()
        if kind == "valkey":
            counters = ValkeyCounters(server.url, tmp_path, "eins", timeout_s=2.0)
        proof = fill(books, counters)
        assert proof.kinds() == []
        place = proof.address("company", "eur_per_month")
        living = counters.hold([Part(place, 300, 10**12, 300, 300)], (), "req_now", b"", 0)
        assert isinstance(living, Hold)
        proof.move("company", "eur_per_month", -150_000)
        assert proof.kinds() == [("company", "counter_low", True)]
        assert proof.spent("company", "eur_per_month") == (390_000, 300)
        counters.settle(living, [0])
        leak(proof)
        assert proof.kinds() == [("company", "loose_hold", True)]
        assert proof.spent("company", "eur_per_month") == (390_000, 0)
        counters.close()


def test_a_call_that_ends_during_the_proof_is_no_difference(proof: Proof) -> None:
    calls = iter(range(100))

    def spool() -> bool:
        """Between two readings a call is settled and journalled; the order is that of the house."""
        number = next(calls)
        for scope, measure, amount in (("company", "eur_per_month", 70), ("user:anna", "tokens_per_day", 7)):
            proof.move(scope, measure, amount)
        proof.books.book(f"req_live_{number}", input_tokens=7, cost_nano=70)
        return True

    object.__setattr__(proof.desk, "spool", spool)
    assert proof.kinds() == []


def test_nothing_is_said_while_records_wait_or_counters_are_not_built(proof: Proof) -> None:
    object.__setattr__(proof.desk, "spool", lambda: False)
    with pytest.raises(Overloaded, match="Records still wait"):
        proof.desk.verify("system")
    proof.counters.needs_rebuild = True
    with pytest.raises(Overloaded, match="not yet built"):
        proof.desk.verify("system")
    assert proof.books.records == []


def test_the_job_tells_people_and_the_metric(proof: Proof) -> None:
    from types import SimpleNamespace

    from leitstand.app.jobs.balance import build
    from leitstand.gateway.metrics import Metrics

    metrics = Metrics()
    object.__setattr__(proof.desk, "tell", metrics.on_balance)
    job = build(SimpleNamespace(balance=proof.desk))  # type: ignore[arg-type]  # all that it uses of a house
    assert job.work(MemoryTurn()).en == "4 limits compared: counters, journal and hourly sums agree."
    proof.move("company", "eur_per_month", -1)
    assert job.work(MemoryTurn()).en.startswith("1 differences at 4 limits, 1 of them mended.")
    assert b'leitstand_balance_differences{proof="limits"} 1.0' in metrics.exposition()
    assert figures(proof.desk.verify("system"))["agrees"] is True
