"""IPv4 and IPv6 addresses; version numbers and clause numbers are left alone."""

import ipaddress
import re

from leitstand.privacy.detectors.base import Detector
from leitstand.privacy.entities import Entity, EntityType

_V4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_VERSION_CUE = re.compile(
    r"(?:version|release|firmware|build|kapitel|abschnitt|ziffer|punkt|nr\.|v)\s*:?\s*$", re.IGNORECASE
)


def find(text: str) -> list[Entity]:
    """Addresses that the standard library accepts."""
    found = []
    if text.count(".") >= 3:
        found += [entity for match in _V4.finditer(text) if (entity := _checked(text, match))]
    if text.count(":") >= 2:
        found += [entity for match in _V6.finditer(text) if (entity := _checked(text, match))]
    return found


def _checked(text: str, match: re.Match[str]) -> Entity | None:
    try:
        address = ipaddress.ip_address(match.group())
    except ValueError:
        return None
    if address.version == 6 and len(match.group()) < 6 and match.group() != "::1":
        return None
    if _VERSION_CUE.search(text[max(0, match.start() - 16) : match.start()]):
        return None
    return Entity(match.start(), match.end(), EntityType.IP_ADDRESS, "ip_address", 0.95, "valid address")


DETECTOR = Detector(
    name="ip_address",
    types=frozenset({EntityType.IP_ADDRESS}),
    source="RFC 791, RFC 4291; ECJ C-582/14 (Breyer): dynamic addresses are personal data",
    examples=("Anmeldung von «203.0.113.77» um 8 Uhr", "Host «2001:db8::8a2e:370:7334» antwortet"),
    counter_examples=(
        "Version 10.4.2.1 ist installiert",
        "Am 01.02.2024 um 10:30:00",
        "Kapitel 1.2.3.4",
        "999.1.1.1",
    ),
    find=find,
)
