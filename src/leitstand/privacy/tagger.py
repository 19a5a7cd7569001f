"""The tagger as the scanner meets it: loaded once, when the first text is read or `warm` is called.

Whoever asks while it is being loaded waits; nobody gets a text that it has not read. Where it cannot be
loaded, every request is refused until an administrator sets `privacy.detection: rules`.
"""

from functools import cache
from threading import Lock

from leitstand.core.errors import PrivacyUnavailable
from leitstand.privacy.tagging.network import BrokenModel, Network, load
from leitstand.privacy.tagging.words import Word, words_of


class Tagger:
    """Reads texts by the network; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._network: Network | None = None

    def warm(self) -> None:
        """Load the network now; raises BrokenModel, which says why it cannot be used."""
        with self._lock:
            if self._network is None:
                self._network = load()

    def read(self, text: str) -> list[Word]:
        """Each word of a text with the chance that it is personal data; raises PrivacyUnavailable (503)."""
        if self._network is None:
            try:
                self.warm()
            except BrokenModel as cause:
                raise PrivacyUnavailable(
                    "Die Namenserkennung lässt sich nicht laden; ohne sie verlässt kein Text das Haus. Bitte wenden Sie sich an "
                    "Ihre Administration.",
                    "The name tagger cannot be loaded; without it no text leaves the house. Please contact your administrator.",
                ) from cause
        assert self._network is not None
        return words_of(text, *self._network.read(text))


@cache
def tagger() -> Tagger:
    """The one tagger of this process."""
    return Tagger()
