"""International bank account numbers, with blanks, and misread by a scan."""

import re

from stdnum import iban as iban_standard
from stdnum.exceptions import ValidationError

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.detectors.checks import OCR_DIGITS
from leitstand.privacy.entities import Entity, EntityType

_FORM = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[ ]?[0-9OolISB]{2}(?:[ .\-\u00a0\u202f]{0,2}[A-Za-z0-9]{2,4}){2,7}"
    r"(?:[ .\-\u00a0\u202f]{0,2}[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])"
)
_CUE = re.compile(r"(?:iban|konto|bankverbindung|überweis\w*|account)\W{0,4}(?:\w+\W){0,3}$", re.IGNORECASE)
_GERMAN = re.compile(r"DE ?(?:[0-9OolISB][ ]{0,2}){20}(?![A-Za-z0-9])", re.IGNORECASE)


def find(text: str) -> list[Entity]:
    """Numbers with a good checksum; with a cue or the German form, also those without."""
    if not has_digit(text):
        return []
    found = [entity for match in _FORM.finditer(text) if (entity := _judge(text, match))]
    found += [
        Entity(match.start(), match.end(), EntityType.IBAN, "iban", 0.9, "German form")
        for match in _GERMAN.finditer(text)
        if match.start() == 0 or not text[match.start() - 1].isalnum()
    ]
    return found


def _judge(text: str, match: re.Match[str]) -> Entity | None:
    start, raw = match.start(), match.group()
    for end in _ends(raw):
        if _is_valid(raw[:end]):
            return Entity(start, start + end, EntityType.IBAN, "iban", 0.99, "checksum")
    digits = sum(char.isdigit() for char in raw)
    if digits >= 12 and _CUE.search(text[max(0, start - 40) : start]):
        return Entity(start, match.end(), EntityType.IBAN, "iban", 0.85, "cue, failed checksum")
    return None


def _ends(raw: str) -> list[int]:
    """Where the number may stop: the whole match, or before each of its last groups."""
    blanks = [place for place, char in enumerate(raw) if char == " "]
    return [len(raw), *reversed(blanks[-4:])]


def _is_valid(raw: str) -> bool:
    compact = re.sub(r"[^A-Za-z0-9]", "", raw).upper()
    for candidate in (compact, compact[:2] + compact[2:].translate(OCR_DIGITS)):
        try:
            iban_standard.validate(candidate, check_country=False)
        except (ValidationError, ValueError):
            continue
        return 15 <= len(candidate) <= 34
    return False


DETECTOR = Detector(
    name="iban",
    types=frozenset({EntityType.IBAN}),
    source="ISO 13616-1, ISO 7064 (mod 97-10)",
    examples=(
        "Konto «DE89 3704 0044 0532 0130 00» bei der Bank",
        "IBAN: «DE89370400440532013000».",
        "IBAN «AT61 1904 3002 3457 3201»",
        "iban «DE89 3704 0044 O532 0130 00»",
        "IBAN: «DE88 3704 0044 0532 0130 00»",
    ),
    counter_examples=("Artikel AB12 3456 7890", "DIN EN 1090 2008 2011", "Auftrag DE12 vom 3. Mai"),
    find=find,
)
