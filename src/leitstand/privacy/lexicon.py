"""Word lists, read on first use: first names, surnames and ordinary words. Sources: gazetteers/NOTICE."""

import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Lower-case words. A name that is an ordinary word too is in `common` and needs a cue.

    business: the part of `common` that stands in letters and forms and hardly ever is a name.
    """

    first_names: frozenset[str]
    surnames: frozenset[str]
    common: frozenset[str]
    business: frozenset[str]

    def is_first_name(self, word: str) -> bool:
        """Whether the word, in any case, is a first name and nothing else; double names count by each half."""
        lower = word.lower()
        if lower in self.common:
            return False
        return lower in self.first_names or (
            "-" in lower and all(half in self.first_names for half in lower.split("-"))
        )

    def may_be_first_name(self, word: str) -> bool:
        """Whether the word can be a first name, ordinary words such as Mai included."""
        return self.is_first_name(word) or word.lower() in self.first_names

    def is_surname(self, word: str) -> bool:
        """Whether the word, in any case, is a known surname and no ordinary word."""
        lower = word.lower()
        if lower in self.common:
            return False
        if lower in self.surnames or (len(lower) > 5 and lower.endswith(_NAME_ENDINGS)):
            return True
        return "-" in lower and all(half in self.surnames for half in lower.split("-"))

    def is_form_word(self, word: str) -> bool:
        """Whether the word belongs to letters and forms (Angebot, Betriebsprüfung), not to names."""
        lower = word.lower()
        return lower in self.business or (lower.endswith(_NOUN_ENDINGS[:12]) and lower not in self.surnames)

    def is_common(self, word: str) -> bool:
        """Whether the word is an ordinary German or English one, by list or by its ending."""
        lower = word.lower()
        if lower in self.common:
            return True
        return len(lower) > 6 and lower.endswith(_NOUN_ENDINGS) and lower not in self.surnames

    def is_listed(self, word: str) -> bool:
        """Whether the word is in the list of ordinary words, in any spelling (`EMPFAENGER`)."""
        lower = word.lower()
        return lower in self.common or lower in _written_out()

    def is_ordinary(self, word: str) -> bool:
        """Whether the word is an ordinary one by list or ending, in any spelling; some of them are names, too."""
        return self.is_common(word) or self.is_listed(word)

    def is_also_a_name(self, word: str) -> bool:
        """Whether the word, ordinary or not, is in a list of first names or surnames (Koch, Sommer, Kaiser)."""
        lower = word.lower()
        return lower in self.surnames or lower in self.first_names


_NAME_ENDINGS = (
    "ović", "ovic", "ević", "evic", "owski", "owska", "ewski", "ewska", "iński", "ińska", "inski", "inska", "ński", "ńska",
    "czyk", "owicz", "ewicz", "oğlu", "oglu", "enko", "poulos", "idis", "akis", "schwili", "ashvili", "yan",
    "ssen", "nsson", "sson", "quist", "brecht", "hauser", "huber", "meier", "meyer", "maier", "mayer", "müller",
)  # fmt: skip
_NOUN_ENDINGS = (
    "ung", "ungen", "heit", "heiten", "keit", "keiten", "schaft", "schaften", "tion", "tionen", "tät",
    "ismus", "nummer", "datum", "nummern", "adresse", "vertrag", "auftrag", "antrag", "bericht", "dienst",
    "rechnung", "bogen", "liste", "plan", "stelle", "gebühr", "kosten", "preis", "preise", "ment", "ing",
    "straße", "platz", "weise", "anlage", "system", "gerät", "arbeit", "arbeiten", "zeit", "zeiten",
    "service", "schutz", "center", "zentrum", "termin", "projekt", "team", "abteilung", "büro", "tag", "tage", "woche", "monat", "jahr", "wert",
)  # fmt: skip


@cache
def lexicon() -> Lexicon:
    """The word lists of this installation; about 90,000 words, read once (some 40 ms)."""
    own = _plain("common_own.txt")
    names_own = {name.lower() for name in _plain("first_names_own.txt")}
    surnames_own = {name.lower() for name in _plain("surnames_own.txt")}
    ordinary = _packed("common.txt.gz") | _packed("common_texts.txt.gz")
    return Lexicon(
        first_names=frozenset(_packed("first_names.txt.gz") | names_own),
        surnames=frozenset(_packed("surnames.txt.gz") | surnames_own),
        common=frozenset((ordinary - names_own - surnames_own) | own),
        business=frozenset(own),
    )


@cache
def _written_out() -> frozenset[str]:
    """Ordinary words as they are typed without umlauts, both as `ue` and as `u`; those that are names are left out."""
    lex = lexicon()
    spelled = {word.translate(table) for word in lex.common if not word.isascii() for table in (_LONG, _BARE)}
    return frozenset(spelled - lex.surnames - lex.first_names)


_LONG = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_BARE = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})


def _packed(name: str) -> set[str]:
    packed = (files(__package__) / "gazetteers" / name).read_bytes()
    return set(gzip.decompress(packed).decode("utf-8").split())


def _plain(name: str) -> set[str]:
    return set((files(__package__) / "gazetteers" / name).read_text("utf-8").split())
