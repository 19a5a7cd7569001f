"""Register numbers: commercial, cooperative, association and partnership register."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit, matches
from leitstand.privacy.entities import Entity, EntityType

_FORM = re.compile(
    r"(?<![\w])(?:HR[AB](?:[\s-]?(?:Nr|Nummer)\.?)?[\s:.-]{0,3}|(?:GnR|VR|PR(?= ?Nr)|GsR)(?:[\s-]?(?:Nr|Nummer)\.?)?[\s:.-]{1,3})\d[\d ]{0,7}\d(?: ?[A-Z]{1,2}\b)?(?![\w])"
)
_LOWER = re.compile(
    r"(?<![\w])(?:hr[ab])(?:[\s-]?(?:nr|nummer)\.?)?[\s:.-]{0,3}\d{2,7}(?![\w])", re.IGNORECASE
)


def find(text: str) -> list[Entity]:
    """HRA, HRB, GnR, VR, PR and GsR with their number."""
    if not has_digit(text):
        return []
    return [
        *matches(_FORM, text, EntityType.REG_NO, "reg_no", 0.92, "register and number"),
        *matches(_LOWER, text, EntityType.REG_NO, "reg_no", 0.9, "register and number"),
    ]


DETECTOR = Detector(
    name="reg_no",
    types=frozenset({EntityType.REG_NO}),
    source="HRV, GenRegV, VRV: registers of the German courts",
    examples=(
        "Amtsgericht Ulm, «HRB 123456»",
        "«HRA 4711 B»",
        "im Vereinsregister «VR 815»",
        "eingetragen: «hrb 12345»",
    ),
    counter_examples=("HR-Abteilung 3", "VR-Brille", "PR 2024", "HRB-Stahl"),
    find=find,
)
