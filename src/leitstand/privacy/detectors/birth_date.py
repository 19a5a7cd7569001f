"""Birth dates: dates after a word that says so, or in brackets behind a name; other dates are left alone."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.entities import Entity, EntityType

MONTH = (
    r"(?:jan(?:uar|uary|\.)?|jänner|feb(?:ruar|ruary|\.)?|märz|maerz|mrz\.?|march|mar\.?|apr(?:il|\.)?|mai|may|jun[ie]?\.?|jul[iy]?\.?"
    r"|aug(?:ust|\.)?|sep(?:t(?:ember|\.)?|\.)?|okt(?:ober|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|de[zc](?:ember|\.)?)"
)
_D = r"[0-9OIlSB]"
DATE = (
    rf"(?:{_D}{{1,2}}\s?[.,/-]\s{{0,2}}{_D}{{1,2}}\s?[.,/-]\s{{0,2}}(?:{_D}{{4}}|{_D}{{2}})|(?:19|20){_D}{{2}}\s?[-./]\s?{_D}{{1,2}}\s?[-./]\s?{_D}{{1,2}}"
    rf"|{_D}{{1,2}}\.?\s{{0,2}}{MONTH}\s{{0,2}},?\s?(?:{_D}{{4}}|{_D}{{2}})|{MONTH}\s{_D}{{1,2}}(?:st|nd|rd|th)?,?\s{_D}{{4}})"
)
"""Every way to write a date, German and English, misread digits included; for re.IGNORECASE."""

_CUE = (
    r"(?:\bgeb(?:\.|oren(?:e[rns]?)?|oren)?(?=[\s:.,|)])|geburts(?:datum|tag)|geb\.?-?\s?(?:datum|dat\.?|tag)|gebdat\.?|\bgebdat|geburt|geb\.?-?d(?:at)?"
    r"|date of birth|\bdob\b|d\.o\.b\.?|birth\s?(?:date|day)|\bborn(?: on)?|jahrgang|\bbday|g3b\.|gcb\.)"
)
_AFTER_CUE = re.compile(
    rf"{_CUE}[\s:.,=|\"'*>(-]{{0,8}}(?:(?:am|on|ist|is|der|dem|den|wurde|lautet)\s+){{0,2}}(?:den\s+)?(?P<v>{DATE})(?![\w])",
    re.IGNORECASE,
)
_NEAR_CUE = re.compile(rf"{_CUE}[^\n\d]{{0,40}}?(?P<v>{DATE})(?![\w])", re.IGNORECASE)
_ANSWER = re.compile(rf"{_CUE}[^\n\d]{{0,50}}\?\s*\n[^\n\d]{{0,40}}(?P<v>{DATE})(?![\w])", re.IGNORECASE)
_STAR = re.compile(rf"(?:(?<![\w*])\*\s?|†\s?|\bnée?\s)(?P<v>{DATE})(?![\w*])", re.IGNORECASE)
_YEAR_STAR = re.compile(rf"\(\*\s?(?P<v>(?:{DATE}|(?:19|20)\d\d))", re.IGNORECASE)
_BEHIND = re.compile(rf"(?<![\w.])(?P<v>{DATE})\s?(?:geboren|in \w+ geboren|\(geb)", re.IGNORECASE)
_PERSON_LIST = re.compile(
    rf"(?:person|patient(?:in)?|versicherte[rn]?|kind|zeug(?:e|in)|mieter(?:in)?|antragsteller(?:in)?|schüler(?:in)?|verifizierung)\b"
    rf"[^\n\d;]{{2,45}}?,\s?(?P<v>{DATE})(?![\w])",
    re.IGNORECASE,
)


_HINT = re.compile(
    r"geb|gcb|g3b|birth|born|dob|d\.o\.b|jahrgang|bday|[*†]|née|person|patient|versicherte|kind|zeug|mieter|antragsteller|schüler|verifizierung"
)


def find(text: str) -> list[Entity]:
    """Dates with a cue before or behind them."""
    if not has_digit(text) or _HINT.search(text.lower()) is None:
        return []
    found = [_entity(match, 0.95, "cue") for match in _AFTER_CUE.finditer(text)]
    found += [_entity(match, 0.8, "cue nearby") for match in _NEAR_CUE.finditer(text)]
    found += [_entity(match, 0.85, "answer to a question") for match in _ANSWER.finditer(text)]
    found += [_entity(match, 0.9, "birth star") for match in _STAR.finditer(text)]
    found += [_entity(match, 0.9, "birth star") for match in _YEAR_STAR.finditer(text)]
    found += [_entity(match, 0.85, "cue behind") for match in _BEHIND.finditer(text)]
    found += [_entity(match, 0.6, "date behind a person") for match in _PERSON_LIST.finditer(text)]
    return found


def _entity(match: re.Match[str], score: float, reason: str) -> Entity:
    return Entity(*match.span("v"), EntityType.DATE_OF_BIRTH, "birth_date", score, reason)


DETECTOR = Detector(
    name="birth_date",
    types=frozenset({EntityType.DATE_OF_BIRTH}),
    source="ISO 8601, DIN 5008; GDPR article 4 (1)",
    examples=(
        "Erika Beispiel, geb. «12.03.1980»",
        "geboren am «3. Mai 1971» in Ulm",
        "Geburtsdatum: «1980-03-12»",
        "Max (*«12.3.80»)",
        "DOB: «03/12/1980»",
        "born on «March 12, 1980»",
    ),
    counter_examples=(
        "Lieferung am 12.03.2024",
        "gültig ab 01.01.2025",
        "Angebot vom 3. Mai 2024",
        "Das Gebäude wurde 1971 errichtet",
        "5 * 12.3",
    ),
    find=find,
)
