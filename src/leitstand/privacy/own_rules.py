"""What a company adds to the detectors: names that stay readable, terms with a fixed treatment, patterns of its own.

`always` beats `never`, of whichever level: what anybody wants replaced is replaced. `never` keeps readable only what
a detector finds exactly there, and never a number that carries a check digit.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from leitstand.core.linear_patterns import LinearPattern
from leitstand.privacy.entities import Entity, EntityType

CHECKED = frozenset({
    EntityType.IBAN, EntityType.CREDIT_CARD, EntityType.TAX_ID, EntityType.VAT_ID, EntityType.SSN,
    EntityType.HEALTH_ID, EntityType.ID_DOC, EntityType.VIN,
})  # fmt: skip
"""Types that no `never` makes readable."""
TERMS, PATTERNS = "terms", "patterns"
OWN = frozenset({TERMS, PATTERNS})
"""The names that own rules bear where detectors have theirs."""
_PATTERN_SCORE = 0.97
_LEGAL_TAIL = re.compile(
    r"\s(?:gmbh.*|ag|se|kg|ohg|gbr|partg.*|ug.*|e\.?k\.?|e\.?v\.?|ltd\.?|inc\.?)$", re.IGNORECASE
)
_MOST_BESIDE = 12  # characters of an article or a legal form beside an own name


@dataclass(frozen=True)
class OwnPattern:
    """A pattern under its name; what it finds counts as `type`."""

    name: str
    pattern: LinearPattern
    type: EntityType


@dataclass(frozen=True)
class OwnRules:
    """allow: own names, which stay readable with their legal form. never: terms that stay readable as they are.

    always: terms that are replaced, with what they count as.
    """

    allow: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    always: Mapping[str, EntityType] = field(default_factory=dict)
    patterns: tuple[OwnPattern, ...] = ()

    def plus(self, other: "OwnRules") -> "OwnRules":
        """Both together; where both name a term, this one says what it counts as."""
        return OwnRules(
            self.allow + other.allow,
            self.never + other.never,
            {**other.always, **self.always},
            self.patterns + other.patterns,
        )

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.allow or self.never or self.always or self.patterns)


class Compiled:
    """Own rules, ready to be used on texts; safe to share between threads."""

    def __init__(self, rules: OwnRules) -> None:
        self._allow = phrases((*rules.allow, *(_LEGAL_TAIL.sub("", name.strip()) for name in rules.allow)))
        self._never = phrases(rules.never)
        self._always = {folded(term): type_ for term, type_ in rules.always.items()}
        self._terms = phrases(self._always)
        self._patterns = rules.patterns

    def finds(self, text: str) -> Iterator[Entity]:
        """What terms and patterns find."""
        for match in self._terms.finditer(text) if self._terms else ():
            if type_ := self._always.get(folded(match["v"])):
                yield Entity(*match.span(), type_, TERMS, 1.0, "own term")
        for own in self._patterns:
            for start, end in own.pattern.spans(text):
                yield Entity(start, end, own.type, PATTERNS, _PATTERN_SCORE, f"own pattern {own.name}")

    def without_readable(self, text: str, entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
        """The entities but for those that stay readable."""
        if self._allow is None and self._never is None:
            return entities
        allowed = [match.span() for match in self._allow.finditer(text)] if self._allow else []
        kept = {match.span() for match in self._never.finditer(text)} if self._never else set()
        kept |= {match.span("v") for match in self._never.finditer(text)} if self._never else set()
        return tuple(
            entity
            for entity in entities
            if not _is_allowed(entity, allowed) and not _is_kept(text, entity, kept)
        )


def _is_allowed(entity: Entity, allowed: list[tuple[int, int]]) -> bool:
    """A company or name inside an allowed phrase, or little longer than it (an article, a legal form)."""
    if entity.detector in OWN or entity.type not in (EntityType.ORG, EntityType.PERSON):
        return False
    return any(
        entity.start < end
        and start < entity.end
        and (entity.end - entity.start) - (end - start) <= _MOST_BESIDE
        for start, end in allowed
    )


def _is_kept(text: str, entity: Entity, kept: set[tuple[int, int]]) -> bool:
    """Whether the entity is exactly one of the spans, its legal form aside."""
    if not kept or entity.detector in OWN or entity.type in CHECKED:
        return False
    tail = _LEGAL_TAIL.search(text[entity.start : entity.end])
    ends = {entity.end, entity.start + tail.start()} if tail else {entity.end}
    return any((entity.start, end) in kept for end in ends)


def folded(term: str) -> str:
    """One spelling for a term: lower case, single blanks."""
    return " ".join(term.lower().split())


def phrases(names: Iterable[str]) -> re.Pattern[str] | None:
    """One pattern for all phrases, longest first, in any case and with a genitive."""
    words = sorted({name.strip() for name in names if len(name.strip()) >= 2}, key=len, reverse=True)
    if not words:
        return None
    body = "|".join(r"\s+".join(map(re.escape, word.split())) for word in words)
    return re.compile(rf"(?<!\w)(?P<v>{body})(?:s|'s|’)?(?!\w)", re.IGNORECASE)
