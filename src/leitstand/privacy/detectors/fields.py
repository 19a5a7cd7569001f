"""Tables and records: the column header, key or tag decides what its values are."""

import re
from collections.abc import Iterator

from leitstand.privacy.detectors.base import Detector
from leitstand.privacy.entities import Entity, EntityType

_T = EntityType
_HEADERS: tuple[tuple[re.Pattern[str], EntityType], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), type_)
    for pattern, type_ in (
        (r"(geb(urts)?[ ._-]?(dat(um)?|tag)?\.?|geboren( am)?|geb\.?|dob|b(irth)?[ ._-]?(date|day)|date[ ._-]of[ ._-]birth|bday)", _T.DATE_OF_BIRTH),
        (r"((vor|nach|zu|familien|geburts|ruf)[ ._-]?namen?|(full|first|last|given|family|sur)[ ._-]?name|name( des \w+)?|fn|n"
         r"|ansprechpartner(in)?|mitarbeiter(in)?|kontakt(person)?|bearbeiter(in)?|sachbearbeiter(in)?|patient(in)?|mieter(in)?|teilnehmer(in)?"
         r"|fahrer(in)?|schüler(in)?|bewerber(in)?|inhaber(in)?|gesellschafter(in)?|geschäftsführer(in)?|vertreter(in)?|arzt|ärztin|kontoinhaber(in)?"
         r"|empfänger(in)?|absender(in)?|versicherte[rn]?|zuständig|verantwortlich|owner|contact|employee|person)", _T.PERSON),
        (r"(firma|firmenname|company|unternehmen|organisation|organization|mandant|lieferant|arbeitgeber|org|employer|supplier)", _T.ORG),
        (r"((post)?anschrift|adresse|stra(ss|ß)e|str\.?|street|address|wohnort|adr|ort|plz|plz[ /_-]*ort|postleitzahl|hausn(umme)?r\.?|zip|city)", _T.ADDRESS),
        (r"(e[- ]?mail([ ._-]?adresse)?|mail)", _T.EMAIL),
        (r"(tel(efon)?([ ._-]?n(umme)?r)?\.?|phone|mobil(e|funk)?|handy|fax|telefax|cell|durchwahl)", _T.PHONE),
        (r"(iban|konto([ ._-]?n(umme)?r)?\.?|bankverbindung)", _T.IBAN),
        (r"((kunden?|kd|mandanten?|vertrags?|personal|pers|patienten|mitglieds?|mitarbeiter|versicherungs(schein)?|policen?|zähler|matrikel"
         r"|akten|debitor(en)?|kreditor(en)?|customer|client|contract|employee|member|patient|policy)[ ._-]*(n(umme)?r|no|num(ber)?|id|zeichen|kennung)\.?"
         r"|aktenzeichen|az\.?|kd\.?|mandatsreferenz)", _T.REF_ID),
        (r"(steuer[ ._-]?(id|nummer|nr|ident\w*)\.?|st\.?nr\.?|idnr\.?|tax[ ._-]?id)", _T.TAX_ID),
        (r"(ust[ ._-]?id([ ._-]?nr)?\.?|vat([ ._-]?(id|no))?\.?)", _T.VAT_ID),
        (r"((sozial|renten)vers\w*([ ._-]?n(umme)?r)?\.?|sv[ ._-]?n(umme)?r\.?|rvnr|ssn)", _T.SSN),
        (r"(kvnr|kv[ ._-]?nr\.?|(kranken)?versicherten[ ._-]?n(umme)?r\.?)", _T.HEALTH_ID),
        (r"((kfz[ ._-]?)?kennzeichen|kfz|license[ ._-]?plate|plate)", _T.LICENSE_PLATE),
        (r"(fin|vin|fahrgestell[ ._-]?n(umme)?r\.?)", _T.VIN),
        (r"(benutzer(name|kennung)?|user([ ._-]?(name|id))?|login|account)", _T.USERNAME),
        (r"((personal)?ausweis([ ._-]?n(umme)?r)?\.?|pass(port)?([ ._-]?(no|n(umme)?r))?\.?)", _T.ID_DOC),
        (r"(ip([ ._-]?adresse|[ ._-]?address)?)", _T.IP_ADDRESS),
    )
)  # fmt: skip
_JSON = re.compile(
    r'"(?P<k>[^"\\\n]{1,40})"\s*:\s*"(?P<v>(?:[^"\\\n]|\\.)*)"|"(?P<kn>[^"\\\n]{1,40})"\s*:\s*(?P<vn>\d{4,})'
)
_XML = re.compile(r"<(?P<k>[\w.:-]{1,40})(?:\s[^<>]{0,80})?>(?P<v>[^<>\n]{1,120})</(?P=k)>")
_VCARD = re.compile(r"^(?P<k>FN|N|BDAY|ADR|ORG)(?:;[^:\n]*)?:(?P<v>[^\n\r]+)", re.MULTILINE)
_SQL = re.compile(
    r"\binsert\s+into\s+[\w.\"`\[\]]+\s*\((?P<k>[^()]{3,400})\)\s*values\s*(?P<v>\([^;]*)", re.IGNORECASE
)
_SQL_ROW = re.compile(r"\(((?:'(?:[^']|'')*'|[^()'])*)\)")
_SQL_CELL = re.compile(r"\s*(?:'(?P<s>(?:[^']|'')*)'|(?P<n>[^,']+))\s*(?:,|$)")
_LINE = re.compile(r"[^\n]+")
_NAMELESS = re.compile(
    r"[\W\d_]*|.*\d{3}.*|(?:n/?a|null|none|ja|nein|unbekannt|keine?r?|offen|true|false|string|tbd|siehe.*)",
    re.IGNORECASE,
)
_NEEDS_DIGIT = frozenset(
    {_T.DATE_OF_BIRTH, _T.PHONE, _T.IBAN, _T.REF_ID, _T.TAX_ID, _T.VAT_ID, _T.SSN, _T.HEALTH_ID, _T.LICENSE_PLATE, _T.VIN, _T.ID_DOC, _T.IP_ADDRESS}
)  # fmt: skip


