"""Extensions and grace: how far a limit can be passed, by whom, and that both end by themselves."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from accounting_cases import NOON, StandingClock, price

from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.ledger import Entry, Ledger
from leitstand.accounting.leeway import Extension, Grace, Leeway
from leitstand.accounting.limits import LimitRule, Subject
from leitstand.accounting.sizing import Need
from leitstand.core.conversation import Usage
from leitstand.core.errors import BudgetExhausted

ANNA, BEN = Subject("anna", "vertrieb", "angebote"), Subject("ben", "vertrieb", "angebote")
EACH_A_EURO = LimitRule("user:*", "eur_per_month", Decimal(1))
DAY = 86_400


class Desk:
    """A ledger with one limit, and calls that cost what they are told."""

    def __init__(
        self, *rules: LimitRule, extensions: Sequence[Extension] = (), graces: Sequence[Grace] = ()
    ) -> None:
        self.clock = StandingClock()
        leeway = Leeway(tuple(extensions), tuple(graces))
        self.ledger = Ledger(MemoryCounters(), self.clock, rules, leeway=leeway)

    async def spend(self, subject: Subject, euro: str) -> tuple[str, ...]:
        """One call of so many euros; returns the scopes whose limits it passed by grace."""
        tokens = int(Decimal(euro) * 1_000_000)
        need = Need(tokens, 0, 0, price(), input_least=tokens)
        async with self.ledger.open(subject, need, "req", wait_s=0) as entry:
            return self._settled(entry, tokens)

    @staticmethod
    def _settled(entry: Entry, tokens: int) -> tuple[str, ...]:
        beyond = entry.beyond
        entry.settle(Usage(tokens, 0), price())
        return beyond


async def test_an_extension_raises_the_limit_of_that_one_person() -> None:
    desk = Desk(EACH_A_EURO, extensions=[Extension("user:anna", "eur_per_month", "2026-11", Decimal("0.5"))])
    assert await desk.spend(ANNA, "1.4") == ()
    with pytest.raises(BudgetExhausted):
        await desk.spend(ANNA, "0.2")
    with pytest.raises(BudgetExhausted):
        await desk.spend(BEN, "1.4")


async def test_an_extension_ends_with_its_month() -> None:
    desk = Desk(EACH_A_EURO, extensions=[Extension("user:anna", "eur_per_month", "2026-11", Decimal("0.5"))])
    desk.clock.now_s = NOON + 10 * DAY
    with pytest.raises(BudgetExhausted):
        await desk.spend(ANNA, "1.4")


async def test_grace_lets_one_person_pass_every_limit_and_says_which() -> None:
    company = LimitRule("company", "eur_per_month", Decimal("1.2"))
    desk = Desk(EACH_A_EURO, company, graces=[Grace("user:anna", "2026-11-30", Decimal("0.5"))])
    assert await desk.spend(ANNA, "0.9") == ()
    assert await desk.spend(ANNA, "0.2") == ("user:anna",)
    assert set(await desk.spend(ANNA, "0.3")) == {"user:anna", "company"}
    with pytest.raises(BudgetExhausted):
        await desk.spend(BEN, "0.1")
    with pytest.raises(BudgetExhausted):
        await desk.spend(ANNA, "0.3")


async def test_grace_holds_on_its_last_day_and_not_on_the_next() -> None:
    desk = Desk(EACH_A_EURO, graces=[Grace("user:anna", "2026-11-23", Decimal(1))])
    assert await desk.spend(ANNA, "1.5") == ("user:anna",)
    desk.clock.now_s = NOON + DAY
    with pytest.raises(BudgetExhausted):
        await desk.spend(ANNA, "0.1")


async def test_grace_of_a_use_case_holds_for_all_who_work_in_it_and_nobody_else() -> None:
    desk = Desk(EACH_A_EURO, graces=[Grace("use_case:angebote", "2026-12-31", Decimal(1))])
    assert await desk.spend(BEN, "1.5") == ("user:ben",)
    with pytest.raises(BudgetExhausted):
        await desk.spend(ANNA._replace(use_case="werbung"), "1.5")


async def test_grace_in_euros_moves_no_limit_of_tokens() -> None:
    tokens = LimitRule("user:*", "tokens_per_day", Decimal(1000))
    desk = Desk(tokens, graces=[Grace("user:anna", "2026-11-30", eur=Decimal(1))])
    with pytest.raises(BudgetExhausted):
        await desk.spend(ANNA, "0.002")


async def test_grace_comes_before_a_downgrade() -> None:
    softly = LimitRule("user:*", "eur_per_month", Decimal(1), "downgrade:klein")
    desk = Desk(softly, graces=[Grace("user:anna", "2026-11-30", Decimal(1))])
    assert await desk.spend(ANNA, "1.5") == ("user:anna",)


async def said(desk: Desk, subject: Subject, euro: str) -> BudgetExhausted:
    with pytest.raises(BudgetExhausted) as refused:
        await desk.spend(subject, euro)
    return refused.value


async def test_a_refusal_says_what_may_still_help() -> None:
    desk = Desk(EACH_A_EURO)
    await desk.spend(ANNA, "0.9")
    short = await said(desk, ANNA, "0.2")
    assert "Eine kürzere Anfrage oder ein günstigeres Modell kann noch gelingen." in short.de
    assert "A shorter request or a cheaper model may still succeed." in short.en
    await desk.spend(ANNA, "0.1")
    used_up = await said(desk, ANNA, "0.1")
    assert used_up.de.endswith("00:00 Uhr. Um eine Erweiterung bitten Sie Ihre Administration.")
    assert used_up.en.endswith("at 00:00. Please ask your administrators for an extension.")


async def test_a_refusal_of_one_model_points_to_the_others() -> None:
    desk = Desk(LimitRule("model:gross", "eur_per_day", Decimal(1)))
    refused = await said(desk, ANNA._replace(model="gross"), "1.1")
    assert "Andere Modelle stehen Ihnen weiter offen." in refused.de
    assert "Other models are still open to you." in refused.en
