"""Vehicle identification numbers: 17 characters without I, O and Q."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.entities import Entity, EntityType

_FORM = re.compile(r"(?<![\w-])[A-HJ-NPR-Za-hj-npr-z0-9]{17}(?![\w-])")
_AFTER_CUE = re.compile(
    r"(?:\bfin\b|\bvin\b|fahrgestell\w*|fahrzeug-?ident\w*)[\s\-.:=#|(nr]{0,8}(?P<v>(?=[A-Z0-9 -]*\d)[A-Z0-9]{11,18})(?![\w])",
    re.IGNORECASE,
)


def find(text: str) -> list[Entity]:
    """Numbers by form (letters and at least four digits, ending in digits), or after a cue."""
    if not has_digit(text):
        return []
    found = [Entity(*m.span("v"), EntityType.VIN, "vin", 0.95, "cue") for m in _AFTER_CUE.finditer(text)]
    for match in _FORM.finditer(text):
        raw = match.group()
        digits = sum(char.isdigit() for char in raw)
        if 4 <= digits <= 15 and raw[-3:].isdigit():
            found.append(Entity(*match.span(), EntityType.VIN, "vin", 0.85, "form"))
    return found


DETECTOR = Detector(
    name="vin",
    types=frozenset({EntityType.VIN}),
    source="ISO 3779",
    examples=("FIN «WVWZZZ1JZXW000001»", "das Auto «WBA3A5C50DF358058» steht da"),
    counter_examples=("Fahrgestell verzogen", "abcdefghjklmnprst", "Kabel H07RN-F 3G1,5"),
    find=find,
)
