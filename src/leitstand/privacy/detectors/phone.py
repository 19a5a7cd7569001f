"""Phone and fax numbers, German writing first."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.entities import Entity, EntityType

_CUE = (
    r"(?:tele?fon\w*|tel|telefax|fax(?:nummer)?|mobil\w*|handy\w*|durchwahl|dw|rufnummer|ruf|hotline|festnetz|whats\s?app|sms"
    r"|erreichbar unter|erreichen unter|anrufen unter|rückruf\w*(?: unter)?|phone|cell|mobile|call(?: me)?(?: at| on)?|ph|fon|funk)"
)
_NUMBER = r"(?:\+|\(\+)?[(\[]?[0-9OoIl](?:[ ()/.\-–\u00a0\u202f]{0,3}[0-9OoIl]){%s}"
_AFTER_CUE = re.compile(
    rf"(?<![\w]){_CUE}(?:[ -]?(?:n(?:umme)?r|privat|dienstl(?:ich)?|gesch|direkt|zentrale))?\.?\)?[\s:.=|\"'*-]{{0,6}}"
    rf"(?P<v>{_NUMBER % '5,18'})(?![\w])",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"(?<![\w])(?:durchwahl|dw\.?|app(?:arat)?\.?|nebenstelle|ext(?:ension)?\.?)\s?:?\s?(?P<v>-?\d{2,5})(?![\w]|[.,/]\d)",
    re.IGNORECASE,
)
_INTERNATIONAL = re.compile(
    r"(?<![\w+])(?:\(?\+|00)[1-9]\d{0,2}\)?(?:[ ()/.\-–\u00a0\u202f]{0,3}\d){6,13}(?:\s?-\s?\d{1,5})?(?![\w]|[.,]\d)"
)
_NATIONAL = re.compile(
    r"(?<![\w.,/+-])\(?0[1-9](?:\d{0,4}\)?[ ]?[/\-–][ ]?|\d{1,4}\)?[ ]|\d{1,4}\) ?|\d{0,4})(?:\d[ .\-–/]{0,2}){4,9}\d(?![\w]|[.,/]\d)"
)
_AMERICAN = re.compile(
    r"(?<![\w.-])(?:\+?1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[.-]\d{4}(?:\s?x\d{2,5})?(?![\w]|[.-]\d)"
)
_DATE = re.compile(r"0?\d[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}")
_NO_PHONE_CUE = re.compile(
    r"(?:nr|nummer|art|artikel|ean|isbn|gtin|order|auftrag|bestell\w*|rechnung\w*|iban|bic|blz|stnr|seriennummer|sn|id|az|§|ticket)"
    r"[\s.:=#-]{0,3}$",
    re.IGNORECASE,
)


def find(text: str) -> list[Entity]:
    """Numbers after a cue, in international form, in national form with a plausible area code."""
    if not has_digit(text):
        return []
    found = [
        Entity(*match.span("v"), EntityType.PHONE, "phone", 0.93, "cue")
        for match in _AFTER_CUE.finditer(text)
        if not _DATE.fullmatch(match["v"])
    ]
    found += [
        Entity(*m.span("v"), EntityType.PHONE, "phone", 0.8, "extension") for m in _EXTENSION.finditer(text)
    ]
    found += [
        Entity(*m.span(), EntityType.PHONE, "phone", 0.9, "country code")
        for m in _INTERNATIONAL.finditer(text)
    ]
    found += [
        Entity(*m.span(), EntityType.PHONE, "phone", 0.75, "American form") for m in _AMERICAN.finditer(text)
    ]
    found += [entity for match in _NATIONAL.finditer(text) if (entity := _national(text, match))]
    return found


def _national(text: str, match: re.Match[str]) -> Entity | None:
    raw = match.group()
    digits = re.sub(r"\D", "", raw)
    if not 7 <= len(digits) <= 15 or _DATE.fullmatch(raw.strip()):
        return None
    if _NO_PHONE_CUE.search(text[max(0, match.start() - 16) : match.start()]):
        return None
    if not re.search(r"\D", raw) and not re.match(r"01[567]", digits):
        return None  # an unbroken row of digits is a mobile number or something else
    main = re.sub(r"\D", "", re.sub(r"\s?[-–]\s?\d{1,4}$", "", raw))
    if not (_is_possible(digits) or _is_possible(main) or re.fullmatch(r"01[567]\d{7,10}", digits)):
        return None
    return Entity(*match.span(), EntityType.PHONE, "phone", 0.8, "national form")


def _is_possible(digits: str) -> bool:
    # Imported here: the metadata takes 60 ms to load and most texts hold no national number.
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        number = parse(digits, "DE")
    except NumberParseException:
        return False
    return is_valid_number(number) or len(digits) < 9


DETECTOR = Detector(
    name="phone",
    types=frozenset({EntityType.PHONE}),
    source="ITU-T E.164, E.123, DIN 5008; libphonenumber metadata",
    examples=(
        "Tel.: «0711/123456-45»",
        "Fax «+49 (0) 711 12 34 56»",
        "ruf mich an: «0176 12345678»",
        "Durchwahl «-312»",
        "Telefon: «(0711) 123 45 67»",
        "call me at «(555) 234-5678»",
    ),
    counter_examples=(
        "Norm 01.02.2024",
        "Maß 0,125 mm",
        "Artikel 0815-4711-99",
        "EAN 4006381333931",
        "Rechnung 01234-2024",
        "0,75/1,5/2,5 mm²",
    ),
    find=find,
)
