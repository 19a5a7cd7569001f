"""Translations: the German text is the source and the key; other languages are gettext catalogues.

Catalogues are read from their `.po` files at start, so there is no compile step that can be forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po

SOURCE_LANGUAGE = "de"
LANGUAGES = ("de", "en")
DOMAIN = "leitstand"


@dataclass(frozen=True)
class Bilingual:
    """A sentence that a room says in both languages, such as a message with values already in it."""

    de: str
    en: str

    def in_(self, language: str) -> str:
        """The sentence in `de` or, for every other language, English."""
        return self.de if language == SOURCE_LANGUAGE else self.en


class Translator:
    """Translates source texts into one language; a text without translation stays German."""

    def __init__(self, language: str, texts: Mapping[str, tuple[str, ...]]) -> None:
        """texts: by German source text: the translation, or singular and plural."""
        self.language = language
        self._texts = texts

    def gettext(self, message: str) -> str:
        """The translation of `message`; `%(name)s` places stay as they are."""
        found = self._texts.get(message)
        return found[0] if found else message

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """The translation for `count` things; German and English both use the plural for all but 1."""
        forms = self._texts.get(singular, (singular, plural))
        return forms[0] if count == 1 else forms[-1]

    def say(self, message: str, **values: object) -> str:
        """The translation with its `%(name)s` places filled; without values `%` needs no doubling."""
        text = self.gettext(message)
        return text % values if values else text


def load_translators(folder: Path) -> Mapping[str, Translator]:
    """A translator per language from FOLDER/LANGUAGE/LC_MESSAGES/leitstand.po; fuzzy entries do not count."""
    return {
        language: Translator(language, {} if language == SOURCE_LANGUAGE else _read(folder, language))
        for language in LANGUAGES
    }


def _read(folder: Path, language: str) -> dict[str, tuple[str, ...]]:
    path = folder / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as source:
        catalogue = read_po(source, locale=language, domain=DOMAIN)
    texts: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if forms and all(forms):
            texts[key] = forms
    return texts
