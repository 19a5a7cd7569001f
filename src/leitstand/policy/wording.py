"""Words that refusals share."""

from leitstand.core.classes import DataClass
from leitstand.policy.rulebook import Rulebook


def known(names: object, language: str) -> str:
    """The names there are, as the end of a refusal."""
    listed = ", ".join(sorted(names)[:20]) if isinstance(names, dict) and names else ""
    if not listed:
        return ""
    return f" Es gibt: {listed}." if language == "de" else f" There are: {listed}."


def whom(rules: Rulebook, language: str) -> str:
    """Whom to ask, as the end of a refusal."""
    if not rules.contact:
        return ""
    return f" Fragen beantwortet: {rules.contact}." if language == "de" else f" Ask: {rules.contact}."


CLASS_DE = {
    DataClass.PUBLIC: "öffentlich",
    DataClass.INTERNAL: "intern",
    DataClass.CONFIDENTIAL: "vertraulich",
    DataClass.PERSONAL: "personenbezogen",
    DataClass.SPECIAL: "besonders geschützt",
}
