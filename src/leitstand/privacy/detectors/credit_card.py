"""Payment card numbers: 13 to 19 digits with the issuer's first digits and a good check digit."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.detectors.checks import luhn
from leitstand.privacy.entities import Entity, EntityType

_FORM = re.compile(r"(?<![\w.,-])(?:\d[ -]?){12,18}\d(?![\w]|[.,-]\d)")
_ISSUER = re.compile(r"^(?:4|5[0-8]|2[2-7]|3[0-9]|6)")
_CUE = re.compile(r"(?:karte|karten-?n\w*\.?|visa|master\s?card|amex|american express|credit card|card)\W{0,5}(?:\w+\W){0,3}$",
    re.IGNORECASE)  # fmt: skip


def find(text: str) -> list[Entity]:
    """Card numbers; a failed check digit counts only after a cue."""
    if not has_digit(text):
        return []
    return [entity for match in _FORM.finditer(text) if (entity := _judge(text, match))]


def _judge(text: str, match: re.Match[str]) -> Entity | None:
    digits = re.sub(r"\D", "", match.group())
    cue = _CUE.search(text[max(0, match.start() - 40) : match.start()]) is not None
    if not _ISSUER.match(digits):
        return None
    if luhn(digits) and len(set(digits)) > 1 and (cue or len(digits) >= 15):
        return Entity(match.start(), match.end(), EntityType.CREDIT_CARD, "credit_card", 0.9, "check digit")
    if cue:
        return Entity(match.start(), match.end(), EntityType.CREDIT_CARD, "credit_card", 0.8, "cue")
    return None


DETECTOR = Detector(
    name="credit_card",
    types=frozenset({EntityType.CREDIT_CARD}),
    source="ISO/IEC 7812-1",
    examples=(
        "Visa «4111 1111 1111 1111» bis 12/29",
        "bezahlt mit «5555555555554444»",
        "Karte: «4111 1111 1111 1112»",
    ),
    counter_examples=("EAN 4006381333931", "Sendung 1234567890123456", "Auftrag 4711-4711-4711"),
    find=find,
)
