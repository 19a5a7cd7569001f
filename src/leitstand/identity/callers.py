"""Who calls, and the ring of virtual keys that tells it: an in-memory snapshot, replaced as a whole."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from leitstand.core.classes import Role
from leitstand.core.errors import InvalidKey, NotPermitted

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Person:
    """A user as configured. name: the short unique one that limits, keys and records refer to."""

    name: str
    email: str = ""
    display_name: str = ""
    department: str = ""
    role: Role = Role.USER
    active: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """A known person, and what the key used allows. An empty set means: everything its owner may use."""

    person: Person
    key_id: str = ""
    use_cases: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def role(self) -> Role:
        return self.person.role


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A virtual key as the ring holds it; the key itself is not known here, only its keyed hash."""

    id: str
    user: str
    use_cases: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    expires_us: int | None = None
    revoked_us: int | None = None


def digest(key: str, pepper: bytes) -> str:
    """The keyed hash under which a key is stored: HMAC-SHA-256, hex. A stolen table opens nothing."""
    return hmac.digest(pepper, key.encode(), "sha256").hex()


class KeyRing:
    """All virtual keys and their owners at one moment."""

    def __init__(self, keys: Mapping[str, StoredKey], people: Mapping[str, Person], pepper: bytes) -> None:
        """keys: by digest. people: by name."""
        self._keys = keys
        self._people = people
        self._pepper = pepper

    def identify(self, key: str, now_us: int, ip: str) -> Caller:
        """The caller that a key stands for; raises InvalidKey (401) or NotPermitted (403, wrong network)."""
        if not key:
            raise InvalidKey(
                "Es fehlt ein API-Schlüssel. Senden Sie ihn als „Authorization: Bearer lst_…“ oder „x-api-key“.",
                "No API key was sent. Send it as 'Authorization: Bearer lst_…' or 'x-api-key'.",
            )
        stored = self._keys.get(digest(key, self._pepper))
        person = self._people.get(stored.user) if stored else None
        if stored is None or person is None or not person.active:
            raise InvalidKey(
                "Dieser API-Schlüssel ist nicht bekannt. Prüfen Sie ihn oder lassen Sie sich einen neuen ausstellen.",
                "This API key is not known. Check it, or ask your administrator for a new one.",
            )
        _check_validity(stored, now_us)
        _check_network(stored, ip)
        return Caller(person, stored.id, stored.use_cases, stored.models)


def _check_validity(stored: StoredKey, now_us: int) -> None:
    if stored.revoked_us is not None and stored.revoked_us <= now_us:
        raise InvalidKey(
            f"Der API-Schlüssel {stored.id} ist gesperrt. Lassen Sie sich einen neuen ausstellen.",
            f"The API key {stored.id} is revoked. Ask your administrator for a new one.",
        )
    if stored.expires_us is not None and stored.expires_us <= now_us:
        raise InvalidKey(
            f"Der API-Schlüssel {stored.id} ist abgelaufen. Lassen Sie ihn erneuern.",
            f"The API key {stored.id} has expired. Have it rotated.",
        )


def _check_network(stored: StoredKey, ip: str) -> None:
    if not stored.networks:
        return
    address = _address(ip)
    if address is None or not any(address in network for network in stored.networks):
        raise NotPermitted(
            f"Der API-Schlüssel {stored.id} gilt nicht für die Adresse {ip or 'unbekannt'}. "
            "Ein Administrator kann den Adressbereich ändern.",
            f"The API key {stored.id} is not valid from address {ip or 'unknown'}. "
            "An administrator can change its address range.",
        )


def _address(ip: str) -> IPv4Address | IPv6Address | None:
    """The caller's address; a socket that serves both families writes IPv4 as `::ffff:192.0.2.1`."""
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