def type_of(header: str) -> EntityType | None:
    """What values under this header, key or tag are, if personal."""
    words = re.sub(r"(?<=[a-zäöü])(?=[A-Z])", "_", header.strip(" \t*\"'`[]")).strip()
    for pattern, type_ in _HEADERS:
        if pattern.fullmatch(words):
            return type_
    return None


def is_value(type_: EntityType, value: str) -> bool:
    """Whether a cell can hold such an entity: not empty, not `n/a`, digits where the type has digits."""
    value = value.strip()
    if not value or len(value) > 120:
        return False
    if type_ in _NEEDS_DIGIT:
        return any(char.isdigit() for char in value)
    if type_ is _T.EMAIL:
        return "@" in value
    if type_ in (_T.PERSON, _T.ORG):
        return _NAMELESS.fullmatch(value) is None and len(value.split()) <= 6
    return any(char.isalnum() for char in value) and len(value) < 80


def find(text: str) -> list[Entity]:
    """Values of JSON, XML, vCard, SQL and delimited tables."""
    found: list[Entity] = []
    if '":' in text or '" :' in text:
        for match in _JSON.finditer(text):
            key = "v" if match["v"] is not None else "vn"
            found += _cell(text, match["k"] or match["kn"], *match.span(key), "JSON key")
    if "</" in text:
        for match in _XML.finditer(text):
            found += _cell(text, match["k"], *match.span("v"), "XML tag")
    if "BEGIN:VCARD" in text.upper():
        for match in _VCARD.finditer(text):
            found += _cell(text, match["k"], *match.span("v"), "vCard field")
    for match in _SQL.finditer(text):
        found += _sql(text, match)
    found += _tables(text)
    return found


def _cell(text: str, header: str, start: int, end: int, reason: str) -> Iterator[Entity]:
    type_ = type_of(header)
    while start < end and text[start] in " \t*'\";":
        start += 1
    while end > start and text[end - 1] in " \t*'\";\r":
        end -= 1
    if type_ is not None and is_value(type_, text[start:end]):
        yield Entity(start, end, type_, "fields", 0.82, reason)


def _sql(text: str, insert: re.Match[str]) -> Iterator[Entity]:
    headers = insert["k"].split(",")
    for row in _SQL_ROW.finditer(text, *insert.span("v")):
        cells = [cell for cell in _SQL_CELL.finditer(text, *row.span(1)) if cell.end() > cell.start()]
        if len(cells) == len(headers):
            for header, cell in zip(headers, cells, strict=True):
                yield from _cell(
                    text, header.strip(), *cell.span("s" if cell["s"] is not None else "n"), "SQL column"
                )


def _tables(text: str) -> Iterator[Entity]:
    """Rows below a header line with the same delimiter and at least two columns, until the shape ends."""
    lines = [match.span() for match in _LINE.finditer(text)]
    row = 0
    while row < len(lines) - 1:
        start, end = lines[row]
        delimiter = next(
            (
                mark
                for mark in (";", "\t", "|", ",")
                if text.count(mark, start, end) >= (2 if mark == "," else 1)
            ),
            None,
        )
        headers = text[start:end].split(delimiter) if delimiter else []
        if not headers or not any(type_of(header) for header in headers):
            row += 1
            continue
        row += 1
        while row < len(lines) and text.count(delimiter or "", *lines[row]) in (
            len(headers) - 1,
            len(headers),
        ):
            yield from _row(text, headers, *lines[row], delimiter or "")
            row += 1


def _row(text: str, headers: list[str], start: int, end: int, delimiter: str) -> Iterator[Entity]:
    place = start
    for header, cell in zip(headers, text[start:end].split(delimiter), strict=False):
        yield from _cell(text, header, place, place + len(cell), "table column")
        place += len(cell) + len(delimiter)


DETECTOR = Detector(
    name="fields",
    types=frozenset(type_ for _, type_ in _HEADERS),
    source="RFC 8259, RFC 4180, RFC 6350, ISO/IEC 9075",
    examples=(
        '{"name": "«Erika Beispiel»", "geburtsdatum": "«1980-03-12»", "menge": "3"}',
        "Artikel;Kunde Nr;Geburtsdatum\nSchraube;x;«12.03.1980»\nMutter;y;«13.04.1981»",
        "<kunde><nachname>«Beispiel»</nachname><menge>4</menge></kunde>",
        "INSERT INTO k (vorname, menge) VALUES ('«Erika»', 3)",
        "| Name | Menge |\n|---|---|\n| «Erika Beispiel» | 3 |",
    ),
    counter_examples=(
        "Artikel;Preis\nSchraube;3,50",
        '{"farbe": "rot", "geburtsdatum": ""}',
        "Name; Vorname; Ort",
        "a, b, c\n1, 2, 3",
    ),
    find=find,
)
