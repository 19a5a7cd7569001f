"""Names of people: by salutation, greeting, signature and label, by first name, by rare surname."""

import re
from collections.abc import Iterator

from leitstand.privacy.detectors.base import Detector
from leitstand.privacy.detectors.words import FUNCTION_WORDS, PARTICLES, Word, word_set, words_of
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.lexicon import Lexicon, lexicon

_TITLES = word_set(
    """
    dr prof professor professorin dipl ing med jur phil rer nat habil h c mag ba ma bsc msc lic mba pd
    univ vet dent kfm pol oec sc fh jun sen freiherr graf gräfin baron
    """
)
_SALUTATIONS = word_set(
    """
    herr herrn hr frau fr fräulein familie fam eheleute mr mrs ms miss mister madame monsieur sir
    """
)
_ROLES = word_set(
    """
    rechtsanwalt rechtsanwältin notar notarin steuerberater steuerberaterin kollege kollegin kollegen
    patient patientin mandant mandantin zeuge zeugin zeugen geschäftsführer geschäftsführerin hausarzt
    hausärztin arzt ärztin richter richterin gesellschafter gesellschafterin ansprechpartner
    ansprechpartnerin mieter mieterin mieters vermieter vermieterin vermieters kläger klägerin beklagter
    beklagte schuldner schuldnerin gutachter gutachterin prokurist prokuristin azubi praktikant
    praktikantin bewerber bewerberin schüler schülerin kundin kunde kunden fahrer fahrerin trainer
    trainerin vorsitzender vorsitzende vorsitzenden person witwe ehefrau ehemann tochter sohn bruder
    schwester onkel tante ra stb wp rain antragsteller antragstellerin versicherungsnehmer
    versicherungsnehmerin manager patient attorney employee mitarbeiter mitarbeiterin bürgermeister
    bürgermeisterin präsident präsidentin minister ministerin trainerin sänger sängerin schauspieler
    schauspielerin regisseur autor autorin maler bischof papst könig
    """
)
_GREETINGS = word_set(
    """
    liebe lieber hallo hi hey moin servus dear hello sg ciao grüezi
    """
)
_LABEL = re.compile(
    r"(?<![\w])(?:ansprechpartner(?:in)?|(?:vor|nach|zu|familien|geburts)?name(?:n)?(?: des \w+| der \w+)?|kontakt(?:person)?|sachbearbeiter(?:in)?|bearbeiter(?:in)?"
    r"|absender|empfänger|kund(?:e|in)|mieter(?:in)?|vermieter(?:in)?|patient(?:in)?|mandant(?:in)?|mitarbeiter(?:in)?|bewerber(?:in)?|teilnehmer(?:in)?|anwesend|abwesend|entschuldigt"
    r"|protokoll|verteiler|z\.\s?hd\.?(?: v\.)?|zu händen|c/o|gez\.|i\.\s?a\.|i\.\s?v\.|ppa\.|von|an|from|to|cc|bcc|kontoinhaber(?:in)?|inhaber(?:in)?|geschäftsführer(?:in)?|vertreten durch"
    r"|versicherte[rn]?|versicherungsnehmer(?:in)?|arzt|hausarzt|fahrer(?:in)?|verantwortlich|zuständig|unterschrift|unterzeichner|verkäufer(?:in)?|käufer(?:in)?|steuerpflichtiger?|antragsteller(?:in)?"
    r"|schüler(?:in)?|kind|leitung|vorstand|notar|customer|contact|attendees|signed|name of \w+)\s{0,2}(?:\(\w+\)\s?)?(?P<mark>:|=|\|)[\s*\"']{0,6}"
    r"|(?<![\w])(?P<tight>gez\.|i\.\s?A\.|i\.\s?V\.|ppa\.|c/o|z\.\s?Hd\.)\s{1,2}",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"(?:gr(?:ü|ue|u)(?:ß|ss|B)(?:en|e)?(?:\s(?:aus|vom|von)\s(?:der\s|dem\s)?\w+)?|hochachtungsvoll|\bmfg|\blg|\bvg|\bbg|\bdanke(?:\sund\s\w+|\sdir|\sihnen|\svorab|\sschon\smal)?|\bdankend"
    r"|best wishes|regards|sincerely(?: yours)?|cheers|thanks(?: a lot)?|thank you|best|yours)[,.!]?[ ]{0,2}(?:\r?\n\s{0,4}){0,3}(?:(?:i\.\s?[av]\.|ppa\.|gez\.)\s{0,2})?(?=[^\W\d_])",
    re.IGNORECASE,
)
_PARTIES = re.compile(
    r"(?:(?:rechtsstreit(?:igkeit)?|rechtssache|strafsache|mahnsache)\s{0,2}[:,]?\s{1,3}(?P<one>[^\W\d_])[\w'’-]+\s{1,3}(?:gegen|\./\.)"
    r"|in sachen\s{1,3}(?P<first>[^\W\d_])[\w'’-]+\s{1,3}\./\."
    r"|\./\.)\s{1,3}(?P<other>[^\W\d_])",
    re.IGNORECASE,
)
_NOUNS = (
    "ung",
    "ungen",
    "heit",
    "keit",
    "schaft",
    "nummer",
    "datum",
    "straße",
    "vertrag",
    "termin",
    "team",
    "service",
)
_WEAK_PARTICLES = frozenset({"und", "auf", "der", "den"})
_PREPOSITIONS = frozenset({"zu", "zum", "zur", "vom", "da", "du"})
_FOREIGN = re.compile(r"[şğıłńśćźżąęčšžđőűřňťăâțșơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
_EPONYM = frozenset(["morbus", "syndrom"])


def find(text: str) -> list[Entity]:
    """All names; a title or salutation is not part of the find."""
    words = words_of(text)
    if not words:
        return []
    return list(_Reader(text, words, lexicon()).read())


def word_before_is_letter(words: list[Word], place: int) -> bool:
    """Whether `place` is the second half of an abbreviation such as `z. B.` or `i. A.`."""
    return words[place].glued == "." and len(words[place - 1].text) == 1


class _Reader:
    """One pass over the words of one text."""

    def __init__(self, text: str, words: list[Word], lex: Lexicon) -> None:
        self.text = text
        self.words = words
        self.lex = lex
        self.lower_typing = len(text) > 12 and sum(map(str.isupper, text)) * 60 < len(text)
        starts = {word.start: place for place, word in enumerate(words)}
        self.labels = {starts[m.end()]: m for m in _LABEL.finditer(text) if m.end() in starts}
        self.sign_offs = {starts[m.end()] for m in _SIGN_OFF.finditer(text) if m.end() in starts}
        borders = (m.start(part) for m in _PARTIES.finditer(text) for part in ("one", "first", "other"))
        self.parties = {starts[border] for border in borders if border in starts}

    def read(self) -> Iterator[Entity]:
        """Names in reading order, each by the first rule that fits."""
        place = 0
        while place < len(self.words):
            hit = self._at(place)
            if hit is None:
                place += 1
                continue
            last, score, reason = hit
            yield Entity(self.words[place].start, self._end(last), EntityType.PERSON, "person", score, reason)
            place = last + 1

    def _end(self, last: int) -> int:
        """Where the name ends: a genitive apostrophe belongs to it."""
        end = self.words[last].end
        return end + 1 if self.text[end : end + 1] in ("'", "’") and self.text[end - 1] in "sxzß" else end

    def _at(self, place: int) -> tuple[int, float, str] | None:
        word = self.words[place]
        lower = word.text.lower()
        if lower in _TITLES or lower in _SALUTATIONS:
            return None
        cue = self._cue(place)
        if cue and not self._is_next_field(place, cue):
            particle_of_role = cue == "role" and lower in PARTICLES
            last = (
                None
                if particle_of_role
                else self._name_after_cue(place, strong=cue in ("salutation", "title", "party"))
            )
            if last is not None:
                return last, 0.86 if cue != "role" else 0.8, cue
        return self._by_shape(place)

    # -- cues in front

    def _cue(self, place: int) -> str:
        if place in self.sign_offs:
            return "signature"
        if place in self.labels:
            return "label"
        if place in self.parties:
            return "party"
        before = place - 1
        titled = False
        while before >= 0 and self.words[before].text.lower() in _TITLES and self._joined(before + 1):
            titled = True
            before -= 1
        if before >= 0 and self._joined(before + 1):
            lower = self.words[before].text.lower()
            if lower in _SALUTATIONS:
                return "salutation"
            if lower in _GREETINGS:
                return "greeting"
            if lower in _ROLES or lower.removesuffix("s") in _ROLES:
                return "title" if titled else "role"
            if (
                lower in ("und", "and", "u")
                and before >= 1
                and self.words[before - 1].text.lower() in _SALUTATIONS
            ):
                return "salutation"
        return "title" if titled and self._real_title(place - 1) else ""

    def _real_title(self, place: int) -> bool:
        return self.words[place].text.lower() in (
            "dr",
            "prof",
            "professor",
            "professorin",
            "dipl",
            "ing",
            "med",
            "mag",
            "jur",
            "phil",
            "nat",
            "pd",
        )

    def _is_next_field(self, place: int, cue: str) -> bool:
        """Whether the word is the next field of a form rather than a name (`Anrede: Frau`, next line `Name: …`)."""
        if cue in ("signature", "label", "party") or not self.lex.is_common(self.words[place].text):
            return False
        return "\n" in self.text[self.words[place - 1].end : self.words[place].start]

    def _joined(self, place: int) -> bool:
        word = self.words[place]
        if word.glued in (" ", "."):
            return True
        gap = self.text[self.words[place - 1].end : word.start]
        return gap in ("\n", ".\n", "\t", "-", ".-", ". -", "|", " | ")

    # -- names

    def _name_after_cue(self, place: int, strong: bool) -> int | None:
        """The last word of the name that starts at `place`, None when no name stands there."""
        first = self.words[place]
        if not self._can_begin(first, strong):
            return None
        last = place
        while last + 1 < len(self.words) and last - place < 5 and self._goes_on(place, last):
            last += 1
        while last > place and self.words[last].text.lower() in PARTICLES:
            last -= 1
        if self.words[last].is_initial and last == place:
            return None
        return last if self.words[last].text.lower() not in PARTICLES else None

    def _can_begin(self, word: Word, strong: bool) -> bool:
        lower = word.text.lower()
        if lower.endswith("innen") or (
            lower in FUNCTION_WORDS and lower not in ("von", "van", "zu", "al", "el", "de")
        ):
            return False
        if lower in PARTICLES:
            return True
        if word.is_capital:
            if strong:
                return not lower.endswith(("ung", "keit", "heit", "schaft", "nummer"))
            return self.lex.may_be_first_name(lower) or not self.lex.is_common(lower)
        if strong:
            return len(lower) > 2 and (
                lower not in self.lex.common or lower in self.lex.surnames or self.lower_typing
            )
        return self.lex.is_first_name(lower) or (self.lower_typing and self.lex.is_surname(lower))

    def _goes_on(self, begin: int, last: int) -> bool:
        """Whether the word after `last` still belongs to the name."""
        here, after = self.words[last], self.words[last + 1]
        lower = after.text.lower()
        if after.glued not in (" ", ".") or (
            after.glued == "." and not (here.is_initial or here.text.lower() in PARTICLES)
        ):
            return False
        if lower in PARTICLES:
            return self._leads_to_name(last + 1)
        if here.is_initial or here.text.lower() in PARTICLES:
            return after.is_capital or not here.is_capital
        if lower in FUNCTION_WORDS:
            return False
        if not after.is_capital:
            return not here.is_capital and (
                (self.lex.is_first_name(here.text) and not self.lex.is_common(lower))
                or self.lex.is_surname(lower)
            )
        if after.is_initial:
            return self.text[after.end : after.end + 1] == "."
        if self.lex.may_be_first_name(here.text):
            sure = self.lex.is_first_name(here.text) and lower not in self.lex.business
            return not self.lex.is_common(lower) or (sure and not lower.endswith(_NOUNS))
        return (
            begin == last
            and (self.lex.is_surname(lower) or self.lex.is_first_name(lower))
            and not self.lex.is_common(lower)
        )

    def _leads_to_name(self, place: int) -> bool:
        """Whether particles from `place` on end in a name: `von und zu Beispiel`, but not `zur Besprechung`."""
        first = self.words[place].text.lower()
        inside = self.words[place - 1].text.lower() in PARTICLES
        if first in _WEAK_PARTICLES and not inside:
            return False
        while place < len(self.words) and self.words[place].text.lower() in PARTICLES:
            place += 1
        if place == len(self.words) or self.words[place].glued != " " or not self.words[place].is_capital:
            return False
        name = self.words[place].text.lower()
        return name not in self.lex.business and (first not in _PREPOSITIONS or not self.lex.is_common(name))

    # -- no cue

    def _by_shape(self, place: int) -> tuple[int, float, str] | None:
        word = self.words[place]
        if not word.is_capital:
            return self._lower_pair(place)
        lower = word.text.lower()
        if place and self.words[place - 1].text.lower() in _EPONYM:
            return None
        if word.is_initial:
            return self._initials(place)
        if lower in FUNCTION_WORDS or len(lower) < 2 or (len(lower) < 4 and word.text.isupper()):
            return None
        if self.lex.may_be_first_name(lower):
            return self._first_name(place)
        if word.text.endswith("s") and self.lex.is_first_name(lower[:-1]) and len(lower) > 4:
            return place, 0.6, "first name in the genitive"
        if self.lex.is_common(lower):
            named = self.lex.is_surname(lower) and self._has_apostrophe(word)
            return (place, 0.65, "genitive apostrophe") if named else None
        turned = self._turned(place)
        if turned is not None:
            return turned, 0.75, "surname, first name"
        if self.lex.is_surname(lower) or (
            lower.endswith("s") and len(lower) > 5 and self.lex.is_surname(lower[:-1])
        ):
            return place, 0.55, "surname"
        if len(lower) > 2 and _FOREIGN.search(lower):
            return self._capitals_after(place), 0.5, "letters of another language"
        if len(lower) > 4 and self._has_apostrophe(word):
            return place, 0.5, "genitive apostrophe"
        return None

    def _capitals_after(self, place: int) -> int:
        """The last of up to three capitalised words that follow directly."""
        last = place
        while last + 1 < len(self.words) and last - place < 3:
            after = self.words[last + 1]
            if after.glued != " " or not after.is_capital or self.lex.is_common(after.text):
                break
            last += 1
        return last

    def _has_apostrophe(self, word: Word) -> bool:
        opened = self.text[max(0, word.start - 1) : word.start] in ("'", "‘", "‚")
        ended = self.text[word.end - 1] in "sxzß"
        return ended and not opened and self.text[word.end : word.end + 2] in ("' ", "’ ")

    def _first_name(self, place: int) -> tuple[int, float, str] | None:
        word = self.words[place]
        sure = self.lex.is_first_name(word.text)
        last = place
        while last + 1 < len(self.words) and last - place < 5 and self._pair_goes_on(place, last, sure):
            last += 1
        while last > place and self.words[last].text.lower() in PARTICLES:
            last -= 1
        if last > place:
            return last, 0.78, "first name and surname"
        turned = self._turned(place)
        if turned is not None:
            return turned, 0.75, "surname, first name"
        return (place, 0.58, "first name") if sure and len(word.text) > 2 else None

    def _pair_goes_on(self, begin: int, last: int, sure: bool) -> bool:
        after = self.words[last + 1]
        lower = after.text.lower()
        if lower in PARTICLES:
            return self._goes_on(begin, last)
        if not after.is_capital:
            return False
        if sure or self.lex.is_surname(lower):
            return self._goes_on(begin, last)
        return False

    def _turned(self, place: int) -> int | None:
        """`Surname, First name`."""
        if place + 1 >= len(self.words):
            return None
        after = self.words[place + 1]
        if after.glued != "," or not after.is_capital or not self.lex.is_first_name(after.text):
            return None
        if not (
            self.lex.is_surname(self.words[place].text) or not self.lex.is_common(self.words[place].text)
        ):
            return None
        if self.lex.is_first_name(self.words[place].text) and not self.lex.is_surname(self.words[place].text):
            return None
        last = place + 1
        while (
            last + 1 < len(self.words)
            and self.words[last + 1].glued == " "
            and self.lex.is_first_name(self.words[last + 1].text)
        ):
            last += 1
        return last

    def _initials(self, place: int) -> tuple[int, float, str] | None:
        """`A. Beispiel`, `H. P. Beispiel`."""
        last = place
        while (
            last + 1 < len(self.words) and self.words[last + 1].glued == "." and self.words[last].is_initial
        ):
            last += 1
        word = self.words[last]
        if last == place or word.is_initial or not word.is_capital or len(word.text) < 3:
            return None
        if place and word_before_is_letter(self.words, place):
            return None
        if self.lex.is_common(word.text) or not (self.lex.is_surname(word.text) or len(word.text) > 3):
            return None
        return last, 0.68, "initial and surname"

    def _lower_pair(self, place: int) -> tuple[int, float, str] | None:
        """`anna beispiel` in a text typed without capitals."""
        word = self.words[place]
        if not self.lower_typing or not self.lex.is_first_name(word.text) or len(word.text) < 4:
            return None
        if place + 1 < len(self.words):
            after = self.words[place + 1]
            lower = after.text.lower()
            if after.glued == " " and lower not in FUNCTION_WORDS and len(lower) > 2 and (
                (lower in self.lex.surnames and lower not in self.lex.business) or not self.lex.is_common(lower)
            ):  # fmt: skip
                return place + 1, 0.6, "first name and surname, lower case"
        return place, 0.5, "first name, lower case"


DETECTOR = Detector(
    name="person",
    types=frozenset({EntityType.PERSON}),
    source="GDPR article 4 (1); DIN 5008 (salutation, signature); first names and surnames: gazetteers/NOTICE",
    examples=(
        "Sehr geehrte Frau «Sommer», danke",
        "Termin mit Herrn Dr. «Koch» um 9 Uhr",
        "Mit freundlichen Grüßen\n«Erika Mustermann»",
        "Ansprechpartner: «Jan Mustermann»",
        "Rückruf für «Anna-Lena von Zwickerau» morgen",
        "«Mustermann, Erika» fehlt",
        "i. A. «K. Mustermann»",
        "frage von frau «sommer» zum vertrag",
        "Dear Mr «Winter», thank you",
        "Hallo «Katharina», kurze Frage",
        "In dem Rechtsstreit\n«Schneider» gegen «Weber»",
        "In Sachen «Weber» ./. «Bauer» wegen Räumung",
        "Bitte «Franz'» Angebot prüfen",
    ),
    counter_examples=(
        "Im Sommer koch ich Weißkohl.",
        "Sehr geehrte Damen und Herren, anbei das Angebot.",
        "Die Frau hat angerufen.",
        "Prüfen Sie den Vertrag nach § 87 BetrVG.",
        "z. B. Schrauben nach DIN 912",
        "Liebe Kolleginnen und Kollegen",
        "In Sachen Lieferzeit gegen Preis abwägen",
        "Das Feld 'Status' bleibt leer",
    ),
    find=find,
)
