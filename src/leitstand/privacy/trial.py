"""A new term or pattern before it is stored: which texts it changes, what it hits, and what it hides for no reason."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from leitstand.core.i18n import Bilingual
from leitstand.privacy.detectors import load_detectors
from leitstand.privacy.entities import Entity
from leitstand.privacy.lexicon import lexicon
from leitstand.privacy.own_rules import CHECKED, OwnRules
from leitstand.privacy.scan import Scanner
from leitstand.privacy.why import TYPE_WORDS

Origin = Literal["pasted", "own", "shipped"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text to try rules on. harmless: nothing in it should be replaced. name: for people, e.g. of a conversation."""

    origin: Origin
    text: str
    harmless: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start to end."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Effect:
    """A text that changes. hidden: what is replaced now and was not; shown: what is readable now and was not."""

    sample: Sample
    hidden: tuple[Span, ...]
    shown: tuple[Span, ...]


@dataclass(frozen=True)
class Trial:
    """What rules do to texts. texts: how many were read. over: places hidden in texts that hold nothing to hide."""

    texts: int
    effects: tuple[Effect, ...]
    hidden: int
    shown: int
    over: int
    warnings: tuple[Bilingual, ...]


def try_out(scanner: Scanner, rules: OwnRules, samples: Sequence[Sample]) -> Trial:
    """Read all texts with and without the rules. Blocking; some milliseconds per text.

    Raises PrivacyUnavailable where texts cannot be read.
    """
    with_trial = Scanner(
        tagger=scanner.finder.tagger, rules=scanner.rules, departments={_TRIAL: rules}, cache_texts=1
    )
    effects = [
        effect
        for sample in samples
        if (effect := _effect(sample, with_trial.scan_text(sample.text), with_trial.of(_TRIAL).scan_text(sample.text)))
    ]  # fmt: skip
    return Trial(
        texts=len(samples),
        effects=tuple(effects),
        hidden=sum(len(effect.hidden) for effect in effects),
        shown=sum(len(effect.shown) for effect in effects),
        over=sum(len(effect.hidden) for effect in effects if effect.sample.harmless),
        warnings=tuple(doubts(scanner, rules)),
    )


_TRIAL = "trial"


def doubts(scanner: Scanner, rules: OwnRules) -> Iterable[Bilingual]:
    """What somebody should know before the rules are stored."""
    for term in rules.never:
        for entity in scanner.scan_text(term):
            if entity.type in CHECKED:
                word = TYPE_WORDS[entity.type]
                yield Bilingual(
                    f"„{term}“ enthält eine Angabe mit Prüfziffer ({word.de}). Sie bleibt ersetzt.",
                    f"'{term}' holds a number with a check digit ({word.en}). It stays replaced.",
                )
        if lexicon().is_also_a_name(term):
            yield Bilingual(
                f"„{term}“ ist auch ein Name von Menschen. Lesbar bleibt er nur, wo er allein steht.",
                f"'{term}' is a name of people, too. It stays readable only where it stands alone.",
            )
    for term in rules.always:
        if lexicon().is_ordinary(term):
            yield Bilingual(
                f"„{term}“ ist ein gewöhnliches Wort und wird überall ersetzt, auch wo es nichts verrät.",
                f"'{term}' is an ordinary word and is replaced everywhere, also where it tells nothing.",
            )


def _effect(sample: Sample, before: Iterable[Entity], after: Iterable[Entity]) -> Effect | None:
    old, new = _covered(before), _covered(after)
    hidden, shown = _spans(new - old, sample.text), _spans(old - new, sample.text)
    return Effect(sample, hidden, shown) if hidden or shown else None


def _covered(entities: Iterable[Entity]) -> set[int]:
    return {place for entity in entities for place in range(entity.start, entity.end)}


def _spans(places: set[int], text: str) -> tuple[Span, ...]:
    """Places side by side as spans; such without a letter or figure are none."""
    spans: list[Span] = []
    for place in sorted(places):
        if spans and spans[-1].end == place:
            spans[-1] = Span(spans[-1].start, place + 1)
        else:
            spans.append(Span(place, place + 1))
    return tuple(span for span in spans if any(char.isalnum() for char in text[span.start : span.end]))


def shipped_samples() -> tuple[Sample, ...]:
    """The detectors' own examples: texts with personal data, and texts without any."""
    detectors = load_detectors()
    found = [Sample("shipped", _MARKS.sub("", text)) for each in detectors for text in each.examples]
    return (
        *found,
        *(Sample("shipped", text, harmless=True) for each in detectors for text in each.counter_examples),
    )


_MARKS = re.compile("[«»]")
