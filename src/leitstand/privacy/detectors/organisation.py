"""Companies: by legal form, by a word such as Firma, by trade and name; bodies of general fame stay readable."""

import re

from leitstand.privacy.detectors.base import Detector
from leitstand.privacy.detectors.words import words_of
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.lexicon import lexicon

LEGAL_FORM = (
    r"(?:(?:g?GmbH|UG(?:[ ]?\(haftungsbeschränkt\))?|AG|SE|KG|OHG|GbR|mbH)(?:\s{0,2}&\s{0,2}Co\.?(?:[ ]?(?:KGaA|KG|OHG))?)?|KGaA|e\.\s?K(?:fm|fr)?\.?|e\.\s?G\.?|eG|eK"
    r"|PartG(?:[ ]?mbB)?|PartGmbB|Ltd\.?|Limited|Inc\.?|LLC|LLP|PLC|Corp\.?|S\.?A\.?R\.?L\.?|S\.A\.|B\.?V\.|N\.V\.|S\.?r\.?l\.?|s\.r\.o\.|Sp\.\sz\so\.o\.|GesmbH|e\.\s?V\."
    r"|&\s{0,2}Co\.?(?:[ ]KG)?|&\s{0,2}(?:Partner|Söhne|Sohn|Sons|Cie\.?)|(?:und|\+)\s(?:Partner|Söhne|Sohn|Kollegen))"
)
_PART = r"(?:[A-ZÄÖÜ0-9][\wÄÖÜäöüß.'’&+/-]*|[a-z][A-Z]\w+|&|\+|und(?=\s[A-ZÄÖÜ])|für(?=\s[A-ZÄÖÜ])|van|de)"
_BY_FORM = re.compile(
    rf"(?<![\w.-])(?P<v>(?:{_PART}[ ]{{1,2}}){{1,7}}?(?:in[ ])?{LEGAL_FORM}(?:[ ]{{1,2}}{LEGAL_FORM})?)(?![\w])"
)
_BY_FORM_LOWER = re.compile(
    r"(?<![\w.-])(?P<v>(?:[\wäöüß.'-]+[ ](?:&[ ])?){1,3}?(?:gmbh(?:\s{0,2}&\s{0,2}co\.?(?:\s?kg)?)?|e\.\s?k\.|ohg|gbr|partg(?:\smbb)?|kg(?=[\s,.;]|$)|mbh|ug|ag(?=[,.;]|$)))(?![\w])"
)
_TRADES = (
    r"(?:Autohaus|Bäckerei|Baeckerei|Backerei|Metzgerei|Fleischerei|Schreinerei|Tischlerei|Malerbetrieb|Dachdeckerei|Spedition|Kanzlei|Steuerkanzlei|Rechtsanwaltskanzlei|Steuerberatung"
    r"|Ingenieurbüro|Architekturbüro|Planungsbüro|Hausverwaltung|Immobilien|Elektro|Sanitär|Getränke|Getraenke|Druckerei|Gärtnerei|Praxis|Zahnarztpraxis|Arztpraxis|Apotheke|Hotel|Gasthof|Gasthaus|Restaurant|Pension"
    r"|Weingut|Brauerei|Möbelhaus|Modehaus|Buchhandlung|Optik|Reisebüro|Fahrschule|Taxi|Blumen|Zimmerei|Schlosserei|Bauunternehmen|Heizungsbau|Baustoffe|Fahrzeugbau|Gebr\.|Gebrüder|Notariat)"
)
_BY_TRADE = re.compile(
    rf"(?<![\w.-])(?P<v>{_TRADES}[ ](?:am[ ]|zum[ ]|zur[ ]|Dr\.[ ])?[A-ZÄÖÜ][\wäöüß'’-]+(?:[ ](?:&|und|\+)[ ][A-ZÄÖÜ][\wäöüß-]+|[ ](?:KG|AG|OHG|eK))?)(?![\w])"
)
_BY_TAIL = re.compile(
    r"(?<![\w.-])(?P<v>[A-ZÄÖÜ][\wäöüß'’-]+(?:[ ](?:&|und|\+)[ ][A-ZÄÖÜ][\wäöüß'’-]+)?[ ](?:Rechtsanwälte|Steuerberater|Maschinenbau|Logistik|Transporte|Bau|Metallbau|Anlagenbau|Elektrotechnik"
    r"|Holding|Group|Gruppe|Consulting|Solutions|Systems|Technologies|Industries|Werke|Immobilien|Haustechnik|Software|Automotive|Engineering|Dienstleistungen|Bedachungen|Architekten|Ingenieure))(?![\w])"
)
_AFTER_CUE = re.compile(
    r"(?<![\w])(?:Firma|Fa\.|Firmen|Lieferant|Auftraggeberin?|Arbeitgeber|Mandantin|Company|company|supplier|employer)[ ]{0,2}:?[ ]{1,2}(?P<v>(?:[A-ZÄÖÜ0-9][\wÄÖÜäöüß.'’&+-]*)(?:[ ](?:&[ ])?[A-ZÄÖÜ][\wÄÖÜäöüß'’+-]*){0,3})"
)
_AFTER_CUE_LOWER = re.compile(
    r"(?<![\w])(?:firma|fa\.)\s(?P<v>[a-zäöüß][\wäöüß&-]{2,}(?:\s(?:&|und)\s[a-zäöüß]{3,})?)"
)
_FAMOUS = re.compile(
    r"(?:deutsche?n?r?[ ](?:bahn|post|bank|telekom|rentenversicherung|börse|lufthansa)|\w*sparkassen?\b|\w*volksbank|raiffeisen\w*|commerzbank|postbank|dkb|ing-?diba|unicredit"
    r"|hypovereinsbank|kfw|bundesbank|allianz|axa|huk|ergo|generali|debeka|signal iduna|r\+v|provinzial|gothaer|zurich|nürnberger versicherung|aok|barmer|\btk\b|techniker krankenkasse|dak|ikk|bkk"
    r"|dhl|dpd|ups|gls|hermes|fedex|sap|siemens|bosch|microsoft|google|apple|amazon|openai|anthropic|meta|facebook|basf|bayer|bmw|volkswagen|vw|audi|mercedes|daimler|porsche|telekom|vodafone|o2|e\.?on|rwe|enbw"
    r"|lidl|aldi|rewe|edeka|ikea|datev|schufa|gema|tüv|dekra|ihk|hwk|bafin|finanzamt|amtsgericht|landgericht|bundes\w+|stadt\w*|landkreis|gemeinde|universität|hochschule|ministerium|oracle|ibm|cisco|dell|hp|lenovo|intel|nvidia)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:(?:der|die|das|dem|den|des|ein|eine|einer|einem|bei|mit|von|vom|für|an|am|im|in|und|als|zur|zum|durch|gegen|wir|ist|sind|hat|sie|ihre?r?|unsere?r?|unser|mein|meine[rm]?|the|at|from|for|with|our|sehr|geehrte|damen|herren"
    r"|Firma|Fa\.|Kunde|Kundin|Lieferant|Auftraggeber(?:in)?|Arbeitgeber|Mandant(?:in)?|Angebot|Rechnung|Vertrag|Betreff|Re|AW|WG|laut|seit|bitte|hallo|Absender|Empfänger|Lieferschein|Mahnung|auch|oder|sowie|nach|über|ob|dass"
    r"|Geschäftsführer(?:in)?|Vertreter|Schuldner(?:in)?|Klägerin|Beklagte|Antragstellerin|Gesellschafterversammlung|Vergleiche|Prüfe|Schreibe|Fasse|Gegen|Neue|Neuer|Alte)[ :]+)+",
    re.IGNORECASE,
)


