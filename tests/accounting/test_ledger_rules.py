"""What a caller of the ledger sees: caps, refusals in words, downgrades, paces, periods, lost calls."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from accounting_cases import NOON, StandingClock, need, price

from leitstand.accounting.admission import Downgrade
from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.ledger import Ledger
from leitstand.accounting.limits import LimitRule, Subject
from leitstand.accounting.periods import Calendar
from leitstand.accounting.prices import cost
from leitstand.accounting.rebuild import Settled, spent_by_counter
from leitstand.accounting.sizing import Need
from leitstand.accounting.wording import Contact
from leitstand.core.conversation import Usage
from leitstand.core.errors import BudgetExhausted, RateLimited
from leitstand.core.money import nano

ANNA = Subject("anna", "vertrieb", "angebote", "key_1", "standard")


def ledger_with(*rules: LimitRule, clock: StandingClock | None = None) -> Ledger:
    contact = Contact("Frau Weber (weber@musterwerk.example)", "Ms Weber (weber@musterwerk.example)")
    return Ledger(MemoryCounters(), clock or StandingClock(), rules, contact=contact)


async def spend(ledger: Ledger, usage: Usage, subject: Subject = ANNA, ask: Need | None = None) -> None:
    async with ledger.open(subject, ask or need(), "req_0") as entry:
        entry.settle(usage, price())


async def test_without_limits_no_cap_is_needed() -> None:
    async with ledger_with().open(ANNA, need(cap=None), "req_1") as entry:
        assert entry.output_cap is None
        assert entry.cap_at(price("99", "99")) is None


async def test_the_client_s_own_cap_stays_where_it_fits() -> None:
    async with ledger_with(LimitRule("company", "eur_per_month", Decimal(100))).open(
        ANNA, need(cap=7), "r"
    ) as entry:
        assert entry.output_cap == 7
        assert entry.cap_at(price()) == 7


async def test_a_call_without_a_cap_gets_one_only_near_a_limit() -> None:
    wide, near = (LimitRule("company", "tokens_per_day", Decimal(amount)) for amount in (1_000_000, 9_000))
    async with ledger_with(wide).open(ANNA, need(cap=None), "r") as entry:
        assert entry.output_cap is None
    async with ledger_with(near).open(ANNA, need(cap=None), "r") as entry:
        assert entry.output_cap == 4096


async def test_the_last_call_is_shortened_to_what_is_left() -> None:
    ledger = ledger_with(LimitRule("company", "tokens_per_day", Decimal(400)))
    await spend(ledger, Usage(100, 60))
    async with ledger.open(ANNA, need(cap=1000), "r") as entry:
        assert entry.output_cap == 140
        usage = ledger.usage_of(LimitRule("company", "tokens_per_day", Decimal(400)), ANNA)
        assert usage is not None
        assert (usage.spent, usage.held) == (160, 240)


async def test_an_unproven_estimate_is_doubted_only_while_the_budget_is_fresh() -> None:
    rule = LimitRule("user:*", "tokens_per_day", Decimal(200))
    ask = need(210, 50, input_least=60)
    async with ledger_with(rule).open(ANNA, ask, "r") as entry:
        assert entry.output_cap == 50
    ledger = ledger_with(rule)
    await spend(ledger, Usage(50, 10), ANNA._replace(model="klein"))
    with pytest.raises(BudgetExhausted):
        await ledger.open(ANNA, ask, "r").__aenter__()


async def test_an_unproven_estimate_that_fits_is_not_doubted_for_a_longer_answer() -> None:
    rule = LimitRule("user:*", "tokens_per_day", Decimal(200))
    async with ledger_with(rule).open(ANNA, need(190, 50, input_least=60), "r") as entry:
        assert entry.output_cap == 10


async def test_choices_share_the_shortened_cap() -> None:
    ledger = ledger_with(LimitRule("company", "tokens_per_day", Decimal(500)))
    async with ledger.open(ANNA, need(cap=1000, choices=4), "r") as entry:
        assert entry.output_cap == 100


async def test_a_dearer_candidate_gets_a_smaller_cap_from_the_same_hold() -> None:
    ledger = ledger_with(LimitRule("company", "eur_per_day", Decimal("0.0004")))
    async with ledger.open(ANNA, Need(100, 1000, 4096, price("2", "4"), price("1", "2"), 100), "r") as entry:
        assert entry.output_cap == 50
        assert entry.cap_at(price("2", "4")) == 50
        assert entry.cap_at(price("3", "10")) == 10
        assert entry.cap_at(price("5", "10")) == 0


async def test_an_entry_is_settled_once() -> None:
    async with ledger_with().open(ANNA, need(), "r") as entry:
        assert entry.settle(Usage(100, 10), price()) == nano("0.00012")
        with pytest.raises(RuntimeError, match="exactly once"):
            entry.settle(Usage(100, 10), price())
        with pytest.raises(RuntimeError, match="exactly once"):
            entry.refund()


async def test_a_failed_call_gives_back_what_it_held() -> None:
    company = LimitRule("company", "tokens_per_day", Decimal(400))
    ledger = ledger_with(company)
    with pytest.raises(ConnectionError):
        async with ledger.open(ANNA, need(), "r"):
            raise ConnectionError
    usage = ledger.usage_of(company, ANNA)
    assert usage is not None
    assert (usage.spent, usage.held) == (0, 0)


async def test_a_cost_above_the_hold_is_booked_in_full() -> None:
    company = LimitRule("company", "tokens_per_day", Decimal(400))
    ledger = ledger_with(company)
    await spend(ledger, Usage(900, 100))
    usage = ledger.usage_of(company, ANNA)
    assert usage is not None
    assert usage.spent == 1000


async def test_a_used_up_euro_budget_is_explained_in_german_and_english() -> None:
    ledger = ledger_with(LimitRule("department:vertrieb", "eur_per_month", Decimal(1500)))
    await spend(ledger, Usage(0, 750_000_000))
    with pytest.raises(BudgetExhausted) as refused:
        await ledger.open(ANNA, need(), "r").__aenter__()
    assert refused.value.de == (
        "Das Monatsbudget der Abteilung „vertrieb“ ist aufgebraucht: 1.500,00 € von 1.500,00 € verbraucht. "
        "Es gilt neu ab 01.12.2026, 00:00 Uhr. "
        "Um eine Erweiterung bitten Sie Frau Weber (weber@musterwerk.example)."
    )
    assert refused.value.en == (
        "The monthly budget of the department 'vertrieb' is used up: EUR 1,500.00 of EUR 1,500.00 used. "
        "It resets on 1 December 2026 at 00:00. Please ask Ms Weber (weber@musterwerk.example) for an extension."
    )
    assert refused.value.retry_after_s == 7 * 86_400 + 12 * 3600
    assert refused.value.detail == {
        "limit": "department:vertrieb", "measure": "eur_per_month", "amount": 1500.0, "used": 1500.0, "held": 0.0,
        "resets_at": "2026-12-01T00:00:00+01:00",
    }  # fmt: skip


async def test_a_rest_that_is_too_small_is_called_so() -> None:
    ledger = ledger_with(LimitRule("user:*", "tokens_per_day", Decimal(12_000)))
    await spend(ledger, Usage(11_000, 950))
    with pytest.raises(BudgetExhausted) as refused:
        await ledger.open(ANNA, need(), "r").__aenter__()
    assert "11.950 von 12.000 Tokens verbraucht; der Rest reicht für diese Anfrage nicht" in refused.value.de
    assert "von „anna“" in refused.value.de


async def test_at_its_limit_a_rule_may_name_a_cheaper_model_that_a_second_rule_still_bounds() -> None:
    soft = LimitRule("company", "tokens_per_day", Decimal(200), "downgrade:klein")
    ledger = ledger_with(soft, LimitRule("company", "tokens_per_day", Decimal(300)))
    await spend(ledger, Usage(150, 30))
    with pytest.raises(Downgrade) as downgraded:
        await ledger.open(ANNA, need(), "r").__aenter__()
    assert downgraded.value.model == "klein"
    await spend(ledger, Usage(90, 30), ANNA._replace(model="klein"))
    with pytest.raises(BudgetExhausted):
        await ledger.open(ANNA._replace(model="klein"), need(), "r").__aenter__()


async def test_a_pace_refuses_with_the_seconds_until_the_next_request() -> None:
    ledger = ledger_with(LimitRule("user:*", "requests_per_minute", Decimal(2)))
    await spend(ledger, Usage(1, 1))
    await spend(ledger, Usage(1, 1))
    with pytest.raises(RateLimited, match="limit of 'anna' is 2 a minute") as refused:
        await ledger.open(ANNA, need(), "r").__aenter__()
    assert refused.value.retry_after_s == 61
    await spend(ledger, Usage(1, 1), ANNA._replace(user="ben"))


async def test_free_calls_pass_a_used_up_euro_budget() -> None:
    ledger = ledger_with(LimitRule("company", "eur_per_day", Decimal("0.0001")))
    await spend(ledger, Usage(0, 60))
    with pytest.raises(BudgetExhausted):
        await ledger.open(ANNA, need(), "r").__aenter__()
    async with ledger.open(ANNA, Need(100, 50, 4096, price("0", "0")), "r") as entry:
        assert entry.settle(Usage(100, 50), price("0", "0")) == 0


async def test_a_new_day_brings_a_new_budget_at_local_midnight() -> None:
    clock = StandingClock(datetime(2026, 10, 24, 21, 59, 59, tzinfo=UTC).timestamp())  # 23:59:59 in Berlin
    ledger = ledger_with(LimitRule("user:*", "tokens_per_day", Decimal(130)), clock=clock)
    await spend(ledger, Usage(110, 20))
    with pytest.raises(BudgetExhausted) as refused:
        await ledger.open(ANNA, need(), "r").__aenter__()
    assert refused.value.retry_after_s == 1
    clock.now_s += 1
    await spend(ledger, Usage(110, 20))
    with pytest.raises(BudgetExhausted) as refused:  # the day on which summer time ends has 25 hours
        await ledger.open(ANNA, need(), "r").__aenter__()
    assert refused.value.retry_after_s == 25 * 3600


async def test_an_entry_open_over_midnight_is_booked_on_the_day_it_began() -> None:
    clock = StandingClock(datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC).timestamp())
    daily = LimitRule("user:*", "tokens_per_day", Decimal(1000))
    ledger = ledger_with(daily, clock=clock)
    async with ledger.open(ANNA, need(), "r") as entry:
        clock.now_s += 2
        entry.settle(Usage(100, 10), price())
        usage = ledger.usage_of(daily, ANNA)
        assert usage is not None
        assert usage.spent == 0
    clock.now_s -= 2
    usage = ledger.usage_of(daily, ANNA)
    assert usage is not None
    assert (usage.spent, usage.held) == (110, 0)


async def test_calls_of_a_dead_process_come_back_with_all_that_the_journal_needs(tmp_path: Path) -> None:
    dead = SharedCounters(tmp_path / "c.bin")
    company = LimitRule("company", "eur_per_day", Decimal(5))
    before = Ledger(dead, StandingClock(), [company])
    await spend(before, Usage(200, 30))
    await before.open(ANNA._replace(use_case="ü" * 90), need(), "req_gone").__aenter__()
    dead.close()
    counters = SharedCounters(tmp_path / "c.bin")
    after = Ledger(counters, StandingClock(), [company])
    (lost,) = after.recover()
    assert lost.request_id == "req_gone"
    assert lost.subject.user == "anna"
    assert lost.subject.use_case in "ü" * 90
    assert (lost.input_tokens, lost.output_tokens) == (200, 30)
    assert lost.time_us == NOON * 1_000_000
    usage = after.usage_of(company, ANNA)
    assert usage is not None
    assert (usage.spent, usage.held) == (2 * lost.cost_nano, 0)
    after.forget([lost])
    counters.close()


async def test_counters_rebuilt_from_the_journal_equal_those_that_ran() -> None:
    rules = [
        LimitRule("company", "eur_per_month", Decimal(50)),
        LimitRule("user:*", "tokens_per_day", Decimal(9000)),
        LimitRule("model:standard", "tokens_per_month", Decimal(9000)),
        LimitRule("key:*", "requests_per_minute", Decimal(90)),
    ]
    clock = StandingClock()
    ledger = ledger_with(*rules, clock=clock)
    rows: list[Settled] = []
    for number in range(30):
        clock.now_s += 7200
        subject = ANNA._replace(
            user="anna" if number % 2 else "ben", model="standard" if number % 3 else "klein"
        )
        usage = Usage(100 + number, number)
        await spend(ledger, usage, subject)
        tokens = usage.input_tokens + usage.output_tokens
        rows.append(Settled(subject, int(clock.now_s * 1e6), tokens, cost(usage, price())))
    fresh = MemoryCounters()
    fresh.rebuild(spent_by_counter(rows, rules, Calendar()))
    rebuilt = Ledger(fresh, clock, rules)
    for rule in rules:
        for user in ("anna", "ben"):
            subject = ANNA._replace(user=user)
            assert rebuilt.usage_of(rule, subject) == ledger.usage_of(rule, subject)
