"""Whether two questions ask the same: the second look of the semantic cache, after the vectors.

Vectors of `Urlaub beantragen` and `Elternzeit beantragen` lie as close as those of two ways to ask for one of
them, so likeness alone decides nothing. Here every symbol of one question needs its match in the other
(reading.py), and a disagreement names what had none. Pure: no model, no clock, the same verdict every time.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

from leitstand.gateway.reading import Reading

KINDS: Final = (
    "number", "name", "quote", "negation", "direction", "modality", "tense", "quantity", "question", "order", "gender",
    "language", "format", "word",
)  # fmt: skip
"""The reasons, gravest first. `order`: the same words in other roles."""

_JOINTS = ("", "s", "es", "n", "en", "er", "e")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """kind: one of KINDS. one, other: the symbols without a match, for tests and the bench."""

    kind: str
    one: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


def disagreement(one: Reading, other: Reading) -> Disagreement | None:
    """Why an answer to one question must not be given to the other, None when it may."""
    left = {symbol for symbol in one.symbols if symbol not in other.symbols}
    right = {symbol for symbol in other.symbols if symbol not in one.symbols}
    _match_compounds(left, one, right, other)
    _match_compounds(right, other, left, one)
    if left or right:
        kinds = {one.symbols[symbol] for symbol in left} | {other.symbols[symbol] for symbol in right}
        return Disagreement(min(kinds, key=KINDS.index), tuple(sorted(left)), tuple(sorted(right)))
    return _roles(one, other)


def _match_compounds(whole: set[str], reading: Reading, parts: set[str], split: Reading) -> None:
    """Strike out compounds of one question that the other writes in parts: `Werkseröffnung`, `Eröffnung des Werks`."""
    for word in sorted(whole):
        if reading.symbols[word] != "word" or len(word) < 7:
            continue
        found = _as_two(word, split)
        if found is not None and (set(found) & parts):
            whole.discard(word)
            parts.difference_update(found)


def _as_two(word: str, split: Reading) -> tuple[str, str] | None:
    """The two symbols of the other question that make up a compound.

    A noun at its end must stand before the noun that it is narrowed by: the list of prices is no price list
    the other way round.
    """
    for first in split.symbols:
        rest = word[len(first) :]
        if len(first) < 3 or not word.startswith(first):
            continue
        for joint in _JOINTS:
            head = rest[len(joint) :]
            if rest.startswith(joint) and len(head) >= 3 and head in split.symbols:
                in_order = split.sequence.index(head) < split.sequence.index(first)
                if in_order or head not in split.nouns:
                    return first, head
    return None


def _roles(one: Reading, other: Reading) -> Disagreement | None:
    """The same symbols, but who does what to whom: prepositions, cases, several names of one sort."""
    if one.governed != other.governed:
        left, right = one.governed - other.governed, other.governed - one.governed
        return Disagreement("order", tuple(map(" ".join, sorted(left))), tuple(map(" ".join, sorted(right))))
    if reversed_ := [symbol for symbol, way in one.ways.items() if other.ways.get(symbol, way) != way]:
        return Disagreement("order", tuple(reversed_), tuple(reversed_))
    turned = [noun for noun, case in one.cases.items() if other.cases.get(noun, case) != case]
    if len(turned) > 1:
        return Disagreement("order", tuple(turned), tuple(turned))
    if not _same_voice(one, other):
        return Disagreement("order", ("passive",), ("active",))
    several_names = len(one.names) > 1
    if several_names and (one.sequence, one.leads) != (other.sequence, other.leads):
        return Disagreement("order", one.sequence, other.sequence)
    return _swapped(one, other)


def _same_voice(one: Reading, other: Reading) -> bool:
    """Whether who acts and who is acted upon stayed the same.

    `Rechnungen werden aufbewahrt` is what `wir` or `man` do; with anybody else as the subject the passive turns
    it round. In the same order of words, the number of the verb tells who acts: `Welche Kollegen informiert sie?`
    """
    if one.passive != other.passive:
        passive, active = (one, other) if one.passive else (other, one)
        return active.impersonal and not {"von", "durch"} & set(passive.leads.values())
    if one.impersonal != other.impersonal or one.sequence != other.sequence:
        return True
    pairs = ((form, other.forms.get(symbol, form)) for symbol, form in one.forms.items())
    return not any({first[-1:], second[-1:]} == {"t", "n"} for first, second in pairs)


def _swapped(one: Reading, other: Reading) -> Disagreement | None:
    """Two things in each other's place: `Schraube durch Mutter`, `PDF in Word`, `Brutto in Netto`.

    Things may change their order only where both keep what introduces them and are told apart by it, or
    where `und` or `oder` joins them in both questions.
    """
    things = [symbol for symbol in one.symbols if symbol in other.symbols and _is_thing(symbol, one, other)]
    place = {symbol: number for number, symbol in enumerate(other.symbols)}
    for first, second in combinations(things, 2):
        here = one.leads.get(first, ""), one.leads.get(second, "")
        there = other.leads.get(first, ""), other.leads.get(second, "")
        turned = place[first] > place[second]
        joined = frozenset((first, second)) in one.pairs & other.pairs
        clear = here[0] != here[1]
        if (turned and not joined and not (clear and here == there)) or (
            not turned and clear and here == there[::-1]
        ):
            return Disagreement("order", (first, second), (second, first))
    return None


def _is_thing(symbol: str, one: Reading, other: Reading) -> bool:
    if one.symbols[symbol] in ("number", "name"):
        return True
    nouns = one.nouns | other.nouns
    return symbol in nouns if nouns else one.symbols[symbol] in ("word", "format", "language")
