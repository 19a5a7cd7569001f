"""Words that the semantic cache knows: closed classes here, everything else in same_words.toml."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

GOVERNING = frozenset({
    "über", "unter", "vor", "nach", "aus", "ab", "bis", "seit", "gegen", "ohne", "an", "statt", "anstatt",
    "hinter", "als", "gegenüber",
})  # fmt: skip
SHORT = {"vom": "von", "zum": "zu", "zur": "zu", "im": "in", "ins": "in", "beim": "bei", "am": "an_dem"}
LOOSE = SHORT.keys() | {
    "von", "mit", "für", "bei", "zu", "wegen", "auf", "in", "um", "durch", "zwischen", "während", "per",
}  # fmt: skip
WAYS = {"von": "from", "auf": "towards", "in": "towards", "zu": "towards"}
AND = frozenset({"und", "oder", "sowie"})
ARTICLES = frozenset({
    "der", "die", "das", "des", "dem", "den", "ein", "eine", "einen", "einem", "einer", "eines",
})  # fmt: skip
OBJECTS = frozenset({"uns", "mir", "mich", "dir", "euch", "ihm", "ihn", "ihr", "ihnen"})
AUXILIARIES = {
    "hat": ">perfect", "haben": ">perfect", "habe": ">perfect", "ist": ">state", "sind": ">state",
    "wird": ">passive", "werden": ">passive",
}  # fmt: skip
INFINITIVE = ("zu",)
IMPERSONAL = frozenset({"ich", "wir", "man"})
NOMINATIVE = frozenset({"der", "ein"})
OBJECT = frozenset({"dem", "den", "einem", "einen"})


@dataclass(frozen=True, slots=True)
class Wording:
    """The tables of same_words.toml. markers: kind by word. same: the first word of its line by word."""

    phrases: tuple[tuple[re.Pattern[str], str], ...]
    fillers: frozenset[str]
    markers: Mapping[str, str]
    same: Mapping[str, str]
    moving: frozenset[str]


@cache
def wording() -> Wording:
    """The tables, read once."""
    tables = tomllib.loads(files("leitstand.gateway").joinpath("same_words.toml").read_text("utf-8"))
    lines = [line.split() for line in tables["same"]["groups"].splitlines() if line.strip()]
    return Wording(
        tuple((re.compile(pattern), new) for pattern, new in tables["phrases"]),
        frozenset(tables["fillers"].split()),
        {word: kind for kind, words in tables["markers"].items() for word in words.split()},
        {word: line[0] for line in lines for word in line},
        frozenset(tables["moving"]["words"].split()),
    )
