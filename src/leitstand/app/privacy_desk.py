"""The test bench, and the terms and patterns that people keep, for pages, programs and the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError

from leitstand.answers.conversations import Conversations
from leitstand.app.policy_desk import PolicyDesk
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.file import Document, Entry
from leitstand.configuration.finding import Place
from leitstand.configuration.kinds import KINDS, plain
from leitstand.configuration.messages import remarks
from leitstand.configuration.models import Pattern, Term
from leitstand.configuration.privacy_rules import term_key
from leitstand.configuration.refusal import ConfigurationRefused
from leitstand.core.errors import NotFound
from leitstand.identity.callers import Caller
from leitstand.policy.questions import Looked, Question
from leitstand.privacy import term_list
from leitstand.privacy.bench import examine, prompt_of
from leitstand.privacy.scan import Scanner
from leitstand.privacy.trial import Sample, Trial, shipped_samples, try_out
from leitstand.privacy.wording import own_pattern, own_term

Rule = TypeVar("Rule", Term, Pattern)
OWN_QUESTIONS = 100  # how many of a person's own past requests a trial reads


@dataclass(frozen=True)
class PrivacyDesk:
    """Blocking: call it in a thread. scanner: the company's, in force now. refresh: takes over a change now."""

    configuration: Callable[[], Configuration]
    scanner: Callable[[], Scanner]
    policy: PolicyDesk
    editor: Editor
    conversations: Conversations
    refresh: Callable[[], None]
    today: Callable[[], date]

    # ------------------------------------------------------------ the bench

    def look(self, caller: Caller, text: str, question: Question) -> Looked:
        """What is found in a text of this caller, what leaves the house, and where it could go."""
        person = self.policy.person(caller, question.user)
        examined = examine(text, self.scanner().of(person.department))
        model = question.model or self.policy.first_model(question.use_case)
        if not model:
            return Looked(examined, None)
        decision = self.policy.explain_prompt(caller, prompt_of(text, model), question, examined.data_class)
        return Looked(examined, decision)

    def own_questions(self, user: str) -> list[Sample]:
        """The newest questions that a person has asked in the chat; nobody else's can be reached."""
        samples: list[Sample] = []
        for summary in self.conversations.list(user):
            talk = self.conversations.read(user, summary.id)
            for turn in talk.turns if talk else ():
                text = "".join(segment.text for segment in turn.segments)
                samples.append(Sample("own", text, name=summary.title))
            if len(samples) >= OWN_QUESTIONS:
                break
        return samples[:OWN_QUESTIONS]

    def try_term(self, caller: Caller, body: dict[str, Any], pasted: str) -> Trial:
        """What a term would change; raises ConfigurationRefused for one that cannot be."""
        return self._try(caller, _checked(Term, body), pasted)

    def try_pattern(self, caller: Caller, body: dict[str, Any], pasted: str) -> Trial:
        """What a pattern would change; raises ConfigurationRefused for one that cannot be."""
        return self._try(caller, _checked(Pattern, body), pasted)

    def _try(self, caller: Caller, wanted: Term | Pattern, pasted: str) -> Trial:
        samples = [Sample("pasted", text) for text in (pasted.strip(),) if text]
        samples += [*self.own_questions(caller.name), *shipped_samples()]
        if isinstance(wanted, Pattern):
            samples += [Sample("pasted", text) for text in wanted.examples]
            samples += [Sample("pasted", text, harmless=True) for text in wanted.counter_examples]
        rules = own_term(wanted) if isinstance(wanted, Term) else own_pattern(wanted)
        return try_out(self.scanner().of(wanted.department), rules, samples)

    # ------------------------------------------------------------ terms and patterns

    def terms(self) -> list[tuple[str, Term]]:
        """All terms with the names that they are stored under, in the order of the alphabet."""
        return sorted(self.configuration().terms.items(), key=lambda each: each[1].text.casefold())

    def patterns(self) -> list[Pattern]:
        """All patterns by name."""
        return sorted(self.configuration().patterns.values(), key=lambda each: each.name.casefold())

    def departments(self) -> list[str]:
        """Those that people or use cases belong to, or that have rules already."""
        now = self.configuration()
        holders = (now.users, now.use_cases, now.terms, now.patterns)
        return sorted({each.department for held in holders for each in held.values()} - {""})

    def set_term(self, body: dict[str, Any], actor: str, replaces: str = "") -> str:
        """Keep a term; returns its name. replaces: that of the one which it takes the place of.

        Raises ConfigurationRefused.
        """
        term = _checked(Term, body)
        self.editor.set_object("term", plain(term), actor)
        if replaces and replaces != term.key:
            self.editor.remove_object("term", replaces, actor)
        self.refresh()
        return term.key

    def set_pattern(self, body: dict[str, Any], actor: str) -> None:
        """Keep a pattern, in the place of one of the same name; raises ConfigurationRefused."""
        self.editor.set_object("pattern", plain(_checked(Pattern, body)), actor)
        self.refresh()

    def remove_term(self, key: str, actor: str) -> None:
        """Remove a term, named by its key; raises ConfigurationRefused where there is none."""
        self.editor.remove_object("term", key, actor)
        self.refresh()

    def remove_pattern(self, name: str, actor: str) -> None:
        """Remove a pattern; raises ConfigurationRefused where there is none."""
        self.editor.remove_object("pattern", name, actor)
        self.refresh()

    def key_of(self, text: str, department: str) -> str:
        """The key of a term; raises NotFound."""
        key = term_key(text, department)
        if key not in self.configuration().terms:
            raise NotFound(
                f"Den Begriff „{text}“ gibt es in dieser Liste nicht.",
                f"There is no term '{text}' in this list.",
            )
        return key

    def export_terms(self) -> str:
        """All terms as CSV."""
        return term_list.written(term for _, term in self.terms())

    def import_terms(self, text: str, actor: str) -> int:
        """Keep all terms of a CSV list, or none; returns how many are new or different. Raises InvalidRequest."""
        entries = tuple(Entry("term", term.key, plain(term)) for term in term_list.read(text))
        applied = self.editor.apply(
            Document(tuple({each.name: each for each in entries}.values()), ()), actor
        )
        self.refresh()
        return len(applied.changes)


def _checked(model: type[Rule], body: dict[str, Any]) -> Rule:
    try:
        return model.model_validate(body)
    except ValidationError as cause:
        kind = next(name for name, each in KINDS.items() if each.model is model)
        found = remarks(cause, KINDS[kind].model, ())
        raise ConfigurationRefused(tuple(each.at(Place()) for each in found)) from cause
