"""Web addresses of clients: they name the company. Hosts of public vendors and bodies stay readable."""

import re

from leitstand.privacy.detectors.base import Detector
from leitstand.privacy.entities import Entity, EntityType

_ADDRESS = re.compile(
    r"(?<![\w@.-])(?:https?://|www\.)(?:[^\s/@<>\"']+@)?(?P<host>[\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:/[^\s<>\"'|]*)?",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"(?:^|\.)(?:bund|bundesregierung|gesetze-im-internet|europa|wikipedia|github|google|microsoft|apple|amazon|"
    r"openai|anthropic|python|w3|ietf|iso|din|vdi|sap|siemens|datev|elster|ihk|bafin|destatis|youtube|linkedin|xing|"
    r"json-schema|schema|example|localhost)\.?(?:de|com|org|eu|net|gov|int|dev)?$",
    re.IGNORECASE,
)
_TAIL = ".,;:!?)]}»“”'"


def find(text: str) -> list[Entity]:
    """Addresses with a scheme or `www.`, trailing punctuation left out."""
    found = []
    for match in _ADDRESS.finditer(text):
        if _PUBLIC.search(match["host"]):
            continue
        end = match.start() + len(match.group().rstrip(_TAIL))
        found.append(Entity(match.start(), end, EntityType.URL, "url", 0.9, "web address"))
    return found


DETECTOR = Detector(
    name="url",
    types=frozenset({EntityType.URL}),
    source="RFC 3986",
    examples=("Siehe «https://www.maschinenbau-beispiel.test/kontakt?id=3».", "«www.beispiel-kunde.test»"),
    counter_examples=(
        "https://www.gesetze-im-internet.de/bgb/",
        "config.yaml",
        "a.b.c",
        "https://de.wikipedia.org",
    ),
    find=find,
)
