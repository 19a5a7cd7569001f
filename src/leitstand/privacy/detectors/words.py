"""Words of a text with their places and shapes, as name rules need them."""

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:[-'’‑][^\W\d_]+)*")


def word_set(words: str) -> frozenset[str]:
    """Words separated by blanks, as a set."""
    return frozenset(words.split())


PARTICLES = word_set(
    """
    von vom zu zum zur van der den de del della di da dos du la le el al bin ben ibn abu ten ter und auf
    """
)
"""Small words inside names: `von und zu`, `van der`, `al`."""

FUNCTION_WORDS = word_set(
    """
    der die das dem den des ein eine einer einem einen und oder aber auch nicht ist sind war hat haben
    wird werden kann soll muss will mit ohne von vom zu zum zur bei beim in im an am auf aus nach für
    über unter vor durch gegen um als wie wenn weil dass ob da dann dort hier nur noch schon sehr ich du
    er sie es wir ihr man mich mir dich dir sich uns euch ihnen ihm ihn mein dein sein unser euer meine
    deine seine ihre unsere bitte danke gerne alle alles was wer wo wann warum welche welcher diese
    dieser dieses jede jeder kein keine mehr zwei drei neue neuer neu zusammen team leute kollegen damen
    herren bis ab seit heute gestern morgen jetzt gleich the a an of to for from with and or is are was
    were has have will would can my your our his her their this that all there everyone team folks sir
    madam please hat wurde möchte braucht sagt meint ruft fragt kommt geht steht liegt wohnt war's geb
    geboren wegen laut sowie gemäß inkl exkl ca bzw usw etc geehrte geehrter sehr guten tag abend wohin
    woher dessen deren davor danach dazu dabei damit sowohl weder
    """
)
"""Words of grammar and greeting, German and English, that are no names by themselves."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word; glued: how it hangs on to the word before: ` ` by blanks, `.` by a dot and blank, `` not at all."""

    text: str
    start: int
    end: int
    glued: str

    @property
    def is_capital(self) -> bool:
        """Begins with a capital letter."""
        return self.text[0].isupper()

    @property
    def is_initial(self) -> bool:
        """A single capital letter."""
        return len(self.text) == 1 and self.text.isupper()


def words_of(text: str) -> list[Word]:
    """The words in order; numbers and signs only separate."""
    words: list[Word] = []
    last_end = -9
    for match in _WORD.finditer(text):
        words.append(Word(match.group(), match.start(), match.end(), _glue(text[last_end : match.start()])))
        last_end = match.end()
    return words


def _glue(gap: str) -> str:
    if 0 < len(gap) <= 2 and not gap.strip(" \u00a0"):
        return " "
    if gap in (".", ". ", ".  ", ".-"):
        return "."
    if gap in (", ", ","):
        return ","
    return ""
