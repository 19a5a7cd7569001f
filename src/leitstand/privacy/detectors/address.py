"""Postal addresses: street with house number, postcode with town, over several lines, and `wohnt in …`."""

import re

from leitstand.privacy.detectors.base import Detector
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.lexicon import lexicon

_SUFFIX = (
    r"(?:stra(?:ß|ss|fs|B)e|str\.?|weg|platz|allee|gasse|gässchen|gaessle|ring|damm|ufer|chaussee|steig|stieg|pfad|hof|berg|tal|wall|graben|markt"
    r"|kamp|park|brücke|bruecke|garten|gärten|winkel|höhe|hoehe|acker|äcker|feld|wiese|wiesen|busch|horst|deich|twiete|redder|zeile|anger|bogen"
    r"|kai|promenade|esplanade|terrasse|rain|heide|grund|stieg|gang|eck|furth|furt|bach|born|leite|halde|hang|siedlung|koppel|hagen|moor|see|lohe"
    r"|kirche|tor|mühle|muehle|dorf|hausen|steige|stücken|rade|loh|brink|riede|wende)"
)
_WORD = r"[A-Za-zÄÖÜäöüßé0-9][\w.'’-]*"
_NUMBER = r"(?:\d{1,4}\s?(?:[a-zA-Z](?![\w]))?(?:\s?1/2)?(?:\s?[-–/+]\s?\d{1,4}\s?(?:[a-z](?!\w))?)?)"
_TOWN = (
    r"(?:[A-ZÄÖÜ](?:[\wäöüß-]|\.(?=[\w-]))+(?:[ ](?:a\.\s?d\.|an der|am|im|in der|ob der|bei|vor der|v\.\s?d\.)\s?[A-ZÄÖÜ][\wäöüß]+|[ ][A-ZÄÖÜ][a-zäöüß-]+(?=[\s,.;)\n]|$)){0,2}"
    r"(?:[ ]?/[ ]?[A-ZÄÖÜ][a-zäöüß-]+)?(?:[ ]?\([A-ZÄÖÜ][\wäöüß .]+\))?)"
)
_TOWN_LOWER = r"(?:[a-zäöüß][\wäöüß-]{2,}(?:[ ]?\([a-zäöüß][\wäöüß ]+\))?)"
_PLZ = r"(?:(?:D|DE|A|CH)[ ]?[-–][ ]?)?[0-9OIl]{5}"
_LINK = r"(?:\s?[,;|/·•]\s{0,2}|\s{1,2}|\s?,?\s?\n\s{0,6}|\s?(?:[-–]|\bin)\s)"
_TAIL = rf"(?:{_LINK}{_PLZ}\s{{1,2}}(?:{_TOWN}|{_TOWN_LOWER}))?"
_STREET = re.compile(
    rf"(?<![\w.-])(?P<v>(?:(?:[A-ZÄÖÜ][\wäöüß.'’-]*|von|van|der|den|de|zu|und)[ -]){{0,3}}?[\wäöüßé.'’-]*(?i:{_SUFFIX})[ ]{{0,2}}{_NUMBER}"
    rf"(?![\w]|[.,:]\d|\s?(?:%|€|EUR|mm|cm|kg|Uhr|Stück)){_TAIL})"
)
_BARE_SUFFIX = re.compile(rf"{_SUFFIX}", re.IGNORECASE)
_STREET_HINT = re.compile(rf"{_SUFFIX}[ ]{{0,2}}\d", re.IGNORECASE)
_PREFIX = re.compile(
    rf"(?<![\w.-])(?P<v>(?:Am|An der|An den|An dem|Im|In der|In den|In dem|Zum|Zur|Auf der|Auf dem|Auf den|Unter den|Unter der|Hinter dem|Hinter der"
    rf"|Vor dem|Vor der|Beim|Bei der|Neben der|Alte[rs]?|Neue[rs]?|Große[rs]?|Kleine[rs]?|Obere[rs]?|Untere[rs]?|Lange[rs]?|Hohe[rs]?)[ ]"
    rf"[A-ZÄÖÜ][\wäöüß-]+(?:[ ][A-ZÄÖÜ][\wäöüß-]+)?[ ]{_NUMBER}(?![\w]|[.,:]\d|\s?(?:%|€|EUR|mm|cm|kg|Uhr|Stück|Tage|Jahre)){_TAIL})"
)
_BEFORE_PLZ = re.compile(
    rf"(?<![\w.-])(?P<v>(?:[A-ZÄÖÜ][\wäöüß.'’-]+[ ]){{1,4}}{_NUMBER}\s?(?:,\s?|\n\s{{0,6}}|\s[-–|/]\s|[ ]in[ ]|[ ]){_PLZ}[ ]{_TOWN})"
)
_POSTCODE = re.compile(
    rf"(?<![\w.,/-])(?P<v>{_PLZ}[ ]{{1,2}}(?!(?:EUR|Euro|USD|CHF|DM|Stück|Stk|Seiten|Einheiten|Tage|Mitarbeiter|Teile|Artikel|Uhr|Zyklen|Betriebsstunden|Stunden|Kunden|Tonnen|Liter|Meter|Wohnungen|Menschen|Einwohner|Zuschauer)\b){_TOWN})"
)
_POSTCODE_CUE = re.compile(
    rf"(?:plz|wohnt|wohnhaft|anschrift|adresse|lieferadresse|ort)[^\n\d]{{0,20}}(?P<v>{_PLZ}(?:\s{_TOWN_LOWER})?)(?!\w)",
    re.IGNORECASE,
)
_BOX = re.compile(rf"(?<![\w])(?P<v>(?:Postfach|PF)[ ]\d[\d ]{{1,8}}\d(?:{_LINK}{_PLZ}[ ]{_TOWN})?)")
_LIVES = re.compile(
    rf"(?:wohnt\s(?:jetzt\s|seit \d+ )?in|wohne\sin|wohnhaft(?:\sin)?|lebt\sin|gemeldet\sin|wohnort:?|lives\sin|resides\sin|resident\sof)\s(?P<v>{_TOWN})"
)
_LIVES_LOWER = re.compile(rf"(?:wohnt in|wohne in|wohnhaft in)\s(?P<v>{_TOWN_LOWER})")
_ENGLISH = re.compile(
    r"(?<![\w.-])(?P<v>\d{1,5}[A-Za-z]?[ ](?:[A-Z][\w'.-]+[ ]){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Square|Sq"
    r"|Terrace|Place|Pl|Close|Crescent|Highway|Hwy)\b\.?(?:,?\s(?:Apt|Suite|Unit|Flat|#)\.?\s?\w+)?(?:,\s[A-Z][\w .'-]+){0,2}"
    r"(?:,?\s(?:[A-Z]{2}\s\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}))?)"
)
_NO_STREET = re.compile(
    r"(?:seite|nummer|nr|posten|position|kapitel|paragraf|teil|raum|halle|platz|vertrag|betrag|umschlag|zeitraum|bereich|stellplatz|lagerplatz|arbeitsplatz"
    r"|auftrag|zuschlag|vorschlag|ausgang|eingang|vorgang|lehrgang|jahrgang|umgang|zugang|durchgang|rundgang|grund|hof|see|tor|feld|berg|tal|park|ring|weg|eck|bach"
    r"|born|hang|rain|kai|markt|monitor|motor|reaktor|faktor|direktor|sektor|doktor|hintergrund|vordergrund|urlaub|wall|anhang|zusammenhang|vorhang|idee|"
    r"dichtring|o-ring|lager|betrag|vortrag|nachtrag|beitrag|antrag|e-?mail|kamp|supermarkt|baumarkt|datenfeld|textfeld|pflichtfeld|sprengring|kolbenring"
    r"|bitzung|level|etage|übertrag|kaffee|tee|fahrt|art)\W{0,2}\d",
    re.IGNORECASE,
)
_PATTERNS = (
    (_PREFIX, 0.72, "street by preposition"),
    (_BEFORE_PLZ, 0.85, "line before a postcode"),
    (_POSTCODE, 0.7, "postcode and town"),
    (_POSTCODE_CUE, 0.75, "postcode after a cue"),
    (_BOX, 0.9, "post box"),
    (_LIVES, 0.7, "place of residence"),
    (_LIVES_LOWER, 0.65, "place of residence"),
    (_ENGLISH, 0.8, "English street"),
)
_ARTICLES = re.compile(
    r"(?:(?:der|die|das|dem|den|in|im|an|am|auf|bei|von|vom|zu|zur|zum|und|ist|wohnt|adresse|anschrift|straße|treffpunkt|absender|empfänger|lieferung|nach|aus|"
    r"wohnhaft|wohnung|neue|alte|ware|kommt|hier|bitte|ab|seit|für|haus|objekt|unsere|ihre|meine|seine)[ :]+)+",
    re.IGNORECASE,
)


