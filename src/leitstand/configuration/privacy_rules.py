"""The sections `terms` and `patterns`: what detectors treat in a fixed way, for all or for one department."""

from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.sections import PRIVATE, Named, Section
from leitstand.core.linear_patterns import LinearPattern, PatternRefused

# The types of privacy/entities.py, which lies on a higher floor.
EntityWord = Literal[
    "PERSON", "ADDRESS", "ORG", "DATE_OF_BIRTH", "EMAIL", "PHONE", "IBAN", "CREDIT_CARD", "TAX_ID", "VAT_ID", "SSN",
    "HEALTH_ID", "ID_DOC", "LICENSE_PLATE", "VIN", "REF_ID", "REG_NO", "USERNAME", "IP_ADDRESS", "URL",
]  # fmt: skip
Examples = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=50)]
Department = Annotated[str, Field(max_length=v.MAX_NAME)]
Remark = Annotated[str, Field(max_length=300)]


class Term(Section):
    """A word or name that is always, or never, replaced."""

    text: Annotated[str, Field(min_length=2, max_length=200)] = Field(
        description="The term; capitals, a genitive s and the number of blanks do not matter.",
        json_schema_extra=PRIVATE,
    )
    treat: Literal["always", "never"] = Field(
        default="always",
        description="`always`: replaced wherever it stands. `never`: stays readable where a detector finds exactly it; "
        "numbers with check digits stay replaced.",
    )
    type: EntityWord = Field(default="REF_ID", description="What it counts as when it is replaced.")
    department: Department = Field(default="", description="For whose requests; empty: the whole company.")
    owner: Department = Field(default="", description="Who answers for it.")
    comment: Remark = Field(default="", description="What it is for.", json_schema_extra=PRIVATE)
    until: v.Day | None = Field(default=None, description="Last day on which it counts; none: always.")

    @model_validator(mode="after")
    def _has_letters(self) -> "Term":
        if sum(char.isalnum() for char in self.text) < 2:
            raise v.refused(
                "Ein Begriff braucht mindestens zwei Buchstaben oder Ziffern.",
                "A term needs at least two letters or figures.",
            )
        return self

    @property
    def key(self) -> str:
        """A hash: the journal names what was changed, and must not hold a client's name for ever."""
        return term_key(self.text, self.department)


def term_key(text: str, department: str) -> str:
    """The name under which a term of a department is stored, in whatever spelling."""
    said = f"{' '.join(text.casefold().split())}\0{department}"
    return f"term-{sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


class Pattern(Named):
    """An own regular expression; what it finds is replaced. Its examples must hold whenever it is stored."""

    expression: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="Regular expression (RE2, without look-around); a group `(?P<v>…)` marks what is replaced."
    )
    type: EntityWord = Field(default="REF_ID", description="What a find counts as.")
    examples: Annotated[Examples, Field(min_length=1)] = Field(
        description="Texts in which it must find something.", json_schema_extra=PRIVATE
    )
    counter_examples: Examples = Field(
        default=(), description="Texts in which it must find nothing.", json_schema_extra=PRIVATE
    )
    department: Department = Field(default="", description="For whose requests; empty: the whole company.")
    owner: Department = Field(default="", description="Who answers for it.")
    comment: Remark = Field(default="", description="What it is for.", json_schema_extra=PRIVATE)
    until: v.Day | None = Field(default=None, description="Last day on which it counts; none: always.")

    @model_validator(mode="after")
    def _holds(self) -> "Pattern":
        try:
            pattern = LinearPattern(self.expression)
        except PatternRefused as refused:
            raise v.refused(refused.de, refused.en) from refused
        missed = [number for number, text in enumerate(self.examples, 1) if not pattern.hits(text)]
        if missed:
            numbers = ", ".join(map(str, missed))
            raise v.refused(
                f"Das Muster findet in Beispiel {numbers} nichts. Ändern Sie das Muster oder das Beispiel.",
                f"The pattern finds nothing in example {numbers}. Change the pattern or the example.",
            )
        caught = [number for number, text in enumerate(self.counter_examples, 1) if pattern.hits(text)]
        if caught:
            numbers = ", ".join(map(str, caught))
            raise v.refused(
                f"Das Muster trifft auch Gegenbeispiel {numbers}. Grenzen Sie es enger ein.",
                f"The pattern also matches counter-example {numbers}. Narrow it down.",
            )
        return self
