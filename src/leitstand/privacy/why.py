"""Why something was found, in words: who found it, by what, and how sure it is."""

from collections.abc import Mapping

from leitstand.core.i18n import Bilingual
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.own_rules import PATTERNS, TERMS

NETWORK = Bilingual("Netz", "network")
RULE = Bilingual("Regel", "rule")
OWN_TERM = Bilingual("eigener Begriff", "own term")
OWN_PATTERN = Bilingual("eigenes Muster", "own pattern")
AGAIN = Bilingual("Wiederkehr", "recurrence")
_SOURCES: Mapping[str, Bilingual] = {
    "tagger": NETWORK,
    TERMS: OWN_TERM,
    PATTERNS: OWN_PATTERN,
    "consistency": AGAIN,
    "fields": Bilingual("Feldname", "field name"),
    "look-alike": Bilingual("sieht aus wie ein Platzhalter", "looks like a placeholder"),
}
_REASONS: Mapping[str, Bilingual] = {
    "checksum": Bilingual("Prüfsumme stimmt", "checksum holds"),
    "check digit": Bilingual("Prüfziffer stimmt", "check digit holds"),
    "cue": Bilingual("Hinweiswort davor", "cue word in front"),
    "cue word": Bilingual("Hinweiswort davor", "cue word in front"),
    "cue, failed checksum": Bilingual("Hinweiswort davor, Prüfsumme falsch", "cue word in front, checksum wrong"),
    "street and house number": Bilingual("Straße und Hausnummer", "street and house number"),
    "district and form": Bilingual("Kreis und Form", "district and form"),
    "German form": Bilingual("deutsche Form", "German form"),
    "national form": Bilingual("Form einer Rufnummer", "form of a phone number"),
    "country code": Bilingual("Landesvorwahl", "country code"),
    "extension": Bilingual("Durchwahl", "extension"),
    "American form": Bilingual("amerikanische Form", "American form"),
    "web address": Bilingual("Webadresse", "web address"),
    "valid address": Bilingual("gültige Adresse", "valid address"),
    "form": Bilingual("Form", "form"),
    "own term": Bilingual("steht in der Begriffsliste", "is in the list of terms"),
    "found elsewhere with a cue": Bilingual("an anderer Stelle mit Hinweis gefunden", "found elsewhere with a cue"),
    "found elsewhere": Bilingual("an anderer Stelle gefunden", "found elsewhere"),
    "JSON key": Bilingual("Name des JSON-Felds", "name of the JSON field"),
    "first name and surname": Bilingual("Vor- und Nachname aus den Wortlisten", "first name and surname from the word lists"),
    "first name and surname, lower case": Bilingual("Vor- und Nachname, klein geschrieben", "first name and surname in lower case"),
    "surname, first name": Bilingual("Nachname, Vorname", "surname, first name"),
    "surname": Bilingual("Nachname aus der Wortliste", "surname from the word list"),
    "first name": Bilingual("Vorname aus der Wortliste", "first name from the word list"),
    "first name, lower case": Bilingual("Vorname, klein geschrieben", "first name in lower case"),
    "first name in the genitive": Bilingual("Vorname im Genitiv", "first name in the genitive"),
    "genitive apostrophe": Bilingual("Genitiv mit Apostroph", "genitive with an apostrophe"),
    "initial and surname": Bilingual("Anfangsbuchstabe und Nachname", "initial and surname"),
    "letters of another language": Bilingual("Buchstaben einer anderen Sprache", "letters of another language"),
    "domain account": Bilingual("Konto einer Domäne", "domain account"),
    "handle": Bilingual("Name mit @", "handle"),
    "home folder": Bilingual("Heimatordner", "home folder"),
    "salutation": Bilingual("Anrede davor", "salutation in front"),
    "title": Bilingual("Titel davor", "title in front"),
    "role": Bilingual("Funktion davor", "role in front"),
    "greeting": Bilingual("Gruß davor", "greeting in front"),
    "signature": Bilingual("Unterschrift", "signature"),
    "answer to a question": Bilingual("Antwort auf die Frage nach dem Namen", "answer to a question for the name"),
    "cue behind": Bilingual("Hinweiswort dahinter", "cue word behind"),
    "cue nearby": Bilingual("Hinweiswort in der Nähe", "cue word nearby"),
    "date behind a person": Bilingual("Datum hinter einer Person", "date behind a person"),
    "form of a Steuernummer": Bilingual("Form einer Steuernummer", "form of a German tax number"),
    "line before a postcode": Bilingual("Zeile vor einer Postleitzahl", "line before a postcode"),
    "name and trade": Bilingual("Name und Gewerbe", "name and trade"),
    "trade and name": Bilingual("Gewerbe und Name", "trade and name"),
    "place of residence": Bilingual("Wohnort", "place of residence"),
    "postcode after a cue": Bilingual("Postleitzahl nach einem Hinweiswort", "postcode after a cue word"),
    "postcode and town": Bilingual("Postleitzahl und Ort", "postcode and town"),
    "street by preposition": Bilingual("Straße nach „in der“, „am“ …", "street after a preposition"),
    "legal form": Bilingual("Rechtsform dahinter", "legal form behind it"),
    "register and number": Bilingual("Register und Nummer", "register and number"),
    "table column": Bilingual("Überschrift der Tabellenspalte", "heading of the table column"),
    "XML tag": Bilingual("Name des XML-Elements", "name of the XML element"),
    "English street": Bilingual("englische Straße", "English street"),
    "post box": Bilingual("Postfach", "post box"),
    "label": Bilingual("Beschriftung davor", "label in front"),
    "birth star": Bilingual("Geburtsstern", "birth star"),
    "address with blanks": Bilingual("Adresse mit Leerzeichen", "address with blanks"),
    "form of an address": Bilingual("Form einer Adresse", "form of an address"),
    "spelled address": Bilingual("ausgeschriebene Adresse", "spelled address"),
    "form with birth date": Bilingual("Form mit Geburtsdatum", "form with birth date"),
}  # fmt: skip

