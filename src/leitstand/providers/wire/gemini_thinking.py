"""How the generations of Gemini think, and what they want back of it.

Source: Gemini API guides "Thinking" (levels from generation 3, budgets in 2.5, none before) and "Thought
signatures" (from generation 3 a function call without its seal is refused; a documented word stands in for
a seal that is lost, as in conversations begun at another provider).
"""

import re
from typing import Final

from leitstand.core.conversation import Json

NO_SIGNATURE: Final = "skip_thought_signature_validator"
"""Google's stand-in for a seal that nobody has."""
MAKER: Final = "gemini"
"""Marks Google's seals; see `wire/seals.py`."""

_OLD = re.compile(r"gemini-(pro(-vision)?$|[12](?!\d))")
_BUDGETED = re.compile(r"gemini-2\.5")
_NO_LEVELS = re.compile(r"(?:^|/)(?!gemini-)[\w.-]+$")  # gemma, learnlm and whatever else is served there
_PRO = re.compile(r"-pro(-|$)")
_BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192}
_MOST_BUDGET = 24_576
_LEAST_BUDGET_PRO = 128  # the large model of 2.5 cannot be kept from thinking
_LEVELS = {"none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM"}


def thinking_config(model: str, effort: str) -> Json:
    """The thinking setting for a wish such as `high`; empty where there is none to say.

    Who asks for thinking also gets its summary. `none` becomes the least that the model can do.
    """
    if not effort or _NO_LEVELS.search(model) or (_OLD.search(model) and not _BUDGETED.search(model)):
        return {}
    shown: Json = {} if effort == "none" else {"includeThoughts": True}
    if _BUDGETED.search(model):
        budget = _BUDGETS.get(effort, _MOST_BUDGET)
        return {**shown, "thinkingBudget": max(budget, _LEAST_BUDGET_PRO) if _PRO.search(model) else budget}
    level = _LEVELS.get(effort, "HIGH")
    return {**shown, "thinkingLevel": "LOW" if level == "MINIMAL" and _PRO.search(model) else level}


def demands_signatures(model: str) -> bool:
    """Whether the model refuses function calls without their seal: Gemini from generation 3."""
    return not _OLD.search(model) and not _NO_LEVELS.search(model)


def mixes_json_and_tools(model: str) -> bool:
    """Whether a JSON answer and tools go together: Gemini from generation 3."""
    return demands_signatures(model)
