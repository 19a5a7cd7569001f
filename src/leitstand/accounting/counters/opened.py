"""The counters of an installation: in a file of this machine, or in Valkey for several machines."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leitstand.accounting.counters.shared import SharedCounters
from leitstand.core import settings
from leitstand.core.errors import InvalidRequest
from leitstand.core.sealing import load_or_create
from leitstand.journal.repository import MACHINE_FILE

if TYPE_CHECKING:
    from leitstand.accounting.counters.valkey import ValkeyCounters

_SCHEMES = ("valkey", "valkeys")


def open_counters(data: Path) -> "SharedCounters | ValkeyCounters":
    """The counters that LEITSTAND_VALKEY asks for; raises InvalidRequest for an address that is none."""
    url = settings.read_secret("valkey")
    if not url:
        return SharedCounters(data / "limits.counters")
    place = urlsplit(url)
    if place.scheme not in _SCHEMES or not place.hostname:
        raise InvalidRequest(
            "LEITSTAND_VALKEY ist keine Adresse. Beispiel: valkey://valkey.firma.example:6379/0, mit TLS valkeys://…",
            "LEITSTAND_VALKEY is no address. Example: valkey://valkey.company.example:6379/0, with TLS valkeys://…",
        )
    from leitstand.accounting.counters.valkey import ValkeyCounters  # loads its client library

    return ValkeyCounters(url, data, load_or_create(data / MACHINE_FILE, 8).hex())
