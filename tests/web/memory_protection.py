"""The ports of privacy and policy for page tests: the real bench, trial, decisions and register, on rules in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from pydantic import ValidationError

from leitstand.configuration.models import Pattern, PolicyRule, Provider, Term
from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import Message, Prompt, Text
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.identity.callers import Caller, Person
from leitstand.policy.admit import Ask
from leitstand.policy.contracts import Processor, register
from leitstand.policy.decisions import PastDecision
from leitstand.policy.explain import Explanation, explain
from leitstand.policy.questions import Looked, Question
from leitstand.policy.rulebook import DEFAULT_POLICY, Contract, Offer, PolicyRow, Route, Rulebook, UseCase
from leitstand.privacy import term_list
from leitstand.privacy.bench import examine
from leitstand.privacy.erasures import Erasure, written
from leitstand.privacy.persons import is_of
from leitstand.privacy.scan import Scanner
from leitstand.privacy.trial import Sample, Trial, shipped_samples, try_out
from leitstand.privacy.vault import Held, Receipt
from leitstand.privacy.wording import own_pattern, own_term
from leitstand.providers.base import Target
from leitstand.web.ports import Viewer

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
TODAY = NOW.date()
RuleKind = Literal["term", "pattern"]


def _providers() -> dict[str, Provider]:
    address = {"kind": "openai", "base_url": "https://eu.api.beispiel.example/v1"}
    bodies: list[dict[str, Any]] = [
        {"name": "openai-eu", "region": "eu", **address, "dpa": {
            "signed": "2026-01-15", "expires": "2028-01-15", "document": "https://ablage.beispiel.example/avv.pdf",
            "sub_processors": ["Rechenzentrum Nord GmbH"], "training_opt_out": True, "retention_days": 30}},
        {"name": "mistral-eu", "region": "eu", **address, "dpa": {"signed": "2025-01-15", "expires": "2026-12-20"}},
        {"name": "azure-eu", "region": "eu", **address, "dpa": {"signed": "2024-01-15", "expires": "2026-11-01"}},
        {"name": "openai-us", "region": "us", **address},
        {"name": "lokal", "kind": "openai_compatible", "region": "local", "base_url": "http://llm.intern:8000/v1"},
    ]  # fmt: skip
    return {body["name"]: Provider.model_validate(body) for body in bodies}


@dataclass
class MemoryPrivacy:
    kept: dict[str, Term] = field(default_factory=dict)
    patterns_: dict[str, Pattern] = field(default_factory=dict)
    own: tuple[str, ...] = ("Was kann ich Frau Sommer zum Projekt Nordlicht zusagen?",)

    async def look(self, viewer: Viewer, text: str, question: Question) -> Looked:
        examined = examine(text, self._scanner())
        decision = await MemoryPolicy().explain(viewer, question, examined.data_class)
        return Looked(examined, decision)

    async def own_questions(self, viewer: Viewer) -> Sequence[Sample]:
        return [Sample("own", text) for text in self.own]

    async def try_rule(self, viewer: Viewer, kind: RuleKind, body: dict[str, Any]) -> Trial:
        rule = self._checked(kind, body)
        rules = own_term(rule) if isinstance(rule, Term) else own_pattern(rule)
        return try_out(self._scanner(), rules, [*await self.own_questions(viewer), *shipped_samples()])

    async def terms(self) -> Sequence[tuple[str, Term]]:
        return list(self.kept.items())

    async def patterns(self) -> Sequence[Pattern]:
        return list(self.patterns_.values())

    async def departments(self) -> Sequence[str]:
        return ["einkauf", "vertrieb"]

    async def set_rule(self, viewer: Viewer, kind: RuleKind, body: dict[str, Any]) -> None:
        rule = self._checked(kind, body)
        if isinstance(rule, Term):
            self.kept[rule.key] = rule
        else:
            self.patterns_[rule.name] = rule

    async def remove_rule(self, viewer: Viewer, kind: RuleKind, key: str) -> None:
        found = self.kept.pop(key, None) if kind == "term" else self.patterns_.pop(key, None)
        if found is None:
            raise NotFound("Den gibt es nicht.", "There is none.")

    async def export_terms(self) -> str:
        return term_list.written(self.kept.values())

    async def import_terms(self, viewer: Viewer, text: str) -> int:
        terms = term_list.read(text)
        self.kept |= {term.key: term for term in terms}
        return len(terms)

    def _scanner(self) -> Scanner:
        return Scanner(terms={term.text: own_term(term).always[term.text] for term in self.kept.values()})

    @staticmethod
    def _checked(kind: RuleKind, body: dict[str, Any]) -> Term | Pattern:
        try:
            return Term.model_validate(body) if kind == "term" else Pattern.model_validate(body)
        except ValidationError as cause:
            said = str(cause.errors()[0]["msg"])
            raise InvalidRequest(said, said) from cause


@dataclass
class MemoryPolicy:
    rules: dict[DataClass, PolicyRule] = field(
        default_factory=lambda: {
            data_class: PolicyRule(
                regions=tuple(sorted(row.regions)), pseudonymise=row.pseudonymise, dpa=row.dpa
            )
            for data_class, row in DEFAULT_POLICY.items()
        }
    )
    providers: dict[str, Provider] = field(default_factory=_providers)
    fresh: bool = False

    def models(self) -> tuple[str, ...]:
        return ("fern", "standard")

    def use_cases(self) -> tuple[str, ...]:
        return ("angebote",)

    def table(self) -> dict[DataClass, PolicyRule]:
        return dict(self.rules)

    async def set_rule(
        self,
        viewer: Viewer,
        data_class: DataClass,
        regions: tuple[Region, ...],
        pseudonymise: bool,
        dpa: bool,
    ) -> None:
        self.rules[data_class] = PolicyRule(regions=regions, pseudonymise=pseudonymise, dpa=dpa)

    async def explain(
        self, viewer: Viewer, question: Question, found: DataClass = DataClass.PUBLIC
    ) -> Explanation:
        prompt = Prompt("chat", question.model or "standard", (Message("user", (Text("?"),)),))
        ask = Ask(Caller(Person(viewer.name)), prompt, question.use_case or None, question.stated, found)
        return explain(self._book(), ask, TODAY, lambda _target, _prompt: None)

    async def past_decision(self, viewer: Viewer, request_id: str) -> PastDecision:
        if request_id != "req_1":
            raise NotFound("Die Anfrage ist nicht im Journal.", "The request is not in the journal.")
        return PastDecision(
            "req_1", int(NOW.timestamp() * 1e6), viewer.name, "angebote", "standard", "openai-eu", "eu", "personal",
            "found", "ok", "", 2, {"PERSON": 1}, {"openai-us": "region"},
        )  # fmt: skip

    async def processors(self) -> tuple[Processor, ...]:
        return () if self.fresh else register(self.providers, {}, self._book(), TODAY)

    async def set_contract(self, viewer: Viewer, name: str, dpa: dict[str, Any] | None) -> None:
        body = self.providers[name].model_dump(mode="json", exclude_unset=True, exclude={"dpa"})
        try:
            self.providers[name] = Provider.model_validate(body if dpa is None else {**body, "dpa": dpa})
        except ValidationError as cause:
            said = str(cause.errors()[0]["msg"])
            raise InvalidRequest(said, said) from cause

    def _book(self) -> Rulebook:
        offers = {name: _offer(each) for name, each in self.providers.items()}
        return Rulebook(
            routes={
                "standard": Route("standard", (offers["openai-eu"], offers["azure-eu"], offers["lokal"])),
                "fern": Route("fern", (offers["openai-us"],)),
            },
            use_cases={"angebote": UseCase("angebote", data_class=DataClass.CONFIDENTIAL)},
            policy={
                each: PolicyRow(frozenset(rule.regions), rule.pseudonymise, rule.dpa)
                for each, rule in self.rules.items()
            },
        )


def _offer(provider: Provider) -> Offer:
    dpa = provider.dpa
    target = Target(
        provider.name, provider.kind.value, "gpt-4o-mini", provider.place, provider.base_url or ""
    )
    return Offer(target, None if dpa is None else Contract(dpa.signed, dpa.expires))


@dataclass
class MemoryErasing:
    held: list[Held] = field(
        default_factory=lambda: [
            Held(1, "Vorname_001", "Anna"), Held(1, "Person_001", "Kowalczyk"),
            Held(2, "Mailadresse_001", "anna.kowalczyk@beispiel.example"), Held(2, "Person_001", "Wagner"),
        ]
    )  # fmt: skip
    files: dict[str, dict[str, int]] = field(
        default_factory=lambda: {"mandant-17": {"Firma": 1, "Person": 3}}
    )
    done: list[Erasure] = field(default_factory=list)
    day: date = TODAY

    async def find_person(self, viewer: Viewer, person: str) -> Sequence[Held]:
        return [each for each in self.held if is_of(person, each.original)]

    async def count_file(self, name: str) -> dict[str, int]:
        return self.files.get(name, {})

    async def erase(
        self, viewer: Viewer, what: Literal["person", "scope"], name: str, reason: str
    ) -> Receipt:
        gone = list(await self.find_person(viewer, name)) if what == "person" else []
        entries = len(gone) or sum(self.files.pop(name, {}).values())
        self.held = [each for each in self.held if each not in gone]
        receipt = Receipt(f"evt_{len(self.done) + 1}", int(NOW.timestamp() * 1e6), len({each.file for each in gone}) or 1, entries)  # fmt: skip
        self.done.insert(
            0,
            Erasure(
                receipt.id,
                receipt.time_us,
                what,
                viewer.name,
                reason,
                receipt.scopes,
                receipt.entries,
                ("ab" * 16,),
            ),
        )
        return receipt

    async def receipts(self) -> Sequence[Erasure]:
        return self.done

    async def repeat_list(self) -> str:
        return written(self.done)
