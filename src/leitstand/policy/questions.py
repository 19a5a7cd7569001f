"""What people ask about decisions, and what they get."""

from dataclasses import dataclass

from leitstand.core.classes import DataClass
from leitstand.policy.explain import Explanation
from leitstand.privacy.bench import Examined


@dataclass(frozen=True)
class Question:
    """What a decision is asked about. user: whose request; empty: the caller's own. stated: the class stated."""

    model: str = ""
    use_case: str = ""
    stated: DataClass | None = None
    user: str = ""


@dataclass(frozen=True)
class Looked:
    """A text on the bench. decision: where a request with it could go; None where no model is set up."""

    examined: Examined
    decision: Explanation | None
