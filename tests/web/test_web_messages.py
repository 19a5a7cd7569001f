"""Every text has an English translation, and the catalogue holds nothing that no page says."""

import re

from web_messages import source_messages

from leitstand.core.i18n import load_translators
from leitstand.web.site import LOCALES

MESSAGES = source_messages()
ENGLISH = load_translators(LOCALES)["en"]
_PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")


def test_the_extraction_sees_python_templates_and_script_texts() -> None:
    assert {"keine Anfragen", "Zum Inhalt springen", "schreibt seit {seconds} s"} <= MESSAGES.keys()


def test_every_text_has_an_english_translation() -> None:
    assert [text for text in MESSAGES if text not in ENGLISH._texts] == []


def test_translations_have_the_same_places_for_values() -> None:
    def places(*forms: str) -> list[list[str]]:
        return [sorted(_PLACES.findall(form)) for form in forms]

    for forms in MESSAGES.values():
        english = (
            (ENGLISH.gettext(forms[0]),)
            if len(forms) == 1
            else tuple(ENGLISH.ngettext(*forms, count) for count in (1, 2))
        )
        assert places(*english) == places(*forms), forms


def test_the_catalogue_holds_nothing_that_no_page_says() -> None:
    assert set(ENGLISH._texts) - set(MESSAGES) == set()


def test_a_text_without_translation_stays_german_instead_of_failing() -> None:
    assert ENGLISH.say("Völlig neuer Text") == "Völlig neuer Text"


def test_english_counts_one_thing_and_many_things_apart() -> None:
    forms = ("Noch %(count)s Versuch.", "Noch %(count)s Versuche.")
    assert [ENGLISH.ngettext(*forms, n) % {"count": n} for n in (1, 2)] == ["1 try left.", "2 tries left."]
