"""Decisions explained: by the code that decides, for every target."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.configuration.models import DPA, MCPServer, Provider
from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import Message, Prompt, Text
from leitstand.identity.callers import Caller, Person
from leitstand.policy.admit import Ask, Protection, admit
from leitstand.policy.contracts import ContractState, Processor, register, reminder_slot, state_of
from leitstand.policy.explain import Explanation, explain
from leitstand.policy.rulebook import Contract, Offer, Route, Rulebook, UseCase
from leitstand.providers.base import Target

TODAY = date(2026, 11, 24)
VALID, ENDED = Contract(date(2026, 1, 1), date(2027, 1, 1)), Contract(date(2025, 1, 1), date(2026, 1, 1))


def offer(name: str, region: Region, contract: Contract | None = None, most: int | None = None) -> Offer:
    return Offer(Target(name, "openai", "m", region, "https://x.example"), contract, context_tokens=most)


OFFERS = (
    offer("eu", Region.EU, VALID), offer("ohne", Region.EU), offer("alt", Region.EU, ENDED),
    offer("us", Region.US, VALID), offer("haus", Region.LOCAL), offer("klein", Region.EU, VALID, 0),
)  # fmt: skip
BOOK = Rulebook(
    routes={
        "alle": Route("alle", OFFERS),
        "fern": Route("fern", (OFFERS[3],)),
        "nah": Route("nah", (OFFERS[0], OFFERS[4])),
    },
    use_cases={
        "angebote": UseCase(
            "angebote", data_class=DataClass.CONFIDENTIAL, models=frozenset({"alle", "fern"})
        ),
        "geheim": UseCase("geheim", always_pseudonymise=True),
    },
)
CALLER = Caller(Person("anna", department="vertrieb"))


def ask(model: str, use_case: str | None = None, found: DataClass = DataClass.PUBLIC, stated: DataClass | None = None) -> Ask:  # fmt: skip
    return Ask(CALLER, Prompt("chat", model, (Message("user", (Text("?" * 9),)),)), use_case, stated, found)


def told(question: Ask) -> Explanation:
    return explain(BOOK, question, TODAY, lambda _target, _prompt: None)


@given(
    st.sampled_from(["alle", "fern", "nah", "unbekannt"]),
    st.sampled_from([None, "angebote", "geheim", "fehlt"]),
    st.sampled_from(list(DataClass)),
    st.sampled_from([None, *DataClass]),
)
def test_an_explanation_says_what_admit_does(
    model: str, use_case: str | None, found: DataClass, stated: DataClass | None
) -> None:
    question = ask(model, use_case, found, stated)
    explained = told(question)
    if explained.refusal is not None:
        with pytest.raises(type(explained.refusal)) as refused:
            admit(BOOK, question, TODAY, lambda _target, _prompt: None)
        assert refused.value.de == explained.refusal.de
        return
    admitted = admit(BOOK, question, TODAY, lambda _target, _prompt: None)
    assert explained.data_class is admitted.data_class
    allowed = [(each.target, each.protection) for each in explained.verdicts if each.allowed]
    assert allowed == [(each.target, each.protection) for each in admitted.candidates]


def test_every_target_of_the_model_has_its_reason() -> None:
    reasons = {
        each.target.provider: each.reason for each in told(ask("alle", found=DataClass.PERSONAL)).verdicts
    }
    assert reasons == {
        "eu": "allowed", "ohne": "contract", "alt": "contract", "us": "region", "haus": "allowed", "klein": "context",
    }  # fmt: skip


def test_targets_of_other_models_are_told_too_with_what_the_policy_says_of_them() -> None:
    verdicts = {each.target.provider: each for each in told(ask("fern", found=DataClass.PERSONAL)).verdicts}
    assert verdicts["eu"].reason == "route"
    assert "ließe es zu" in verdicts["eu"].why.de
    assert "kein gültiger Auftragsverarbeitungsvertrag" in verdicts["ohne"].why.de
    assert set(verdicts) == {each.target.provider for each in OFFERS}


def test_the_class_names_what_it_follows_from() -> None:
    sources = told(ask("alle", "angebote", DataClass.PERSONAL, DataClass.INTERNAL)).sources
    assert [(each.name, each.decides) for each in sources] == [
        ("use_case", False), ("stated", False), ("found", True),
    ]  # fmt: skip


def test_it_tells_what_each_target_would_see() -> None:
    sees = {each.target.provider: each.protection for each in told(ask("nah")).verdicts if each.allowed}
    assert sees == {"eu": Protection.MASKED, "haus": Protection.HOUSE}
    sees = {
        each.target.provider: each.protection for each in told(ask("nah", "geheim")).verdicts if each.allowed
    }
    assert sees["haus"] is Protection.MASKED


# ---------------------------------------------------------------- the register of processors


def processors(**dpas: dict[str, str] | None) -> dict[str, Processor]:
    providers = {
        name: Provider.model_validate(
            {"name": name, "kind": "openai", "region": "eu", "base_url": "https://x.example", "dpa": dpa}
        )
        for name, dpa in dpas.items()
    }
    tool = MCPServer.model_validate({"name": "wiki", "url": "https://wiki.example/mcp", "region": "us"})
    return {each.name: each for each in register(providers, {"wiki": tool}, Rulebook(), TODAY)}


def test_the_register_says_what_is_blocked_and_what_a_contract_would_open() -> None:
    found = processors(gut={"signed": "2026-01-01"}, ohne=None)
    assert found["gut"].blocked == (DataClass.SPECIAL,)
    assert found["gut"].by_contract == ()
    assert found["ohne"].by_contract == (DataClass.INTERNAL, DataClass.CONFIDENTIAL, DataClass.PERSONAL)
    assert found["wiki"].is_tool
    assert found["wiki"].by_contract == (DataClass.INTERNAL,)


def test_what_needs_somebody_comes_first() -> None:
    found = processors(
        gut={"signed": "2026-01-01"}, ohne=None, alt={"signed": "2025-01-01", "expires": "2026-11-23"},
        bald={"signed": "2025-01-01", "expires": "2026-12-01"},
    )  # fmt: skip
    assert list(found) == ["alt", "bald", "ohne", "wiki", "gut"]


@pytest.mark.parametrize(
    ("expires", "state", "slot"),
    [
        ("2027-01-23", ContractState.VALID, ""), ("2027-01-22", ContractState.EXPIRING, "before-60"),
        ("2026-12-24", ContractState.EXPIRING, "before-30"), ("2026-11-25", ContractState.EXPIRING, "before-1"),
        ("2026-11-24", ContractState.EXPIRING, "before-1"), ("2026-11-23", ContractState.EXPIRED, "after-0"),
        ("2026-11-16", ContractState.EXPIRED, "after-1"),
    ],
)  # fmt: skip
def test_reminders_begin_sixty_days_ahead_and_each_step_is_one(
    expires: str, state: ContractState, slot: str
) -> None:
    found = processors(p={"signed": "2025-01-01", "expires": expires})["p"]
    assert (found.state, reminder_slot(found)) == (state, slot)


def test_a_contract_of_tomorrow_is_none_yet() -> None:
    dpa = DPA.model_validate({"signed": "2026-11-25"})
    assert state_of(Region.EU, dpa, TODAY) == (ContractState.FUTURE, None)
