"""Health insurance numbers (KVNR): one letter, eight digits and a check digit."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.detectors.checks import OCR_DIGITS
from leitstand.privacy.entities import Entity, EntityType

_FORM = re.compile(r"(?<![\w-])[A-Za-z][ ]?[0-9OolISB]{3}[ ]?[0-9OolISB]{3}[ ]?[0-9OolISB]{3}(?![\w]|-\d)")
_CUE = re.compile(
    r"(?:kvnr|kv[\s-]?n(?:umme)?r|kranken\w*|versicherten\w*|versicherung\w*|\bvnr|gesundheitskarte|egk|kasse|health insurance)"
    r"[^\n]{0,24}$",
    re.IGNORECASE,
)


def find(text: str) -> list[Entity]:
    """Numbers with a good check digit, or after a cue."""
    if not has_digit(text):
        return []
    found = []
    for match in _FORM.finditer(text):
        if sum(char.isdigit() for char in match.group()) < 6:
            continue
        cue = _CUE.search(text[max(0, match.start() - 48) : match.start()])
        if cue or is_kvnr(match.group()):
            reason = "cue" if cue else "check digit"
            found.append(Entity(*match.span(), EntityType.HEALTH_ID, "health_id", 0.9, reason))
    return found


def is_kvnr(number: str) -> bool:
    """Check digit over letter position (two digits) and eight digits, weights 1, 2, 1, … (GKV-Spitzenverband)."""
    compact = number.replace(" ", "").upper()
    digits = compact[1:].translate(OCR_DIGITS)
    if not digits.isdigit():
        return False
    return _weighted(f"{ord(compact[0]) - 64:02d}{digits[:-1]}") % 10 == int(digits[-1])


def _weighted(digits: str) -> int:
    products = (int(char) * (1 + place % 2) for place, char in enumerate(digits))
    return sum(product - 9 if product > 9 else product for product in products)


DETECTOR = Detector(
    name="health_id",
    types=frozenset({EntityType.HEALTH_ID}),
    source="§ 290 SGB V, GKV-Spitzenverband: Krankenversichertennummer",
    examples=("KVNR «A123456780»", "Versichertennummer: «B 999 999 999»", "Karte «A123456780» eingelesen"),
    counter_examples=("Teil K123456789", "Artikel A12345", "Motor M 120 kW"),
    find=find,
)
