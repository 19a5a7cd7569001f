"""German and English text as the word stems that search compares.

Lower case, umlauts folded, German Snowball stems, function words left out. Hyphenated words count as their
parts and as one word, so that `FB-200`, `FB 200` and `FB200` find each other.
Source: snowballstem.org, algorithm `german`.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from snowballstemmer.german_stemmer import GermanStemmer

_WORD = re.compile(r"[^\W_]+(?:[-‐‑/][^\W_]+)*")
_JOINT = re.compile(r"[-‐‑/]")

_FUNCTION_WORDS = """
    aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch
    auf aus bei beim bin bis bist da dabei dadurch dafür dagegen daher dahin damit danach daneben dann
    daran darauf daraus darf darin darüber darum darunter das dass davon davor dazu dein deine dem den
    denn der deren des dessen dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein
    eine einem einen einer eines er es etwa etwas euch euer für gegen gibt habe haben hast hat hatte
    hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in ins ist ja jede
    jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kannst kein keine keinem keinen
    keiner können könnte machen man manche mehr mein meine meinem meinen meiner mich mir mit muss müssen
    musst nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit selbst
    sich sie sind so solche soll sollen sollte sonst über um und uns unser unsere unserem unseren
    unserer unter viel viele vom von vor wann war waren warum was weg weil welche welchem welchen
    welcher welches wem wen wenn wer werde werden wie wieder wieso will wir wird wirst wo wohin wollen
    wollte woher womit worden wurde wurden während zu zum zur zwar zwischen bitte a an and are as at be
    by can did do does for from had has have how i if in is it its me my of on or our please should that
    the their there they this to was we were what when where which who why will with would you your
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


def fold(word: str) -> str:
    """Lower case without accents and umlauts: `Häuser` becomes `hauser`, `Maß` becomes `mass`."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word).lower().replace("ß", "ss")
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The folded stem of one word, given in any case; words with a digit keep their form."""
    lower = unicodedata.normalize("NFC", word.lower())
    if not lower.isalpha():
        return fold(lower)
    return fold(str(GermanStemmer().stemWord(lower)))  # a stemmer holds state: one per call, not per process


def words(text: str) -> Iterator[str]:
    """The words of a text as written, function words left out; hyphenated ones as parts and joined."""
    for found in _WORD.finditer(text):
        whole = found.group()
        parts = _JOINT.split(whole)
        for part in parts:
            if part.lower() not in STOP_WORDS:
                yield part
        if len(parts) > 1:
            yield "".join(parts)
