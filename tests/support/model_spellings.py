"""Answers as models write them: placeholders inflected, translated, reformatted, reordered, tabulated and cut up.

Deterministic. Each answer comes with what a reader should see, which is built beside it and never by restoring, and
with the originals that must not show up in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from urllib.parse import quote

from leitstand.privacy.placeholders import Mapping

ORIGINALS = {
    "Person": ("Aydın", "Wiśniewski", "von der Heide", "Sommer", "Groß", "Yılmaz"),
    "Vorname": ("Hans", "Anna-Lena", "Krzysztof", "Jörg", "Zoë"),
    "Firma": ("Elbzwerg", "Müller Maschinenbau", "Nordkran"),
    "Adresse": ("Beispielstraße 12a, 70173 Stuttgart", "Am Wall 3, 28195 Bremen"),
    "Mailadresse": ("anna.aydin@beispiel.example", "post@elbzwerg.example"),
    "Telefon": ("0711/123456-45", "+49 40 1234567"),
    "Konto": ("DE89 3704 0044 0532 0130 00",),
    "Kennung": ("K-811226", "AZ 12/345"),
    "Geburtsdatum": ("12.03.1980",),
}
TRANSLATED = {
    "Person": ("Person", "Persona", "Personne"),
    "Vorname": ("First_name", "FirstName", "Given name", "Prénom"),
    "Firma": ("Company", "Entreprise", "Empresa"),
    "Adresse": ("Address", "Dirección"),
    "Mailadresse": ("Email", "Email_address"),
    "Telefon": ("Phone", "Téléphone"),
    "Konto": ("Account", "Compte"),
    "Kennung": ("Reference", "Identifier"),
    "Geburtsdatum": ("Birth_date", "Date of birth"),
}
INFLECTED = {
    "Person": "Personen", "Vorname": "Vornamen", "Firma": "Firmen", "Adresse": "Adressen", "Konto": "Kontos",
    "Mailadresse": "Mailadressen", "Kennung": "Kennungen", "Telefon": "Telefons", "Geburtsdatum": "Geburtsdatums",
}  # fmt: skip
GLUE = (" ", ", ", ". Danach ", " und ", "; ", ":\n- ", " – ", " (", ") ", "\n", "/", " → ", "„", "“ ", "\t")
FOREIGN = (
    "Person 1", "Telefon 110", "Konto 4711", "Adresse 12", "telefon_1", "ADRESSE_1", "address_1", "user_001", "client_1",
    "MeinePerson_001", "Person_00100", "Telefon 001 212 555", "Konto-Nr. 12345678", "Firma 2", "billing_address_001",
    "Person_987", "Phone 1", "Kennung 77", "Personal_001", "Firmament 001", "Konto 001.50", "account_1",
)  # fmt: skip
"""What models write beside placeholders and must stay as it is, whatever the mapping holds."""


@dataclass(frozen=True)
class Case:
    """One answer. cuts: where a stream breaks it. expected: as a reader should see it."""

    answer: str
    expected: str
    cuts: tuple[int, ...]
    mapping: Mapping


def cases(count: int, seed: int = 1) -> Iterator[Case]:
    """So many answers, each over a mapping of its own."""
    random = Random(seed)
    for _ in range(count):
        yield _case(random)


def pieces(case: Case) -> list[str]:
    """The answer as a stream brings it."""
    edges = [0, *case.cuts, len(case.answer)]
    return [case.answer[start:end] for start, end in pairwise(edges)]


def _case(random: Random) -> Case:
    entries = _mapping(random)
    layout = random.choice((_sentence, _sentence, _table, _list))
    answer, expected = layout(random, [_spelling(random, *entry) for entry in _chosen(random, entries)])
    cuts = tuple(sorted(random.randrange(len(answer) + 1) for _ in range(random.randrange(14))))
    return Case(answer, expected, cuts, Mapping.from_entries(entries))


def _mapping(random: Random) -> list[tuple[str, str]]:
    entries = []
    for word, originals in ORIGINALS.items():
        first = random.choice((1, 1, 1, 9, 98, 120))
        for number, original in enumerate(random.sample(originals, random.randint(1, len(originals))), first):
            entries.append((f"{word}_{number:03d}", original))
    return entries


def _chosen(random: Random, entries: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [random.choice(entries) for _ in range(random.randint(1, 7))]


def _spelling(random: Random, placeholder: str, original: str) -> tuple[str, str]:
    """One placeholder as a model may write it, and what should stand there."""
    word, number = placeholder.split("_")
    genitive = "'" if original[-1] in "sxzß" else "s"
    ways = [
        (placeholder, original), (placeholder, original), (placeholder, original),
        (f"{placeholder}s", original + genitive), (f"{placeholder}'s", f"{original}'s"),
        (placeholder.upper(), original), (placeholder.lower(), original),
        (f"{word} {number}", original), (f"{word}-{number}", original), (f"{word}{number}", original),
        (f"{word}\u00a0{number}", original), (f"{word}\u2011{number}", original), (f"{word} #{number}", original),
        (f"{word} Nr. {number}", original), (f"{word}_{int(number)}", original), (f"{word} _ {number}", original),
        (f"{word}\\_{number}", original), (f"**{word}**_{number}", f"**{original}**"),
        (f"**{placeholder}**", f"**{original}**"), (f"*{word}*_{number}s", f"*{original}{genitive}*"),
        (f"**{word}** {number}", f"**{original}**"), (f"`{placeholder}`", f"`{original}`"),
        (f"_{placeholder}_", f"_{original}_"), (f"[{placeholder}]", f"[{original}]"),
        (f"{word}_\u200b{number}", original), (f"{word}\uff3f{number}", original),
        (f"{word}%5F{number}", quote(original)), (f"{placeholder}-Projekt", f"{original}-Projekt"),
        (f"{INFLECTED[word]}_{number}", original), (f'"{placeholder}"', f'"{original}"'),
        *((f"{foreign}_{number}", original) for foreign in TRANSLATED[word]),
        *((f"{foreign} {number}", original) for foreign in TRANSLATED[word]),
    ]  # fmt: skip
    return random.choice(ways)


def _sentence(random: Random, written: list[tuple[str, str]]) -> tuple[str, str]:
    answer = expected = random.choice(("", "Gern: ", "Sehr geehrte Frau ", "Dear Mr "))
    for spelled, original in written:
        glue = random.choice(GLUE)
        beside = random.choice(FOREIGN) + random.choice((", ", "; ", "\n")) if random.random() < 0.3 else ""
        answer, expected = answer + beside + spelled + glue, expected + beside + original + glue
    return answer, expected


def _table(random: Random, written: list[tuple[str, str]]) -> tuple[str, str]:
    head = "| Wer | Was |\n|---|---|\n"
    random.shuffle(written)
    rows = [(f"| {spelled} | {random.choice(FOREIGN)} |\n", original) for spelled, original in written]
    shown = [
        row.replace(spelled, original, 1) for (row, original), (spelled, _) in zip(rows, written, strict=True)
    ]
    return head + "".join(row for row, _ in rows), head + "".join(shown)


def _list(random: Random, written: list[tuple[str, str]]) -> tuple[str, str]:
    marks = [random.choice(("- ", "1. ", "* ", "> ", "  - **Kunde:** ")) for _ in written]
    answer = "\n".join(mark + spelled for mark, (spelled, _) in zip(marks, written, strict=True))
    expected = "\n".join(mark + original for mark, (_, original) in zip(marks, written, strict=True))
    return answer, expected
