"""Pension insurance numbers (Rentenversicherungsnummer) and US social security numbers."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit, matches
from leitstand.privacy.entities import Entity, EntityType

_GERMAN = re.compile(
    r"(?<![\w])[0-9OIl]{2}[ .]?[0-3OIl][0-9OIlSB][01OIl][0-9OIlSB][0-9OIlSB]{2}[ .]?[A-Z][ .]?[0-9OIlSB]{2}[ .]?[0-9OIlSB](?![\w])",
    re.IGNORECASE,
)
_US = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_AFTER_CUE = re.compile(
    r"(?:(?:sozial|renten)versicherungs?[\s-]?n(?:umme)?r\.?|(?:sv|rv|svn|rvn)[\s-]?n(?:umme)?r\.?|\bssn\b|social security(?: number| no\.?)?)"
    r"[\s:.=#|(is]{0,6}(?P<v>[0-9A-Za-z][0-9A-Za-z .-]{7,15}[0-9])(?![\w])",
    re.IGNORECASE,
)


def find(text: str) -> list[Entity]:
    """Numbers by form, or by cue with at least eight digits."""
    if not has_digit(text):
        return []
    found = [
        entity
        for entity in matches(_GERMAN, text, EntityType.SSN, "ssn", 0.9, "form with birth date")
        if sum(char.isdigit() for char in text[entity.start : entity.end]) >= 8
    ]
    found += matches(_US, text, EntityType.SSN, "ssn", 0.8, "US form")
    found += [
        entity
        for entity in matches(_AFTER_CUE, text, EntityType.SSN, "ssn", 0.9, "cue")
        if sum(char.isdigit() for char in text[entity.start : entity.end]) >= 8
    ]
    return found


DETECTOR = Detector(
    name="ssn",
    types=frozenset({EntityType.SSN}),
    source="§ 147 SGB VI, VKVV § 2; US SSA numbering",
    examples=(
        "SV-Nr. «65 170839 J 003»",
        "Rentenversicherung 4711: «65170839J003» liegt vor",
        "SSN: «219-09-9999»",
    ),
    counter_examples=("Teil 12 345678", "Bestellung 123-45", "ISBN 978-3-86680-192-9"),
    find=find,
)
