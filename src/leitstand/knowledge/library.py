"""The library: documents go in, passages and quotes come out.

Not here: who may read a document. All who may use the collection's model see all of it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from leitstand.core.i18n import Bilingual
from leitstand.knowledge import compounds
from leitstand.knowledge.chunk import chunk
from leitstand.knowledge.extract import Extracted, Unreadable, extract, require_supported
from leitstand.knowledge.question import Coverage, read_question, stems_of
from leitstand.knowledge.repository import Reading, Repository, Source, Stems, Writing
from leitstand.knowledge.sentences import sentences
from leitstand.knowledge.values import (
    Added,
    CollectionStatus,
    Outcome,
    Passage,
    Quote,
    Refused,
    Unchanged,
)
from leitstand.knowledge.words import fold, stem, words

DEFAULT_COLLECTION = "allgemein"

# Measured on the retrieval development set and Musterwerk: docs/local-models.md.
_WEIGHTS = (1.0, 1.5, 1.0)
_READ_FOR_QUOTES = 8  # passages
_ENOUGH = 0.45  # coverage from which the best sentence counts as an answer: more than half a compound
_ENOUGH_BESIDE = 0.5  # coverage that further sentences need
_BESIDE_BEST = 0.85  # further sentences must reach this share of the best one's rank

Parts = dict[str, tuple[str, ...]]


class Knowledge:
    """The documents of one data folder. All methods block: call them in a thread."""

    def __init__(self, data: Path) -> None:
        """data: the data folder; nothing is opened until something is asked or added."""
        self._repository = Repository(data)

    # ------------------------------------------------------------ in

    def add(self, path: Path, collection: str = DEFAULT_COLLECTION) -> list[Outcome]:
        """Add a file, or every visible file below a folder; searchable when it returns.

        A document is named by its path below the folder, a single file by its name; the same name again
        replaces the older version. Raises FileNotFoundError.
        """
        if not path.exists():
            raise FileNotFoundError(2, "No such file or directory", str(path))
        outcomes: list[Outcome] = []
        with self._repository.writing() as writing:
            fresh = list(_take(path, collection, writing, outcomes))
            _index(fresh, writing)
        return outcomes

    # ------------------------------------------------------------ out

    def search(self, query: str, k: int = 10, collection: str | None = None) -> list[Passage]:
        """The k best passages, best first; of all collections when none is named."""
        if not self._repository.exists:
            return []
        with self._repository.reading() as reading:
            stems = stems_of(read_question(query, reading))
            return reading.find(stems, k, collection, _WEIGHTS)

    def quotes(self, question: str, k: int = 3, collection: str | None = None) -> list[Quote]:
        """At most k sentences that best answer a question, best first; none when nothing fits well enough."""
        if not self._repository.exists:
            return []
        with self._repository.reading() as reading:
            terms = read_question(question, reading)
            stems = stems_of(terms)
            passages = reading.find(stems, _READ_FOR_QUOTES, collection, _WEIGHTS)
            coverage = Coverage(terms, reading.passages_with(stems), reading.passage_count())
            titles = reading.titles([passage.id for passage in passages])
            ranked = _rank(passages, titles, coverage, reading)
        return _best(ranked, k)

    def status(self) -> list[CollectionStatus]:
        """What there is, by collection."""
        if not self._repository.exists:
            return []
        with self._repository.reading() as reading:
            return reading.status()


def _take(path: Path, collection: str, writing: Writing, outcomes: list[Outcome]) -> Iterator[Source]:
    """Store every new file of `path` and note what became of each; yields the passages to index."""
    for file, name in _files(path):
        try:
            require_supported(name)
            content = file.read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            if writing.sha256_of(collection, name) == sha256:
                outcomes.append(Unchanged(name))
                continue
            document = extract(name, content)
            sources = _store(document, collection, name, sha256, writing)
        except Unreadable as cause:
            outcomes.append(Refused(name, cause.reason))
        except OSError as cause:
            said = cause.strerror or str(cause)
            reason = Bilingual(f"Die Datei ist nicht lesbar: {said}.", f"the file cannot be read: {said}")
            outcomes.append(Refused(name, reason))
        else:
            outcomes.append(Added(name, len(sources)))
            yield from sources


def _store(document: Extracted, collection: str, name: str, sha256: str, writing: Writing) -> list[Source]:
    slices = chunk(document)
    if not slices:
        raise Unreadable(
            Bilingual("Die Datei enthält nur Überschriften.", "the file holds nothing but headings")
        )
    return writing.replace(collection, name, document.title, sha256, slices)


def _files(path: Path) -> list[tuple[Path, str]]:
    """Each file with its document name, in order; hidden ones and links out of the folder are left alone."""
    if path.is_file():
        return [(path, path.name)]
    found = []
    for file in sorted(path.rglob("*")):
        below = file.relative_to(path)
        visible = not any(part.startswith(".") for part in below.parts)
        if visible and file.is_file() and file.resolve().is_relative_to(path.resolve()):
            found.append((file, below.as_posix()))
    return found


def _index(fresh: Sequence[Source], writing: Writing) -> None:
    """Give new passages their stems, and older ones those that new words have made visible in them."""
    if not fresh:
        return
    before = writing.vocabulary()
    added = {
        fold(word)
        for source in fresh
        for word in words(" ".join((source.title, source.heading, source.text)))
    }
    known = before.keys() | added
    parts: Parts = {word: compounds.split(word, known.__contains__) for word in known}
    changed = {word: split for word, split in parts.items() if before.get(word) != split}
    writing.learn(changed)
    stale = {stem(word) for word in changed if word in before}
    sources = {source.id: source for source in writing.sources_with(stale)}
    sources.update((source.id, source) for source in fresh)
    for source in sources.values():
        writing.index(
            source.id,
            Stems(*(" ".join(_stems(text, parts)) for text in (source.title, source.heading, source.text))),
        )


def _stems(text: str, parts: Parts) -> Iterator[str]:
    for word in words(text):
        yield stem(word)
        yield from map(stem, parts.get(fold(word), ()))


# ------------------------------------------------------------ quotes

_Ranked = list[tuple[float, Quote]]


def _rank(
    passages: Iterable[Passage], titles: dict[int, str], coverage: Coverage, reading: Reading
) -> _Ranked:
    """Every sentence of the passages by its own coverage and that of its passage, best first."""
    ranked: _Ranked = []
    for passage in passages:
        around = _set_of(f"{titles[passage.id]} {passage.heading}", reading)
        whole = coverage.of(around | _set_of(passage.text, reading))
        for sentence in sentences(passage.text):
            own = _set_of(sentence, reading)
            covered = coverage.of(own | around)
            rank = covered + 0.5 * coverage.of(own) + 0.3 * whole
            ranked.append((rank, Quote(sentence, passage, covered)))
    ranked.sort(key=lambda pair: -pair[0])
    return ranked


def _set_of(text: str, reading: Reading) -> set[str]:
    found = list(words(text))
    return set(_stems(text, reading.parts_of({fold(word) for word in found})))


def _best(ranked: _Ranked, k: int) -> list[Quote]:
    if not ranked or ranked[0][1].coverage < _ENOUGH:
        return []
    floor = ranked[0][0] * _BESIDE_BEST
    chosen: dict[str, Quote] = {}
    for rank, quote in ranked:
        if quote is ranked[0][1] or (rank >= floor and quote.coverage >= _ENOUGH_BESIDE):
            chosen.setdefault(quote.sentence, quote)
    return list(chosen.values())[:k]
