"""Reference numbers that lead to a person or client: by the word in front, never by form alone."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.entities import Entity, EntityType

_SUBJECT = (
    r"(?:kunden?|kd|kund|klienten|mandanten?|mandats?|vertrags?|versicherungsschein|versicherungs|policen?|police|personal|pers|mitarbeiter|patienten"
    r"|pat|fall|mitglieds?|matrikel|zähler|zaehler|stromzähler|gaszähler|schaden|schadens|leistungs|debitoren|kreditoren|lieferanten"
    r"|teilnehmer|schüler|bewerber|akten|depot|darlehens?|kredit|gläubiger|beitrags|buchungs?konto|bauspar|leasing|objekt|mieter|einheiten"
    r"|wohnungs|customer|client|contract|policy|member(?:ship)?|patient|employee|personnel|case|claim|meter|account|mrn|file|loan|student)"
)
_NUMBER_WORD = r"(?:[\s-]{0,2}(?:n(?:umme)?r\b\.?|num(?:mer|ber)\b|no\b\.?|id\b|kennung\b|zeichen\b|nr\.|#))"
_WHOLE = (
    r"(?:aktenzeichen|geschäftszeichen|gesch\.?-?z\.?|az|mandatsreferenz|mandatsref\.?|gläubiger-?id|police|kd\.?|kdnr\.?|kd\.?-?nr\.?|pnr\.?"
    r"|pers\.?-?nr\.?|vnr|vsnr|vs-?nr\.?|vers\.?-?nr\.?|vertrag|mandatsnr\.?|schadennr\.?|unser zeichen|ihr zeichen|ref(?:erenz)?|mrn|zählpunkt"
    r"|marktlokation|malo|vertragskonto|buchungskonto|kassenzeichen|bg-?nummer|klientennr\.?|piz|fallzahl|aufnahmezahl|sv)"
)
_VALUE = (
    r"(?P<v>(?=[^\n,;|]{0,14}\d)(?:\d{1,4}\s[A-Z][A-Za-z]{0,3}\s\d{1,6}/\d{2,4}|(?:[IVX]+|\d{1,4})\s[A-Z][A-Za-z]{0,3}\s\d{1,6}/\d{2}"
    r"|(?=[^\s,;|]{0,14}\d)[A-Za-z0-9ÄÖÜ]+(?:[-/._][A-Za-z0-9]+)*(?: \d{2,6}(?:[-/]\d+)*){0,4}))"
)
_FILLER = r"\s?(?:\((?:alt|neu)\)\s?)?(?:(?:lautet|ist|war|is|bei ihnen|von ihnen)\s?)?[:=#.|\"'*„(]{0,3}\s{0,2}[\"'„*|]{0,2}"
_BY_NUMBER = re.compile(rf"(?<![\w]){_SUBJECT}s?{_NUMBER_WORD}{_FILLER}{_VALUE}(?![\w])", re.IGNORECASE)
_BY_WORD = re.compile(rf"(?<![\w]){_WHOLE}\.?(?:{_NUMBER_WORD})?{_FILLER}{_VALUE}(?![\w])", re.IGNORECASE)
_BY_COMPOUND = re.compile(
    r"(?<![\w])(?:\w+vertrag(?:s|es)?|\w*zähler|\w*police|\w+konto)\s(?:nr\.?\s?|nummer\s)?(?P<v>(?=[^\s,;|]*\d)[A-Za-z0-9]+(?:[-/][A-Za-z0-9]+)*(?: \d{2,6}){0,4})(?![\w])",
    re.IGNORECASE,
)
_BEHIND_NAME = re.compile(
    r"(?<![\w])(?:Kund(?:e|in)|Patient(?:in)?|Mieter(?:in)?|Mitglied|Mandant(?:in)?|Mitarbeiter(?:in)?|Versicherte[rn]?)\s(?:Herrn?\s|Frau\s)?"
    r"[A-ZÄÖÜ][^\n()\d]{1,40}\s\((?P<v>[A-Z0-9-]*\d{4,12})\)"
)
_COURT = re.compile(
    r"(?<![\w/.])(?P<v>\d{1,4}\s(?:O|C|S|U|F|Js|Ls|Ds|Cs|Ks|KLs|OWi|IN|IK|M|T|W|AR|XVII|Ca|Sa|Ga|VI|BV)\s\d{1,6}/\d{2})(?![\w/])"
)
_BY_YEAR = re.compile(
    r"(?<![\w/.,-])(?P<v>\d{5,9}/(?:19|20)\d\d)(?![\w/-])"
)  # no law or regulation has five digits
_DATE = re.compile(r"\d{1,2}\.\s?\d{1,2}\.(?:\d{2,4})?|\d{4}-\d\d-\d\d")
_LAW = re.compile(
    r"(?:§+|Art\.?|BGH|BVerfG|BAG|BFH|BSG|BVerwG|EuGH|OLG|LAG|LG|AG|VG|OVG|FG|Urteil|Beschluss|vom|,)\s*(?:\w+\s)?$"
)


def find(text: str) -> list[Entity]:
    """Numbers after a cue word; file numbers of German courts also without one, citations left alone."""
    if not has_digit(text):
        return []
    found = [_entity(match, 0.88) for match in _BY_NUMBER.finditer(text) if _is_value(match["v"])]
    found += [_entity(match, 0.86) for match in _BY_WORD.finditer(text) if _is_value(match["v"])]
    found += [_entity(match, 0.75) for match in _BY_COMPOUND.finditer(text) if _is_long(match["v"])]
    found += [_entity(match, 0.8) for match in _BEHIND_NAME.finditer(text)]
    found += [_entity(match, 0.6) for match in _BY_YEAR.finditer(text)]
    found += [
        _entity(match, 0.7)
        for match in _COURT.finditer(text)
        if not _LAW.search(text[max(0, match.start() - 24) : match.start()])
    ]
    return found


def _entity(match: re.Match[str], score: float) -> Entity:
    return Entity(*match.span("v"), EntityType.REF_ID, "ref_id", score, "cue word")


def _is_long(value: str) -> bool:
    """More than a year, a count or a date."""
    return sum(char.isdigit() for char in value) >= 5 and _DATE.match(value) is None


def _is_value(value: str) -> bool:
    return sum(char.isdigit() for char in value) >= 2 and _DATE.match(value) is None


DETECTOR = Detector(
    name="ref_id",
    types=frozenset({EntityType.REF_ID}),
    source="GDPR article 4 (1): identification number; file numbers: AktO",
    examples=(
        "Kundennummer: «K-811226»",
        "meine Vertragsnr. lautet «VTR-2022-79234».",
        "Az.: «16 O 87/20»",
        "Personalnummer «0815»",
        "(Kd. «5131221»)",
        "customer no. «CU-99812»",
        "Zählernummer «1EMH0012345678»",
        "den Wartungsvertrag «VTR-2023-48042» kündigen",
        "Kunde Mustermann («4829209») meldet eine Störung",
        "PIZ: «30211876»",
        "Befund vom 3. Mai («21904/2023»)",
    ),
    counter_examples=(
        "Rechnung Nr. 2024-0815",
        "Bestellnummer 4711",
        "Ticket INC0048293",
        "Artikelnummer 6ES7734-3AA17",
        "Vertrag vom 12.03.2024",
        "Verordnung (EG) Nr. 1907/2006",
        "BGH, Urteil vom 3. Mai 2016, VI ZR 123/15",
    ),
    find=find,
)
