"""What the pages about data protection need from the house (ports.py: Ports)."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from leitstand.configuration.leak_watch import LeakWatch
from leitstand.configuration.models import Pattern, PolicyRule, Term
from leitstand.core.classes import DataClass, Region
from leitstand.policy.contracts import Processor
from leitstand.policy.decisions import PastDecision
from leitstand.policy.explain import Explanation
from leitstand.policy.questions import Looked, Question
from leitstand.privacy.erasures import Erasure
from leitstand.privacy.leaks.values import Finding as LeakFinding
from leitstand.privacy.leaks.values import State as LeakState
from leitstand.privacy.trial import Sample, Trial
from leitstand.privacy.vault import Held, Receipt
from leitstand.web.viewer import Viewer


class Leaks(Protocol):
    """What the leak watch found."""

    async def findings(self, viewer: Viewer, most: int) -> Sequence[LeakFinding]:
        """The newest first; their texts only for whom may decide."""
        ...

    async def counts(self) -> tuple[int, int, int]:
        """Samples kept, samples looked at, open findings."""
        ...

    def settings(self) -> LeakWatch:
        """Those in force."""
        ...

    def reads_images(self) -> bool:
        """Whether images are read: switched on, and this machine can."""
        ...

    async def decide(
        self, viewer: Viewer, finding: str, state: LeakState, note: str, *, always: bool
    ) -> None:
        """Confirm or dismiss; always: replace the words from now on. Raises core.errors.Refusal."""
        ...


class PrivacyRules(Protocol):
    """The test bench, terms and patterns; all methods raise core.errors.Refusal for what cannot be."""

    async def look(self, viewer: Viewer, text: str, question: Question) -> Looked:
        """What is found in a text, what leaves the house, and where it could go."""
        ...

    async def own_questions(self, viewer: Viewer) -> Sequence[Sample]:
        """The viewer's own past requests, newest first; nobody else's."""
        ...

    async def try_rule(self, viewer: Viewer, kind: Literal["term", "pattern"], body: dict[str, Any]) -> Trial:
        """What a term or pattern would change."""
        ...

    async def terms(self) -> Sequence[tuple[str, Term]]:
        """All with their keys."""
        ...

    async def patterns(self) -> Sequence[Pattern]:
        """All by name."""
        ...

    async def departments(self) -> Sequence[str]:
        """Those that there are."""
        ...

    async def set_rule(self, viewer: Viewer, kind: Literal["term", "pattern"], body: dict[str, Any]) -> None:
        """Keep a term or pattern."""
        ...

    async def remove_rule(self, viewer: Viewer, kind: Literal["term", "pattern"], key: str) -> None:
        """Remove it."""
        ...

    async def export_terms(self) -> str:
        """All terms as CSV."""
        ...

    async def import_terms(self, viewer: Viewer, text: str) -> int:
        """Keep all of a CSV list, or none; how many are new or different."""
        ...


class PolicyBoard(Protocol):
    """The policy table, decisions, and the register of processors; methods raise core.errors.Refusal."""

    def models(self) -> tuple[str, ...]:
        """Names that can be asked for."""
        ...

    def use_cases(self) -> tuple[str, ...]:
        """Names that can be named."""
        ...

    def table(self) -> dict[DataClass, PolicyRule]:
        """The rule of each class."""
        ...

    async def set_rule(
        self,
        viewer: Viewer,
        data_class: DataClass,
        regions: tuple[Region, ...],
        pseudonymise: bool,
        dpa: bool,
    ) -> None:
        """Change the rule of a class."""
        ...

    async def explain(self, viewer: Viewer, question: Question) -> Explanation:
        """The decision on a question, by the code that requests go through."""
        ...

    async def past_decision(self, viewer: Viewer, request_id: str) -> PastDecision:
        """What was decided on a request."""
        ...

    async def processors(self) -> tuple[Processor, ...]:
        """All, those that need somebody first."""
        ...

    async def set_contract(self, viewer: Viewer, name: str, dpa: dict[str, Any] | None) -> None:
        """Enter, change or remove a contract."""
        ...


class Erasing(Protocol):
    """The vault of placeholders, for erasure."""

    async def find_person(self, viewer: Viewer, person: str) -> Sequence[Held]:
        """What would be erased; that the viewer looked is noted."""
        ...

    async def count_file(self, name: str) -> dict[str, int]:
        """How many entries a client's file holds, by the word of their placeholders."""
        ...

    async def erase(
        self, viewer: Viewer, what: Literal["person", "scope"], name: str, reason: str
    ) -> Receipt:
        """Erase for good."""
        ...

    async def receipts(self) -> Sequence[Erasure]:
        """Newest first."""
        ...

    async def repeat_list(self) -> str:
        """What must be erased again after a restore, without names."""
        ...
