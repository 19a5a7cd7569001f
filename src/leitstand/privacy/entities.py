"""What the detectors look for, and how sensitive each kind is."""

from dataclasses import dataclass, replace
from enum import StrEnum

from leitstand.core.classes import DataClass


class EntityType(StrEnum):
    """The kinds of personal and client data; names are a fixed surface (`leitstand privacy scan`)."""

    PERSON = "PERSON"
    ADDRESS = "ADDRESS"
    ORG = "ORG"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    IBAN = "IBAN"
    CREDIT_CARD = "CREDIT_CARD"
    TAX_ID = "TAX_ID"
    VAT_ID = "VAT_ID"
    SSN = "SSN"
    HEALTH_ID = "HEALTH_ID"
    ID_DOC = "ID_DOC"
    LICENSE_PLATE = "LICENSE_PLATE"
    VIN = "VIN"
    REF_ID = "REF_ID"
    REG_NO = "REG_NO"
    USERNAME = "USERNAME"
    IP_ADDRESS = "IP_ADDRESS"
    URL = "URL"


@dataclass(frozen=True, slots=True)
class Entity:
    """One find in one text.

    start, end: character offsets, end exclusive. score: 0 to 1, how sure the detector is; it decides
    overlaps. reason: a few words for the test bench, never text from the request.
    """

    start: int
    end: int
    type: EntityType
    detector: str
    score: float
    reason: str = ""

    def at(self, start: int, end: int) -> "Entity":
        """The same find with other borders."""
        return self if (start, end) == (self.start, self.end) else replace(self, start=start, end=end)


WORDS: dict[EntityType, str] = {
    EntityType.PERSON: "Person",
    EntityType.ADDRESS: "Adresse",
    EntityType.ORG: "Firma",
    EntityType.DATE_OF_BIRTH: "Geburtsdatum",
    EntityType.EMAIL: "Mailadresse",
    EntityType.PHONE: "Telefon",
    EntityType.IBAN: "Konto",
    EntityType.CREDIT_CARD: "Karte",
    EntityType.TAX_ID: "Steuernummer",
    EntityType.VAT_ID: "Umsatzsteuernummer",
    EntityType.SSN: "Sozialversicherung",
    EntityType.HEALTH_ID: "Versichertennummer",
    EntityType.ID_DOC: "Ausweis",
    EntityType.LICENSE_PLATE: "Kennzeichen",
    EntityType.VIN: "Fahrgestell",
    EntityType.REF_ID: "Kennung",
    EntityType.REG_NO: "Register",
    EntityType.USERNAME: "Benutzer",
    EntityType.IP_ADDRESS: "Netzadresse",
    EntityType.URL: "Webadresse",
}
"""The German word that a placeholder of each type begins with: one capitalised word of plain letters."""

GIVEN_NAME_WORD = "Vorname"
"""First names have a word of their own, so that surname and first name keep apart (placeholders.py)."""

_BUSINESS_FACTS = frozenset({EntityType.ORG, EntityType.VAT_ID, EntityType.REG_NO, EntityType.URL})


def implied_class(type_: EntityType) -> DataClass:
    """The least data class of a text that holds such an entity.

    Facts about companies are confidential. All else can be traced to a person, plates and reference
    numbers included (recital 26 GDPR: what somebody can reasonably link). Special categories are never
    implied by an entity: they lie in what is said about the person.
    """
    return DataClass.CONFIDENTIAL if type_ in _BUSINESS_FACTS else DataClass.PERSONAL
