"""What models make of the words of placeholders: plural and case endings, and translations.

`Firmen_001`, `Company_001` and `Entreprise_001` all mean `Firma_001`. Each alias means one word only. Words that
programs like to name things with (`client`, `user`, `card`) are left out: with a number they are rarely ours.
"""

import re

ALIASES: dict[str, tuple[str, ...]] = {
    "Person": ("Personen", "Persons", "Personne", "Persona", "Persoon", "Osoba"),
    "Vorname": (
        "Vornamen", "Vornamens", "First name", "Given name", "Forename", "Prénom", "Nombre de pila", "Voornaam", "Imię",
    ),
    "Adresse": ("Adressen", "Address", "Addresses", "Dirección", "Indirizzo", "Adres"),
    "Firma": ("Firmen", "Company", "Firm", "Entreprise", "Société", "Empresa", "Azienda", "Bedrijf"),
    "Geburtsdatum": (
        "Geburtsdatums", "Geburtsdaten", "Birth date", "Date of birth", "Birthday", "Date de naissance",
        "Fecha de nacimiento", "Data di nascita", "Geboortedatum",
    ),
    "Mailadresse": ("Mailadressen", "Mail address", "Email address", "E-Mail-Adresse", "E-Mail", "Adresse mail"),
    "Telefon": ("Telefons", "Telefonnummer", "Phone", "Phone number", "Telephone", "Téléphone", "Teléfono", "Telefono"),
    "Konto": ("Kontos", "Konten", "Account", "Bank account", "Compte", "Cuenta", "Rekening"),
    "Karte": ("Karten", "Credit card", "Payment card"),
    "Steuernummer": ("Steuernummern", "Tax number", "Tax ID", "Numéro fiscal"),
    "Umsatzsteuernummer": ("Umsatzsteuernummern", "VAT number", "VAT ID", "Numéro de TVA"),
    "Sozialversicherung": ("Sozialversicherungsnummer", "Social security", "Social security number"),
    "Versichertennummer": ("Versichertennummern", "Insurance number", "Insured number", "Health insurance number"),
    "Ausweis": ("Ausweises", "Ausweise", "ID card", "ID document", "Identity card"),
    "Kennzeichen": ("Kennzeichens", "License plate", "Licence plate", "Number plate"),
    "Fahrgestell": ("Fahrgestellnummer", "Fahrgestells", "Chassis", "Chassis number", "Vehicle identification number"),
    "Kennung": ("Kennungen", "Identifier", "Reference", "Reference number"),
    "Register": ("Registers", "Registernummer", "Registration number"),
    "Benutzer": ("Benutzers", "Benutzername", "User name"),
    "Netzadresse": ("Netzadressen", "Network address", "IP address"),
    "Webadresse": ("Webadressen", "Web address", "Website"),
}  # fmt: skip
"""The word of a placeholder → what stands for it in answers. A blank may also be `_`, `-` or missing."""


def plain(word: str) -> str:
    """A word as it is compared: lower case, without what stands between its parts."""
    return re.sub(r"[ _-]", "", word).casefold()


WORD_OF: dict[str, str] = {plain(alias): word for word, aliases in ALIASES.items() for alias in aliases}
"""Alias, as `plain` gives it → the word it means."""
