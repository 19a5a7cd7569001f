"""Find personal data in texts: all detectors, the tagger, the tenant's terms, the allow list, the consistency pass."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

from leitstand.privacy.detectors import load_detectors
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.join import joined
from leitstand.privacy.names import Known, index_of, known_from, sweep
from leitstand.privacy.overlap import resolve
from leitstand.privacy.own_rules import Compiled, OwnRules
from leitstand.privacy.tagger import Tagger
from leitstand.privacy.view import View, view_of

_CACHE_TEXTS = 4096
_INLINE_BY_RULES = 4000
Kept = TypeVar("Kept")


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
    """Scans for one company; safe to share between threads.

    Readings are cached by content (blake2b, the newest 4,096 texts), so that the unchanged history of a
    conversation is read once. Departments with rules of their own have their own readings, of the same finds of
    detectors and tagger. The caches hold places and folded names in memory only.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        terms: Mapping[str, EntityType] | None = None,
        cache_texts: int = _CACHE_TEXTS,
        tagger: Tagger | None = None,
        rules: OwnRules | None = None,
        departments: Mapping[str, OwnRules] | None = None,
    ) -> None:
        """allow: names that stay readable (the own company). terms: words to mask always, with their type.

        tagger: None means rules alone, which let more names through; only an administrator may choose that.
        rules: more of the company's own. departments: what each adds for its own requests.
        """
        own = OwnRules(tuple(allow), always=dict(terms or {})).plus(rules or OwnRules())
        adding = {name: added for name, added in (departments or {}).items() if added}
        self.finder = Finder(tagger, cache_texts if adding else 0)
        self.rules = own
        self._own = Compiled(own)
        self._cache: _Newest[Reading] = _Newest(cache_texts)
        self._departments = {name: _Variant(self, added, cache_texts) for name, added in adding.items()}

    def of(self, department: str) -> "Scanner":
        """The scanner for requests of a department."""
        return self._departments.get(department, self)

    @property
    def inline_characters(self) -> int:
        """How long a prompt may be to be scanned between two events of a loop (some 3 ms); longer ones need a thread."""
        return _INLINE_BY_RULES if self.finder.tagger is None else 0

    def scan_text(self, text: str) -> tuple[Entity, ...]:
        """All entities of one text, disjoint and in reading order."""
        reading = self.read(text)
        return reading.view.carry_back(self.complete(reading, reading.known))

    def read(self, text: str) -> Reading:
        """One text on its own, from the cache where it was read before."""
        key = _key(text)
        reading = self._cache.get(key)
        if reading is None:
            reading = self._read(text, key)
            self._cache.put(key, reading)
        return reading

    def complete(self, reading: Reading, known: Known) -> tuple[Entity, ...]:
        """The entities of a reading's view when `known` was found somewhere in the same request."""
        if not known:
            return reading.entities
        text = reading.view.text
        swept = [find for find in sweep(text, reading.index, known) if not _covered(find, reading.entities)]
        if not swept:
            return reading.entities
        return self._own.without_readable(text, resolve(text, [*reading.entities, *swept]))

    def _read(self, raw: str, key: bytes) -> Reading:
        view, finds = self.finder.find(raw, key)
        text = view.text
        entities = self._own.without_readable(text, resolve(text, [*finds, *self._own.finds(text)]))
        return Reading(view, entities, known_from(text, entities), index_of(text))


class _Variant(Scanner):
    """A company's scanner with the rules that a department adds."""

    def __init__(self, company: Scanner, added: OwnRules, cache_texts: int) -> None:
        self.finder = company.finder
        self.rules = company.rules.plus(added)
        self._own = Compiled(self.rules)
        self._cache = _Newest(cache_texts)
        self._departments = {}


class Finder:
    """Detectors and tagger, whose finds are the same for everybody; safe to share between threads."""

    def __init__(self, tagger: Tagger | None, cache_texts: int) -> None:
        """cache_texts: how many texts are kept; 0 where nobody else will ask for them."""
        self.tagger = tagger
        self._cache: _Newest[tuple[View, tuple[Entity, ...]]] = _Newest(cache_texts)

    def find(self, raw: str, key: bytes) -> tuple[View, tuple[Entity, ...]]:
        """A text as it is read, and all finds in it, overlapping."""
        found = self._cache.get(key)
        if found is None:
            found = self._find(raw)
            self._cache.put(key, found)
        return found

    def _find(self, raw: str) -> tuple[View, tuple[Entity, ...]]:
        view = view_of(raw)
        finds = [find for detector in load_detectors() for find in detector.find(view.text)]
        if self.tagger is not None:
            finds = joined(view.text, finds, self.tagger.read(view.text))
        return view, tuple(finds)


class _Newest(Generic[Kept]):
    """The newest values by content of their text."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> Kept | None:
        with self._lock:
            value = self._kept.get(key)
            if value is not None:
                self._kept.move_to_end(key)
            return value

    def put(self, key: bytes, value: Kept) -> None:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _covered(find: Entity, entities: tuple[Entity, ...]) -> bool:
    return any(entity.start <= find.start and find.end <= entity.end for entity in entities)
