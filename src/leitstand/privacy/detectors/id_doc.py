"""Identity cards, passports, residence permits and driving licences."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.detectors.checks import mrz
from leitstand.privacy.entities import Entity, EntityType

_CUE = (
    r"(?:(?:personal)?ausweis\w*|perso|reisepass\w*|reisepaß|pass|passnummer|passnr|führerschein\w*|fuehrerschein\w*|fahrerlaubnis\w*"
    r"|aufenthaltstitel\w*|identitätskarte|passport|driver'?s? licen[sc]e|driving licen[sc]e|licen[sc]e|id[ -]?card|identity card)"
)
_AFTER_CUE = re.compile(
    rf"(?<![\w]){_CUE}[ -]{{0,2}}(?:n(?:umme)?r\b\.?|no\b\.?|number|#|id)?(?:\s(?:lautet|ist|is|mit der|n(?:umme)?r\.?))?[\s:.=#|(\"'*,]{{0,6}}"
    r"(?P<v>(?=[A-Za-z0-9<]*\d)[A-Za-z0-9]{6,14}(?:<\d)?(?:D)?)(?![\w])",
    re.IGNORECASE,
)
_GERMAN = re.compile(r"(?<![\w-])[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d(?:<{0,2}D)?(?![\w-])")


def find(text: str) -> list[Entity]:
    """Numbers after a cue; the ten-character German form with a good check digit without one."""
    if not has_digit(text):
        return []
    found = [
        Entity(*match.span("v"), EntityType.ID_DOC, "id_doc", 0.9, "cue")
        for match in _AFTER_CUE.finditer(text)
        if sum(char.isdigit() for char in match["v"]) >= 2
    ]
    found += [
        Entity(*match.span(), EntityType.ID_DOC, "id_doc", 0.7, "check digit")
        for match in _GERMAN.finditer(text)
        if mrz(match.group()[:10]) and not match.group().isdigit() and len(set(match.group())) > 3
    ]
    return found


DETECTOR = Detector(
    name="id_doc",
    types=frozenset({EntityType.ID_DOC}),
    source="ICAO Doc 9303; PAuswV; Annex I of Directive 2006/126/EC",
    examples=(
        "Personalausweis-Nr.: «L01X00T471»",
        "Ausweis «T220001293» liegt vor",
        "Führerschein-Nr. «B072RRE2I55»",
        "Passport «C01X00T47», issued",
        "Perso «LZ6311T47»",
    ),
    counter_examples=("Der Ausweis liegt bei.", "Artikel L1234", "Führerschein Klasse BE", "Pass auf"),
    find=find,
)
