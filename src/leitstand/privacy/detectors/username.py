"""User and log-in names, after a word that says so."""

import re

from leitstand.privacy.detectors.base import Detector
from leitstand.privacy.detectors.words import word_set
from leitstand.privacy.entities import Entity, EntityType

_AFTER_CUE = re.compile(
    r"(?<![\w-])(?:user(?:[\s_-]?(?:name|id))?|benutzer(?:name|kennung|konto)?|nutzer(?:name|kennung)|login(?:[\s-]?name)?|anmeldename"
    r"|account|kennung|windows-?(?:konto|kennung)|ad-?konto|username|uid|logged in as|angemeldet als|benutzer:in)"
    r"(?P<mark>\s?[:=]\s?|\s?\(|\s)[\"'`„“]?(?P<v>[A-Za-z0-9ÄÖÜäöüß][\wäöüß.\-]{1,38}[A-Za-z0-9ß])(?![\w@])",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"(?<![\w\\/:.])(?P<v>[A-Z][A-Z0-9-]{1,14}\\[A-Za-z][\w.-]{1,30}\w)(?![\w\\])")
_HANDLE = re.compile(r"(?<![\w@./])@(?P<v>[A-Za-z][\w.]{2,28}\w)(?![\w@])")
_HOME = re.compile(r"(?:/home/|/Users/|[A-Z]:\\Users\\)(?P<v>[A-Za-z][\w.-]{1,30})")
_SYSTEM = word_set(
    """
    root admin administrator system guest gast public default shared nobody name kennung konto null none
    true false test user media import param return media keyframes supports font-face override property
    staticmethod dataclass belongs has needs wants logs clicks reports says opens asks sees gets works
    classmethod app channel here everyone all
    """
)
_SHAPED = re.compile(r"[a-z]+[._][a-zäöüß]+|[a-z]{1,14}\d{1,5}|[A-Z]{2,4}\d{2,5}|[a-z]{4,}", re.IGNORECASE)


def find(text: str) -> list[Entity]:
    """Names after a cue and a mark; after a bare blank only words in the shape of a log-in name."""
    found = []
    for match in _AFTER_CUE.finditer(text):
        if _is_name(match["v"], marked=not match["mark"].isspace()):
            found.append(Entity(*match.span("v"), EntityType.USERNAME, "username", 0.8, "cue"))
    for pattern, reason in ((_DOMAIN, "domain account"), (_HANDLE, "handle"), (_HOME, "home folder")):
        found += [
            Entity(*match.span("v"), EntityType.USERNAME, "username", 0.75, reason)
            for match in pattern.finditer(text)
            if match["v"].lower() not in _SYSTEM
        ]
    return found


def _is_name(word: str, marked: bool) -> bool:
    if word.lower() in _SYSTEM:
        return False
    if marked:
        return _SHAPED.fullmatch(word) is not None or any(char.isdigit() for char in word)
    from leitstand.privacy.lexicon import lexicon  # read only when a cue was seen

    if re.search(r"[._\d]", word):
        return re.search(r"[A-Za-z]", word) is not None
    return word.islower() and len(word) >= 5 and not lexicon().is_common(word) and not _looks_german(word)


def _looks_german(word: str) -> bool:
    return word.endswith(("en", "et", "te", "ten", "est", "ing", "ed", "isch", "lich", "bar", "ung"))


DETECTOR = Detector(
    name="username",
    types=frozenset({EntityType.USERNAME}),
    source="account names as used in directories, logs and paths",
    examples=(
        "Benutzername: «mmuster3»",
        "user «hstein» logged in",
        "login=«anna.beispiel»",
        "angemeldet als «FIRMA\\beispielm»",
        "Datei /home/«mustermann»/bericht.txt",
    ),
    counter_examples=(
        "Der Benutzer hat sich abgemeldet",
        "user interface",
        "user: admin",
        "Account Manager gesucht",
        "@media screen",
    ),
    find=find,
)
