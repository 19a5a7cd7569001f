"""German tax numbers: the identification number (Steuer-ID) and the states' Steuernummer."""

import re

from stdnum.de import idnr
from stdnum.exceptions import ValidationError

from leitstand.privacy.detectors.base import Detector, has_digit, matches
from leitstand.privacy.detectors.checks import digits_of
from leitstand.privacy.entities import Entity, EntityType

_CUE = (
    r"(?:steuer[\s-]{0,2}(?:id\w*|ident\w*(?:[\s-]?n(?:umme)?r\.?)?|n(?:umme)?r\.?|nummer)|st\.?[\s-]?nr\.?|stnr\.?"
    r"|idnr\.?|id-nr\.?|steuerliche\s+identifikationsnummer|tax[\s-]?(?:id|number|no\.?)|tin)"
)
_AFTER_CUE = re.compile(
    _CUE + r"[\s:.=#|(lautet]{0,12}(?P<v>[0-9OIlSB](?:[ /.\-]{0,2}[0-9OIlSB]){7,13})(?![\w])", re.IGNORECASE
)
_SLASHED = re.compile(
    r"(?<![\w/.-])\d{2,3}[ ]?/[ ]?(?:\d{3,4}[ ]?/[ ]?\d{4,5}|\d{5}|\d{4}/\d{4})(?![\w/-]|[.,]\d)"
)
_ELEVEN = re.compile(r"(?<![\w.,/+-])[1-9]\d(?: ?\d{3}){3}(?![\w/-]|[.,]\d)")


def find(text: str) -> list[Entity]:
    """Numbers after a cue in any form; without one, slashed forms and a Steuer-ID with its check digit."""
    if not has_digit(text):
        return []
    found = [
        Entity(*match.span("v"), EntityType.TAX_ID, "tax_id", 0.95, "cue")
        for match in _AFTER_CUE.finditer(text)
        if 8 <= len(digits_of(match["v"])) <= 14
    ]
    found += [
        entity
        for entity in matches(_SLASHED, text, EntityType.TAX_ID, "tax_id", 0.7, "form of a Steuernummer")
        if 10 <= sum(char.isdigit() for char in text[entity.start : entity.end]) <= 11
    ]
    found += [
        Entity(*match.span(), EntityType.TAX_ID, "tax_id", 0.8, "check digit")
        for match in _ELEVEN.finditer(text)
        if _is_idnr(match.group())
    ]
    return found


def _is_idnr(number: str) -> bool:
    try:
        idnr.validate(number)
    except ValidationError:
        return False
    return True


DETECTOR = Detector(
    name="tax_id",
    types=frozenset({EntityType.TAX_ID}),
    source="§ 139b AO, ISO 7064 (mod 11, 10); Steuernummer forms of the 16 states and the federal 13-digit form",
    examples=(
        "Steuer-ID: «86 095 742 719»",
        "meine IdNr. lautet «86095742719»",
        "StNr. «93815/08152», Stuttgart",
        "Steuernummer «181/815/08155»",
        "Umsatzsteuer unter «133/8150/8159» gemeldet",
    ),
    counter_examples=(
        "Teil 12/345",
        "Az. 3 U 12/21",
        "Maße 200/300/400",
        "Bestellung 86095742718",
        "am 12/05/2024",
    ),
    find=find,
)
