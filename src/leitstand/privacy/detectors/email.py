"""E-mail addresses, also spelled with (at) and (dot), and with blanks that a scan put in."""

import re

from leitstand.privacy.detectors.base import Detector, matches
from leitstand.privacy.entities import Entity, EntityType

_PLAIN = re.compile(
    r"(?<![\w.+-])[\w.+'-]{1,64}@(?:[\w](?:[\w-]{0,61}[\w])?\.)+[A-Za-zÄÖÜäöü]{2,24}(?![\w-])"
)
_SPELLED = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}\s?[\[(]\s?(?:at|ät|@)\s?[\])]\s?"
    r"[\w-]+(?:\s?(?:\.|[\[(]\s?(?:dot|punkt)\s?[\])])\s?[\w-]+){1,4}(?!\w)",
    re.IGNORECASE,
)
_SCANNED = re.compile(
    r"(?<![\w.+-])[\w.+-]{2,64}(?: ?@ | @ ?)[\w-]+(?: ?\. ?[\w-]+){0,3} ?\. ?(?:de|com|net|org|eu|at|ch|info)\b"
)


def find(text: str) -> list[Entity]:
    """All addresses; the local part may hold any letter (RFC 6531)."""
    found: list[Entity] = []
    if "@" in text:
        found += matches(_PLAIN, text, EntityType.EMAIL, "email", 0.99, "form of an address")
        found += matches(_SCANNED, text, EntityType.EMAIL, "email", 0.9, "address with blanks")
    if "(" in text or "[" in text:
        found += matches(_SPELLED, text, EntityType.EMAIL, "email", 0.9, "spelled address")
    return found


DETECTOR = Detector(
    name="email",
    types=frozenset({EntityType.EMAIL}),
    source="RFC 5321, RFC 6531",
    examples=(
        "Bitte an «anna.beispiel+rechnung@firma-beispiel.example» senden.",
        "Kontakt: «jörg@müller.example», danke",
        "«info (at) beispiel (punkt) example»",
        "«max.muster @ beispiel.de»",
    ),
    counter_examples=("Treffen @ 10 Uhr", "@media (max-width: 3rem)", "git@", "Preis @ 3,50 EUR"),
    find=find,
)