def find(text: str) -> list[Entity]:
    """Company names, legal form included, leading articles and job words left out."""
    found: list[Entity] = []
    for pattern, score, reason in _PATTERNS:
        for match in pattern.finditer(text):
            entity = _entity(text, match, score, reason)
            if entity:
                found.append(entity)
    return found


_PATTERNS = (
    (_BY_FORM, 0.88, "legal form"),
    (_BY_FORM_LOWER, 0.8, "legal form"),
    (_BY_TRADE, 0.8, "trade and name"),
    (_BY_TAIL, 0.76, "name and trade"),
    (_AFTER_CUE, 0.74, "cue"),
    (_AFTER_CUE_LOWER, 0.7, "cue"),
)
_ONLY_FORM = re.compile(rf"(?:{LEGAL_FORM}|&|\s)+", re.IGNORECASE)
_WEIGHT = re.compile(r"\d\s?(?:kg|ag|ug)$", re.IGNORECASE)
_TRADE = re.compile(_TRADES)
_STOP = re.compile(
    r"(?:ist|sind|hat|haben|wird|wurde|der|die|das|mit|von|für|ein|eine|eines|einer|wie|auch|nicht|oder|und|zur|zum|in|im|kg|\d+(?:[.,]\d+)?|fa\.|firma|gmbh|eine[rn]?)[ ]",
    re.IGNORECASE,
)


def _entity(text: str, match: re.Match[str], score: float, reason: str) -> Entity | None:
    start, end = match.span("v")
    lead = _LEAD.match(text, start, end)
    if lead and lead.end() < end:
        start = lead.end()
    if pattern_is_lower(match):
        while (stop := _STOP.match(text, start, end)) is not None:
            start = stop.end()
    start = _after_common_words(text, start, end)
    name = text[start:end]
    if (
        len(name) < 3
        or _WEIGHT.search(name)
        or _ONLY_FORM.fullmatch(name)
        or _FAMOUS.match(name)
        or not any(c.isalpha() for c in name[:3])
    ):
        return None
    return Entity(start, end, EntityType.ORG, "organisation", score, reason)


def _after_common_words(text: str, start: int, end: int) -> int:
    """Past leading words of the sentence (`Besuch Betriebsprüfung Beispiel AG`), if a name is left behind them."""
    lex = lexicon()
    words = words_of(text[start:end])
    skip = 0
    while (
        skip < len(words) - 2
        and lex.is_form_word(words[skip].text)
        and not _TRADE.fullmatch(words[skip].text)
    ):
        skip += 1
    rest = [word.text for word in words[skip:] if not _ONLY_FORM.fullmatch(word.text)]
    return start + words[skip].start if skip and any(not lex.is_common(word) for word in rest) else start


def pattern_is_lower(match: re.Match[str]) -> bool:
    """Whether the match came from the pattern for lower-case typing."""
    return match.re in (_BY_FORM_LOWER, _AFTER_CUE_LOWER)


DETECTOR = Detector(
    name="organisation",
    types=frozenset({EntityType.ORG}),
    source="HGB § 19, GmbHG § 4, AktG § 4, PartGG § 2; common trade words",
    examples=(
        "Angebot für die «Beispiel Maschinenbau GmbH & Co. KG» prüfen",
        "bei der «Muster & Söhne OHG» bestellt",
        "Die «Bäckerei Musterfrau» fragt an",
        "Firma «Elbwerk» hat bezahlt",
        "rechnung der «mustermann gmbh» offen",
        "from «Example Widgets Ltd.» today",
    ),
    counter_examples=(
        "Die GmbH haftet.",
        "Deutsche Bahn AG streikt",
        "eine GmbH & Co. KG gründen",
        "20 kg Mehl",
        "Die Sparkasse Ulm bucht ab",
    ),
    find=find,
)
