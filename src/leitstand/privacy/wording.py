"""From the stored configuration to a scanner: whose words count for whom today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from leitstand.configuration import models as stored
from leitstand.configuration.current import Configuration
from leitstand.core.linear_patterns import LinearPattern
from leitstand.privacy.entities import EntityType
from leitstand.privacy.own_rules import OwnPattern, OwnRules
from leitstand.privacy.scan import Scanner
from leitstand.privacy.tagger import tagger


@dataclass(frozen=True)
class Wording:
    """What a scanner is made of: two equal ones find the same. departments: what each adds."""

    detection: str = "full"
    company: OwnRules = field(default_factory=OwnRules)
    departments: Mapping[str, OwnRules] = field(default_factory=dict)


def wording(configuration: Configuration, today: date) -> Wording:
    """The company's own words, terms and patterns, and those of departments, as they count today."""
    privacy = configuration.privacy
    own = (configuration.organisation.name, *privacy.allow, *privacy.never)
    always = dict.fromkeys(privacy.always, EntityType.REF_ID)
    company = OwnRules(tuple(name for name in own if name), always=always)
    found: dict[str, OwnRules] = {}
    for term in configuration.terms.values():
        if term.until is None or today <= term.until:
            found[term.department] = found.get(term.department, OwnRules()).plus(own_term(term))
    for pattern in configuration.patterns.values():
        if pattern.until is None or today <= pattern.until:
            found[pattern.department] = found.get(pattern.department, OwnRules()).plus(own_pattern(pattern))
    return Wording(privacy.detection, company.plus(found.pop("", OwnRules())), found)


def own_term(term: stored.Term) -> OwnRules:
    """One term as a rule."""
    if term.treat == "never":
        return OwnRules(never=(term.text,))
    return OwnRules(always={term.text: EntityType(term.type)})


def own_pattern(pattern: stored.Pattern) -> OwnRules:
    """One pattern as a rule."""
    own = OwnPattern(pattern.name, LinearPattern(pattern.expression), EntityType(pattern.type))
    return OwnRules(patterns=(own,))


def scanner_for(words: Wording) -> Scanner:
    """Detectors and tagger with the company's own words: the company and its own names stay readable."""
    reader = tagger() if words.detection == "full" else None
    return Scanner(tagger=reader, rules=words.company, departments=words.departments)
