"""The pages of privacy and policy, joined with the desks; each step in a thread."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from leitstand.app.desks import desks_of
from leitstand.app.house import House
from leitstand.configuration.models import Pattern, PolicyRule, Term
from leitstand.core.classes import DataClass, Region
from leitstand.core.i18n import Bilingual
from leitstand.identity.callers import Caller
from leitstand.policy.contracts import ContractState, Processor
from leitstand.policy.decisions import PastDecision
from leitstand.policy.explain import Explanation
from leitstand.policy.questions import Looked, Question
from leitstand.privacy.erasures import Erasure, written
from leitstand.privacy.trial import Sample, Trial
from leitstand.privacy.vault import Held, Receipt
from leitstand.web.ports import Viewer

RuleKind = Literal["term", "pattern"]


class PagePrivacy:
    """The test bench, terms and patterns."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desk = desks_of(house).privacy

    async def look(self, viewer: Viewer, text: str, question: Question) -> Looked:
        return await asyncio.to_thread(self._desk.look, self._caller(viewer), text, question)

    async def own_questions(self, viewer: Viewer) -> Sequence[Sample]:
        return await asyncio.to_thread(self._desk.own_questions, viewer.name)

    async def try_rule(self, viewer: Viewer, kind: RuleKind, body: dict[str, Any]) -> Trial:
        work = self._desk.try_term if kind == "term" else self._desk.try_pattern
        return await asyncio.to_thread(work, self._caller(viewer), body, "")

    async def terms(self) -> Sequence[tuple[str, Term]]:
        return self._desk.terms()

    async def patterns(self) -> Sequence[Pattern]:
        return self._desk.patterns()

    async def departments(self) -> Sequence[str]:
        return self._desk.departments()

    async def set_rule(self, viewer: Viewer, kind: RuleKind, body: dict[str, Any]) -> None:
        work = self._desk.set_term if kind == "term" else self._desk.set_pattern
        await asyncio.to_thread(work, body, viewer.name)

    async def remove_rule(self, viewer: Viewer, kind: RuleKind, key: str) -> None:
        work = self._desk.remove_term if kind == "term" else self._desk.remove_pattern
        await asyncio.to_thread(work, key, viewer.name)

    async def export_terms(self) -> str:
        return await asyncio.to_thread(self._desk.export_terms)

    async def import_terms(self, viewer: Viewer, text: str) -> int:
        return await asyncio.to_thread(self._desk.import_terms, text, viewer.name)

    def _caller(self, viewer: Viewer) -> Caller:
        return Caller(self._house.people[viewer.name])


class PagePolicy:
    """The policy table, decisions, and the register of processors."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desk = desks_of(house).policy

    def models(self) -> tuple[str, ...]:
        return tuple(sorted(self._house.gateway.rules.book.routes))

    def use_cases(self) -> tuple[str, ...]:
        return tuple(sorted(self._house.gateway.rules.book.use_cases))

    def table(self) -> dict[DataClass, PolicyRule]:
        return self._desk.table()

    async def set_rule(
        self,
        viewer: Viewer,
        data_class: DataClass,
        regions: tuple[Region, ...],
        pseudonymise: bool,
        dpa: bool,
    ) -> None:
        await asyncio.to_thread(self._desk.set_rule, data_class, regions, pseudonymise, dpa, viewer.name)

    async def explain(self, viewer: Viewer, question: Question) -> Explanation:
        return await asyncio.to_thread(self._desk.explain, self._caller(viewer), question)

    async def past_decision(self, viewer: Viewer, request_id: str) -> PastDecision:
        return await asyncio.to_thread(self._desk.past_decision, self._caller(viewer), request_id)

    async def processors(self) -> tuple[Processor, ...]:
        return await asyncio.to_thread(self._desk.processors)

    async def set_contract(self, viewer: Viewer, name: str, dpa: dict[str, Any] | None) -> None:
        await asyncio.to_thread(self._desk.set_contract, name, dpa, viewer.name)

    def _caller(self, viewer: Viewer) -> Caller:
        return Caller(self._house.people[viewer.name])


def contracts_told(processors: Sequence[Processor]) -> tuple[Bilingual, Bilingual] | None:
    """What the message bar says of contracts that end or have ended: a few words, and which."""
    due = [each for each in processors if each.state in (ContractState.EXPIRING, ContractState.EXPIRED)]
    if not due:
        return None
    told = [
        (f"{each.name} abgelaufen", f"{each.name} expired")
        if each.state is ContractState.EXPIRED
        else (f"{each.name} noch {each.days} Tage", f"{each.name}, {each.days} days left")
        for each in due
    ]
    return (
        Bilingual("Vertrag endet", "Agreement ending")
        if all(each.state is ContractState.EXPIRING for each in due)
        else Bilingual("Vertrag abgelaufen", "Agreement expired"),
        Bilingual(", ".join(de for de, _ in told), ", ".join(en for _, en in told)),
    )


class PageErasing:
    """The vault, for erasure."""

    def __init__(self, house: House) -> None:
        self._vault = house.vault

    async def find_person(self, viewer: Viewer, person: str) -> Sequence[Held]:
        return await asyncio.to_thread(self._vault.find_person, person, viewer.name)

    async def count_file(self, name: str) -> dict[str, int]:
        return await asyncio.to_thread(self._vault.count_scope, name)

    async def erase(
        self, viewer: Viewer, what: Literal["person", "scope"], name: str, reason: str
    ) -> Receipt:
        work = self._vault.erase_person if what == "person" else self._vault.erase_scope
        return await asyncio.to_thread(work, name, viewer.name, reason)

    async def receipts(self) -> Sequence[Erasure]:
        return await asyncio.to_thread(self._vault.erasures)

    async def repeat_list(self) -> str:
        return written(await self.receipts())
