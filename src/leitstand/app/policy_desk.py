"""The policy table, decisions explained, and the register of processors, for pages, programs and the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.kinds import plain
from leitstand.configuration.models import PolicyRule
from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import Message, Prompt, Text
from leitstand.core.errors import InvalidRequest, NotFound, NotPermitted
from leitstand.gateway.tiers.classify import judge
from leitstand.identity.callers import Caller, Person
from leitstand.identity.roles import Permission, may
from leitstand.policy.admit import Ask, Lacks
from leitstand.policy.contracts import Processor, register
from leitstand.policy.decisions import PastDecision
from leitstand.policy.explain import Explanation, explain
from leitstand.policy.questions import Question
from leitstand.policy.rulebook import Rulebook


@dataclass(frozen=True)
class PolicyDesk:
    """Blocking: call it in a thread. past: reads a request's decision from the journal."""

    configuration: Callable[[], Configuration]
    book: Callable[[], Rulebook]
    people: Callable[[], Any]
    lacks: Lacks
    editor: Editor
    refresh: Callable[[], None]
    today: Callable[[], date]
    past: Callable[[str], PastDecision | None]

    # ------------------------------------------------------------ decisions

    def explain(self, caller: Caller, question: Question) -> Explanation:
        """The decision on a short question in plain words; see `policy.explain`."""
        model = question.model or self.first_model(question.use_case)
        if not model:
            raise InvalidRequest(
                "Es ist noch kein Modell eingerichtet. Tragen Sie eines in der Konfiguration ein.",
                "No model is set up yet. Enter one in the configuration.",
            )
        prompt = Prompt("chat", model, (Message("user", (Text("?"),)),))
        return self.explain_prompt(caller, prompt, question, DataClass.PUBLIC)

    def explain_prompt(
        self, caller: Caller, prompt: Prompt, question: Question, found: DataClass
    ) -> Explanation:
        """The decision on a prompt in which such data was found."""
        person = self.person(caller, question.user)
        asking = caller if person is caller.person else Caller(person)
        ask = Ask(asking, prompt, question.use_case or None, question.stated, found)
        return explain(self.book(), ask, self.today(), self.lacks, lambda each: judge(each).tier)

    def person(self, caller: Caller, user: str) -> Person:
        """The person that is asked about: oneself, or somebody else for those who may see people.

        Raises NotPermitted, NotFound.
        """
        if not user or user == caller.name:
            return caller.person
        if not may(caller.role, Permission.USERS_READ):
            raise NotPermitted(
                "Für andere Personen dürfen Sie nicht fragen. Lassen Sie die Angabe weg.",
                "You may not ask for other people. Leave it out.",
                detail={"permission": str(Permission.USERS_READ)},
            )
        person: Person | None = self.people().get(user)
        if person is None:
            raise NotFound(f"Die Person „{user}“ gibt es nicht.", f"There is no user '{user}'.")
        return person

    def first_model(self, use_case: str) -> str:
        """The model that a question is about which names none; empty where there is none."""
        book = self.book()
        known = book.use_cases.get(use_case)
        names = sorted(known.models) if known and known.models else list(book.routes)
        return next((name for name in names if name in book.routes), "")

    def past_decision(self, caller: Caller, request_id: str) -> PastDecision:
        """What was decided on a request: one's own, or anybody's for those who may read the audit trail.

        Raises NotFound, also where the caller may not know of it.
        """
        found = self.past(request_id)
        if found is None or (found.user != caller.name and not may(caller.role, Permission.AUDIT_READ)):
            raise NotFound(
                f"Die Anfrage „{request_id}“ ist nicht im Journal, oder Sie dürfen sie nicht sehen.",
                f"The request '{request_id}' is not in the journal, or you may not see it.",
            )
        return found

    # ------------------------------------------------------------ the table

    def table(self) -> dict[DataClass, PolicyRule]:
        """The rule of each class, in force now."""
        return dict(self.configuration().policy)

    def set_rule(
        self, data_class: DataClass, regions: tuple[Region, ...], pseudonymise: bool, dpa: bool, actor: str
    ) -> None:
        """Change the rule of a class; raises ConfigurationRefused."""
        body = {"regions": [each.value for each in regions], "pseudonymise": pseudonymise, "dpa": dpa}
        self.editor.set_object("policy", body, actor, data_class.word)
        self.refresh()

    # ------------------------------------------------------------ processors

    def processors(self) -> tuple[Processor, ...]:
        """All, those that need somebody first."""
        now = self.configuration()
        return register(now.providers, now.mcp_servers, self.book(), self.today())

    def set_contract(self, name: str, dpa: dict[str, Any] | None, actor: str) -> None:
        """Enter, change or remove (None) the contract with a provider or MCP server.

        Raises NotFound, ConfigurationRefused.
        """
        now = self.configuration()
        kind = "provider" if name in now.providers else "mcp_server"
        holder = now.providers.get(name) or now.mcp_servers.get(name)
        if holder is None:
            raise NotFound(f"Den Anbieter „{name}“ gibt es nicht.", f"There is no provider '{name}'.")
        body = {key: value for key, value in plain(holder).items() if key != "dpa"}
        self.editor.set_object(kind, body if dpa is None else {**body, "dpa": dpa}, actor)
        self.refresh()
