"""VAT identification numbers of Germany and the EU, and the Swiss UID."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit, matches
from leitstand.privacy.entities import Entity, EntityType

_GERMAN = re.compile(r"(?<![A-Za-z0-9])DE[ .-]?(?:\d[ .]?){8}\d(?![\w]|[ ]?\d)", re.IGNORECASE)
_EU = re.compile(
    r"(?<![A-Za-z0-9])(?:ATU\s?\d{8}|BE[ ]?[01]\d{3}[ .]?\d{3}[ .]?\d{3}|BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}|DK ?\d{8}"
    r"|EE\d{9}|EL\d{9}|ES[A-Z0-9]\d{7}[A-Z0-9]|FI\d{8}|FR ?[A-Z0-9]{2} ?\d{9}|HR\d{11}|HU\d{8}|IE\d[A-Z0-9]\d{5}[A-Z]{1,2}"
    r"|IT ?\d{11}|LT(?:\d{9}|\d{12})|LU ?\d{8}|LV\d{11}|MT\d{8}|NL ?\d{9}B\d{2}|PL ?\d{10}|PT ?\d{9}|RO\d{8,10}|SE ?\d{12}"
    r"|SI\d{8}|SK ?\d{10}|XI\d{9}|GB ?\d{9}|CHE[- ]?\d{3}[. ]?\d{3}[. ]?\d{3})(?![\w])"
)
_AFTER_CUE = re.compile(
    r"(?:ust[\s.-]*id[\s.-]*(?:nr)?|umsatzsteuer-?id\w*(?:[\s-]?n(?:umme)?r)?|uid(?:-nr)?|vat(?:[\s-]?(?:id|no|number|reg))*)"
    r"\.?[\s:=#|]{0,5}(?:(?:ist|lautet|is)\s)?(?P<v>[A-Za-z]{2}[A-Za-z0-9][ .]?(?:[A-Za-z0-9][ .]?){5,10}[A-Za-z0-9])(?![\w])",
    re.IGNORECASE,
)


def find(text: str) -> list[Entity]:
    """Numbers by their form; after a cue also misread ones."""
    if not has_digit(text):
        return []
    found = list(matches(_GERMAN, text, EntityType.VAT_ID, "vat_id", 0.9, "German form"))
    found += matches(_EU, text, EntityType.VAT_ID, "vat_id", 0.8, "EU form")
    found += [
        entity
        for entity in matches(_AFTER_CUE, text, EntityType.VAT_ID, "vat_id", 0.92, "cue")
        if sum(char.isdigit() for char in text[entity.start : entity.end]) >= 5
    ]
    return found


DETECTOR = Detector(
    name="vat_id",
    types=frozenset({EntityType.VAT_ID}),
    source="Council Directive 2006/112/EC article 215, § 27a UStG",
    examples=(
        "USt-IdNr.: «DE136695976»",
        "VAT no. «ATU13585627»",
        "UID «CHE-100.155.212»",
        "ust-id de «DE 136 695 976»",
    ),
    counter_examples=("DE 89 Seiten", "DIN EN 13501-1", "DE12 Verteiler", "FR 12 Uhr"),
    find=find,
)
