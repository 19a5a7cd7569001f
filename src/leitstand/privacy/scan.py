"""Find personal data in texts: all detectors, the tagger, the tenant's terms, the allow list, the consistency pass."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock

from leitstand.privacy.detectors import load_detectors
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.join import joined
from leitstand.privacy.names import Known, index_of, known_from, sweep
from leitstand.privacy.overlap import resolve
from leitstand.privacy.tagger import Tagger
from leitstand.privacy.view import View, view_of

_CACHE_TEXTS = 4096
_INLINE_BY_RULES = 4000


@dataclass(frozen=True)
class Reading:
    """One text as read alone; all places count in its view.

    entities: disjoint, in order. known: what other texts shall be searched for. index: folded word → places
    (start, end), for the consistency pass.
    """

    view: View
    entities: tuple[Entity, ...]
    known: Known
    index: dict[str, list[tuple[int, int]]]


class Scanner:
    """Scans for one tenant; safe to share between threads.

    Readings are cached by content (blake2b, the newest 4,096 texts), so that the unchanged history of a
    conversation is read once. The cache holds places and folded names in memory only.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        terms: Mapping[str, EntityType] | None = None,
        cache_texts: int = _CACHE_TEXTS,
        tagger: Tagger | None = None,
    ) -> None:
        """allow: names that stay readable (the own company). terms: words to mask always, with their type.

        tagger: None means rules alone, which let more names through; only an administrator may choose that.
        """
        names = tuple(allow)
        self._allow = _phrases((*names, *(_LEGAL_TAIL.sub("", name.strip()) for name in names)))
        self._terms = {" ".join(term.lower().split()): type_ for term, type_ in (terms or {}).items()}
        self._term_pattern = _phrases(self._terms)
        self._cache: OrderedDict[bytes, Reading] = OrderedDict()
        self._cache_texts = cache_texts
        self._tagger = tagger
        self._lock = Lock()

    @property
    def inline_characters(self) -> int:
        """How long a prompt may be to be scanned between two events of a loop (some 3 ms); longer ones need a thread."""
        return _INLINE_BY_RULES if self._tagger is None else 0

    def scan_text(self, text: str) -> tuple[Entity, ...]:
        """All entities of one text, disjoint and in reading order."""
        reading = self.read(text)
        return reading.view.carry_back(self.complete(reading, reading.known))

    def read(self, text: str) -> Reading:
        """One text on its own, from the cache where it was read before."""
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            reading = self._cache.get(key)
            if reading is not None:
                self._cache.move_to_end(key)
                return reading
        reading = self._read(text)
        with self._lock:
            self._cache[key] = reading
            if len(self._cache) > self._cache_texts:
                self._cache.popitem(last=False)
        return reading

    def complete(self, reading: Reading, known: Known) -> tuple[Entity, ...]:
        """The entities of a reading's view when `known` was found somewhere in the same request."""
        if not known:
            return reading.entities
        text = reading.view.text
        swept = [find for find in sweep(text, reading.index, known) if not _covered(find, reading.entities)]
        if not swept:
            return reading.entities
        return self._without_allowed(text, resolve(text, [*reading.entities, *swept]))

    def _read(self, raw: str) -> Reading:
        view = view_of(raw)
        text = view.text
        finds = [find for detector in load_detectors() for find in detector.find(text)]
        if self._tagger is not None:
            finds = joined(text, finds, self._tagger.read(text))
        finds += self._find_terms(text)
        entities = self._without_allowed(text, resolve(text, finds))
        return Reading(view, entities, known_from(text, entities), index_of(text))

    def _find_terms(self, text: str) -> list[Entity]:
        if self._term_pattern is None:
            return []
        return [
            Entity(*match.span(), type_, "terms", 1.0, "term of the tenant")
            for match in self._term_pattern.finditer(text)
            if (type_ := self._terms.get(" ".join(match["v"].lower().split())))
        ]

    def _without_allowed(self, text: str, entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
        if self._allow is None:
            return entities
        allowed = [match.span() for match in self._allow.finditer(text)]
        return tuple(entity for entity in entities if not _is_allowed(entity, allowed))


def _is_allowed(entity: Entity, allowed: list[tuple[int, int]]) -> bool:
    """A company or name inside an allowed phrase, or little longer than it (an article, a legal form)."""
    if entity.type not in (EntityType.ORG, EntityType.PERSON):
        return False
    return any(
        entity.start < end and start < entity.end and (entity.end - entity.start) - (end - start) <= 12
        for start, end in allowed
    )


def _covered(find: Entity, entities: tuple[Entity, ...]) -> bool:
    return any(entity.start <= find.start and find.end <= entity.end for entity in entities)


_LEGAL_TAIL = re.compile(
    r"\s(?:gmbh.*|ag|se|kg|ohg|gbr|partg.*|ug.*|e\.?k\.?|e\.?v\.?|ltd\.?|inc\.?)$", re.IGNORECASE
)


def _phrases(names: Iterable[str]) -> re.Pattern[str] | None:
    """One pattern for all phrases, longest first, in any case and with a genitive."""
    words = sorted({name.strip() for name in names if len(name.strip()) >= 2}, key=len, reverse=True)
    if not words:
        return None
    body = "|".join(r"\s+".join(map(re.escape, word.split())) for word in words)
    return re.compile(rf"(?<!\w)(?P<v>{body})(?:s|'s|’)?(?!\w)", re.IGNORECASE)
