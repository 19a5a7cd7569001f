"""Stems of German words for comparing two questions: forms of one word meet, different words do not.

Made for caution, so it differs from a search stemmer: umlauts stay (`zahlen` is not `zählen`), the past tense
stays (`konnte` is not `kann`), feminine forms stay (`Kundin` is not `Kunde`), and one ending goes at most.
Separable verbs fall into particle and verb, so `zurücksetzen`, `zurückzusetzen` and `setze … zurück` agree.
"""

PARTICLES = (
    "zurück", "zusammen", "wieder", "weiter", "heraus", "hinzu", "frei", "aus", "ein", "ab", "auf", "um", "vor",
    "nach", "mit", "an", "zu", "los", "fest", "her", "hin", "bei",
)  # fmt: skip
_NOT_SPLIT = (
    "eine", "einige", "andere", "anders", "ander", "auße", "unser", "ums", "beide", "absatz", "herr", "herm", "vorort",
    "anzug", "zuständ", "fests", "hinte", "herb", "umsatz", "beispiel", "beitrag", "einfach", "anlage", "antwort",
)  # fmt: skip
_NO_PARTICIPLE = ("gehör", "gewähr", "gewinn", "gestalt", "gefähr", "genehmig", "geschieh")
_ADJECTIVE_ENDINGS = ("en", "em", "er", "es", "e")
_SUBSTANTIVE = (
    "auszubildend", "angestellt", "vorgesetzt", "vorsitzend", "reisend", "studierend", "beschäftigt",
    "selbständig", "selbstständig", "verwandt", "beauftragt", "versichert",
)  # fmt: skip


def stem_of_noun(word: str) -> str:
    """A capitalised word without its case and plural ending; `-ung` goes too, so that it meets its verb."""
    if len(word) > 6 and word.endswith(("ung", "ungen")):
        return word[:-3] if word.endswith("ung") else word[:-5]
    for ending in ("en", "es", "e", "n"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is", "rs")):
        return word[:-1]
    return word


def stems_of_other(word: str) -> tuple[str, ...]:
    """Any other word: its stem, before it the particle of a separable verb."""
    if word.endswith(("ung", "ungen", "tion", "heit", "keit")):
        return (stem_of_noun(word),)
    for particle in PARTICLES:
        rest = word[len(particle) :]
        if word.startswith(particle) and len(rest) >= 4 and not word.startswith(_NOT_SPLIT):
            if rest.startswith("zu") and len(rest) > 5:
                rest = rest[2:]
            return f"~{particle}", *stems_of_other(rest)
    return (_verb(word),)


def substantive_gender(word: str, article: str) -> str:
    """`f` or `m` for a noun whose gender stands in its article only (`einer Auszubildenden`), else empty."""
    if not word.startswith(_SUBSTANTIVE):
        return ""
    if article in ("eine", "einer", "keine", "keiner") or (article == "der" and word.endswith("n")):
        return "f"
    return "m" if article in ("ein", "einen", "einem", "eines", "der", "den", "dem", "des") else ""


def _verb(word: str) -> str:
    base = word
    for ending in _ADJECTIVE_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            base = word[: -len(ending)]
            break
    if base.startswith("ge") and base.endswith("t") and len(base) > 5:
        if base.startswith(_NO_PARTICIPLE):
            return base[:-1]
        return base[2:-2] if base.endswith("et") else base[2:-1]
    if base != word:
        return base
    for ending in ("et", "t", "n", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
