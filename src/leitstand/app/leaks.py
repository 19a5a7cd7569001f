"""The leak watch as people use it: findings, and what becomes of them. Blocking: call it in a thread."""

from collections.abc import Callable
from dataclasses import replace

from leitstand.configuration.apply import Editor
from leitstand.configuration.leak_watch import LeakWatch as Settings
from leitstand.core.errors import InvalidRequest
from leitstand.privacy.entities import WORDS, EntityType
from leitstand.privacy.leaks.values import Finding, State
from leitstand.privacy.leaks.watch import LeakWatch

_TYPE_OF_WORD = {word: type_.value for type_, word in WORDS.items()} | {"Vorname": EntityType.PERSON.value}


class LeakDesk:
    """What pages and programs do with findings."""

    def __init__(
        self, watch: LeakWatch, editor: Editor, settings: Callable[[], Settings], refresh: Callable[[], None],
    ) -> None:  # fmt: skip
        """settings: those in force. refresh: take over a change of the configuration now."""
        self._watch = watch
        self._editor = editor
        self._settings = settings
        self._refresh = refresh

    def findings(self, most: int, *, with_texts: bool) -> list[Finding]:
        """The newest first; with_texts: for whom may see what was written."""
        found = [replace(each, type=type_of(each.type)) for each in self._watch.findings(most)]
        return found if with_texts else [replace(each, shown=None) for each in found]

    def counts(self) -> tuple[int, int, int]:
        """Samples kept, samples looked at, open findings."""
        return self._watch.counts()

    def settings(self) -> Settings:
        """Those in force."""
        return self._settings()

    def decide(self, finding: str, state: State, by: str, note: str, *, always: bool = False) -> None:
        """Confirm or dismiss; always: from now on the words are always replaced. Raises a Refusal."""
        if len(note) > 300:
            raise InvalidRequest(
                "Die Bemerkung darf höchstens 300 Zeichen haben.", "The note may have 300 characters at most."
            )
        decided = self._watch.decide(finding, state, by, note.strip())
        if always and state is State.CONFIRMED and decided.shown is not None:
            term = {
                "text": decided.shown.words, "treat": "always", "type": type_of(decided.type),
                "comment": f"leak watch, {decided.id}",
            }  # fmt: skip
            self._editor.set_object("term", term, by)
            self._refresh()


def type_of(word: str) -> str:
    """The type of a finding: as detectors name it, also where the word of a placeholder was stored."""
    return _TYPE_OF_WORD.get(word, word)
