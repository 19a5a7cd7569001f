"""SQL of the library: DATA/knowledge.sqlite, one connection per act, safe beside other processes.

The full-text table holds stems as plain words, so any SQLite with FTS5 can read it.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leitstand.knowledge.chunk import Slice
from leitstand.knowledge.values import CollectionStatus, Passage

DATABASE_FILE = "knowledge.sqlite"
_BUSY_S = 15.0
_VARIABLES = 500  # bound values of one statement; SQLite's own limit is higher
_FORM = 1  # of the tables below

_TABLES = """
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY, collection TEXT NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL,
    sha256 TEXT NOT NULL, UNIQUE (collection, name)
);
CREATE TABLE IF NOT EXISTS passage (
    id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    heading TEXT NOT NULL, place TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS passage_by_document ON passage (document_id);
CREATE TABLE IF NOT EXISTS vocabulary (word TEXT PRIMARY KEY, parts TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS stems USING fts5 (title, heading, body);
CREATE VIRTUAL TABLE IF NOT EXISTS stem_counts USING fts5vocab (stems, row);
"""


@dataclass(frozen=True, slots=True)
class Stems:
    """What the full-text table holds of one passage: words separated by spaces."""

    title: str
    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class Source:
    """What the stems of a stored passage are made of."""

    id: int
    title: str
    heading: str
    text: str


class Repository:
    """Opens the file anew for each act; a file that is not there is an empty library."""

    def __init__(self, data: Path) -> None:
        """data: the data folder. Nothing is opened or made yet."""
        self._path = data / DATABASE_FILE

    @property
    def exists(self) -> bool:
        """Whether anything was ever added."""
        return self._path.is_file()

    @contextmanager
    def reading(self) -> "Iterator[Reading]":
        """One consistent view."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            yield Reading(connection)

    @contextmanager
    def writing(self) -> "Iterator[Writing]":
        """One transaction, alone among writers; kept when the block ends without an error."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._connected() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            if connection.execute("PRAGMA user_version").fetchone()[0] < _FORM:
                connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_FORM}; COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield Writing(connection)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            yield connection
        finally:
            connection.close()


class Reading:
    """Questions to the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(
        self, stems: Iterable[str], k: int, collection: str | None, weights: tuple[float, float, float]
    ) -> list[Passage]:
        """The k best passages with any of the stems, by bm25.

        stems: letters and digits only. weights: of a hit in title, heading and body.
        """
        query = " OR ".join(f'"{word}"' for word in stems)
        if not query:
            return []
        rows = self._connection.execute(
            f"""
            SELECT passage.id, document.name, document.collection, passage.place, passage.heading, passage.text,
                   -bm25(stems, {weights[0]:f}, {weights[1]:f}, {weights[2]:f}) AS score, document.sha256
            FROM stems JOIN passage ON passage.id = stems.rowid JOIN document ON document.id = passage.document_id
            WHERE stems MATCH :query AND (:collection IS NULL OR document.collection = :collection)
            ORDER BY score DESC, passage.id LIMIT :k
            """,  # noqa: S608 - the weights are numbers of ours
            {"query": query, "collection": collection, "k": k},
        )
        return [Passage(*row) for row in rows]

    def parts_of(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The known ones among folded words, each with the parts it was split into."""
        found: dict[str, tuple[str, ...]] = {}
        for some in _portions(words):
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(
                f"SELECT word, parts FROM vocabulary WHERE word IN ({marks})",  # noqa: S608 - marks are `?`
                some,
            )
            found.update((word, tuple(parts.split())) for word, parts in rows)
        return found

    def passages_with(self, stems: Iterable[str]) -> dict[str, int]:
        """In how many passages each stem stands; absent when in none."""
        found: dict[str, int] = {}
        for some in _portions(stems):
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(
                f"SELECT term, doc FROM stem_counts WHERE term IN ({marks})",  # noqa: S608 - marks are `?`
                some,
            )
            found.update(rows.fetchall())
        return found

    def passage_count(self) -> int:
        """All passages of all collections."""
        return int(self._connection.execute("SELECT count(*) FROM passage").fetchone()[0])

    def titles(self, passage_ids: Sequence[int]) -> dict[int, str]:
        """The titles of the documents of some passages."""
        rows = self._connection.execute(
            "SELECT passage.id, title FROM passage JOIN document ON document.id = document_id"
            " WHERE passage.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(passage_ids)),),
        )
        return dict(rows.fetchall())

    def status(self) -> list[CollectionStatus]:
        """Counts per collection, by name."""
        rows = self._connection.execute(
            """
            SELECT collection, count(DISTINCT document.id), count(passage.id), coalesce(sum(length(text)), 0)
            FROM document LEFT JOIN passage ON document_id = document.id GROUP BY collection ORDER BY collection
            """
        )
        return [CollectionStatus(*row) for row in rows]


class Writing(Reading):
    """Changes to the file, within one transaction."""

    def sha256_of(self, collection: str, name: str) -> str | None:
        """The hash of the stored document of that name."""
        row = self._connection.execute(
            "SELECT sha256 FROM document WHERE collection = ? AND name = ?", (collection, name)
        ).fetchone()
        return None if row is None else str(row[0])

    def replace(
        self, collection: str, name: str, title: str, sha256: str, slices: Sequence[Slice]
    ) -> list[Source]:
        """Store a document in place of its older version; its passages have no stems yet."""
        self._connection.execute(
            "DELETE FROM stems WHERE rowid IN (SELECT passage.id FROM passage"
            " JOIN document ON document.id = document_id WHERE collection = ? AND name = ?)",
            (collection, name),
        )
        self._connection.execute("DELETE FROM document WHERE collection = ? AND name = ?", (collection, name))
        document_id = self._connection.execute(
            "INSERT INTO document (collection, name, title, sha256) VALUES (?, ?, ?, ?)",
            (collection, name, title, sha256),
        ).lastrowid
        sources = []
        for piece in slices:
            passage_id = self._connection.execute(
                "INSERT INTO passage (document_id, heading, place, text) VALUES (?, ?, ?, ?)",
                (document_id, piece.heading, piece.place, piece.text),
            ).lastrowid
            assert passage_id is not None
            sources.append(Source(passage_id, title, piece.heading, piece.text))
        return sources

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        """All folded words of the corpus with their parts."""
        rows = self._connection.execute("SELECT word, parts FROM vocabulary")
        return {word: tuple(parts.split()) for word, parts in rows}

    def learn(self, parts_by_word: Mapping[str, tuple[str, ...]]) -> None:
        """Store words with their parts, over what was known of them."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO vocabulary (word, parts) VALUES (?, ?)",
            [(word, " ".join(parts)) for word, parts in parts_by_word.items()],
        )

    def sources_with(self, stems: Iterable[str]) -> list[Source]:
        """The passages that hold any of the stems."""
        found: dict[int, Source] = {}
        for some in _portions(stems):
            rows = self._connection.execute(
                "SELECT passage.id, title, passage.heading, text FROM passage"
                " JOIN document ON document.id = document_id"
                " WHERE passage.id IN (SELECT rowid FROM stems WHERE stems MATCH ?)",
                (" OR ".join(f'"{word}"' for word in some),),
            )
            found.update((row[0], Source(*row)) for row in rows)
        return list(found.values())

    def index(self, passage_id: int, stems: Stems) -> None:
        """Set what a passage is found by."""
        self._connection.execute("DELETE FROM stems WHERE rowid = ?", (passage_id,))
        self._connection.execute(
            "INSERT INTO stems (rowid, title, heading, body) VALUES (?, ?, ?, ?)",
            (passage_id, stems.title, stems.heading, stems.body),
        )


def _portions(words: Iterable[str]) -> Iterator[list[str]]:
    every = list(words)
    for start in range(0, len(every), _VARIABLES):
        yield every[start : start + _VARIABLES]