TYPE_WORDS: Mapping[EntityType, Bilingual] = {
    EntityType.PERSON: Bilingual("Person", "person"),
    EntityType.ADDRESS: Bilingual("Anschrift", "address"),
    EntityType.ORG: Bilingual("Firma", "company"),
    EntityType.DATE_OF_BIRTH: Bilingual("Geburtsdatum", "date of birth"),
    EntityType.EMAIL: Bilingual("E-Mail-Adresse", "e-mail address"),
    EntityType.PHONE: Bilingual("Telefonnummer", "phone number"),
    EntityType.IBAN: Bilingual("Kontonummer (IBAN)", "bank account (IBAN)"),
    EntityType.CREDIT_CARD: Bilingual("Kartennummer", "card number"),
    EntityType.TAX_ID: Bilingual("Steuernummer", "tax number"),
    EntityType.VAT_ID: Bilingual("USt-IdNr.", "VAT number"),
    EntityType.SSN: Bilingual("Sozialversicherungsnummer", "social security number"),
    EntityType.HEALTH_ID: Bilingual("Versichertennummer", "health insurance number"),
    EntityType.ID_DOC: Bilingual("Ausweisnummer", "identity document"),
    EntityType.LICENSE_PLATE: Bilingual("Kennzeichen", "licence plate"),
    EntityType.VIN: Bilingual("Fahrgestellnummer", "vehicle number (VIN)"),
    EntityType.REF_ID: Bilingual("Kennung, Aktenzeichen", "reference number"),
    EntityType.REG_NO: Bilingual("Registernummer", "register number"),
    EntityType.USERNAME: Bilingual("Benutzername", "user name"),
    EntityType.IP_ADDRESS: Bilingual("Netzadresse", "IP address"),
    EntityType.URL: Bilingual("Webadresse", "web address"),
}


def source_of(entity: Entity) -> Bilingual:
    """What kind of thing found it: a rule, the network, an own term …"""
    return _SOURCES.get(entity.detector, RULE)


def reason_of(entity: Entity) -> Bilingual:
    """By what it was found."""
    if entity.detector == "tagger":
        return Bilingual("das Netz liest die Wörter so", "the network reads the words so")
    if entity.detector == PATTERNS:
        name = entity.reason.removeprefix("own pattern ")
        return Bilingual(f"Muster „{name}“", f"pattern '{name}'")
    return _REASONS.get(
        entity.reason, Bilingual(entity.reason or entity.detector, entity.reason or entity.detector)
    )