def find(text: str) -> list[Entity]:
    """Whole addresses where they hang together, else their parts."""
    if not any(char.isdigit() for char in text):
        return [
            _entity(m, s, r) for p, s, r in _PATTERNS if p in (_LIVES, _LIVES_LOWER) for m in p.finditer(text)
        ]
    found = []
    if _STREET_HINT.search(text):
        found = [_street(text, match) for match in _STREET.finditer(text) if not _NO_STREET.match(match["v"])]
    for pattern, score, reason in _PATTERNS:
        found += [_entity(match, score, reason) for match in pattern.finditer(text)]
    return found


def _street(text: str, match: re.Match[str]) -> Entity:
    """A street without the small words that the pattern took in front of it."""
    start, end = match.span("v")
    small = _ARTICLES.match(text, start, end)
    if small and small.end() < end and text[small.end()].isalpha():
        start = small.end()
    words = text[start:end].split(" ")
    while (
        len(words) > 2
        and lexicon().is_common(words[0])
        and not _BARE_SUFFIX.fullmatch(words[1])
        and not words[1][:1].isdigit()
    ):
        start += len(words.pop(0)) + 1
    return Entity(start, end, EntityType.ADDRESS, "address", 0.85, "street and house number")


def _entity(match: re.Match[str], score: float, reason: str) -> Entity:
    return Entity(*match.span("v"), EntityType.ADDRESS, "address", score, reason)


DETECTOR = Detector(
    name="address",
    types=frozenset({EntityType.ADDRESS}),
    source="DIN 5008, Universal Postal Union S42 (Germany, Great Britain, United States)",
    examples=(
        "Lieferung an «Beispielstraße 12a, 70173 Stuttgart».",
        "«Am Musterhang 5\n89073 Ulm»",
        "sie wohnt in «Musterhausen»",
        "Anschrift: «Hans-Muster-Allee 3 in 10115 Berlin»",
        "wohnt «beispielweg 7, 50667 köln»",
        "Postfach: «Postfach 10 20 30, 70173 Stuttgart»",
        "at «12 Example Street, London»",
    ),
    counter_examples=(
        "Seite 12 und Raum 3",
        "Wir fahren nach Stuttgart",
        "Messe in Hannover",
        "Preis 12345 EUR",
        "DIN 50001",
        "Arbeitsplatz 12 ist frei",
        "O-Ring 12 mm",
    ),
    find=find,
)
