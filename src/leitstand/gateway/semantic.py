"""The semantic cache: a question asked in other words is answered once, where a use case wishes it.

    question_of   what is compared: the last text of the user; all else must be the same, letter by letter
    look_up       remembered questions near by, then the second look (agreement.py), then who is meant
    keep          remember a question with its answer

It stands behind the protection like the response cache: it holds masked text, and originals never, only keyed
digests to tell them apart. Reading, encoding and search run on one worker thread; a request waits for it no
longer than LOOK_UP_S and goes its usual way when the worker is busy or fails.
"""

import asyncio
import hmac
import logging
import secrets
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from leitstand.core.conversation import CONVERSATIONS, Masked, Prompt, Stopped, StopReason, Text
from leitstand.gateway.agreement import disagreement
from leitstand.gateway.cache import LIFETIME_S, MAX_ENTRY_BYTES, CachedAnswer, CacheKey, cache_key
from leitstand.gateway.reading import Reading, is_lasting, is_readable, read
from leitstand.gateway.semantic_index import Index
from leitstand.policy.admit import Admitted
from leitstand.privacy.placeholders import Mapping

if TYPE_CHECKING:
    from leitstand.gateway.semantic_index import Vector

THRESHOLD = 0.90  # cosine; measured with bench/semantic_cache.py on the set `dev`
LOOK_UP_S = 0.3
MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 1024 * 1024
_MOST_WAITING = 3  # jobs of about 30 ms before a look-up is skipped
_MOST_KEPT_WAITING = 50
_CANDIDATES = 5
_REFUSALS = 50
_log = logging.getLogger(__name__)


class Encoder(Protocol):
    """Makes vectors; the real one is providers/local_encoder.py."""

    def question(self, text: str) -> "Vector":
        """(dimensions,) float32, L2-normalised. Blocking."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. group: everything that must be the same. names: digest of the original by placeholder.

    epoch: which rules it was asked under; answers of other rules are not for it.
    """

    group: CacheKey
    text: str
    names: dict[str, bytes]
    epoch: int


@dataclass(frozen=True, slots=True)
class Near:
    """The outcome of a look-up. vector: of the question, where one was needed.

    refused: cosine of each near answer that was not given, and why.
    """

    question: Question
    reading: Reading
    vector: "Vector | None" = None
    answer: CachedAnswer | None = None
    similarity: float = 0.0
    refused: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    reading: Reading
    names: dict[str, bytes]
    answer: CachedAnswer


@dataclass(frozen=True, slots=True)
class Refused:
    """A near answer that was not given, and why (agreement.KINDS, `people` or `policy`); no text is kept."""

    time: datetime
    use_case: str
    similarity: float
    reason: str


@dataclass(slots=True)
class Figures:
    """What happened in one use case since this process started. skipped: look-ups that were too slow or failed."""

    hits: int = 0
    skipped: int = 0
    similarity_sum: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)


class SemanticCache:
    """Owned by the event loop; the index and the encoder belong to its worker."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        """encoder: None where there is none; then nothing is ever found or kept."""
        self._encoder = encoder
        self._index: Index[_Entry] = Index(MAX_ENTRIES, MAX_BYTES)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="semantic-cache")
        self._secret = secrets.token_bytes(32)
        self._waiting = 0
        self._epoch = 0
        self.figures: dict[str, Figures] = {}
        self.refusals: deque[Refused] = deque(maxlen=_REFUSALS)

    async def look_up(
        self, key: CacheKey | None, admitted: Admitted, masked: Masked, mapping: Mapping
    ) -> Near | None:
        """The answer to the same question in other words; None when this request takes no part.

        key: of the response cache, None where nothing may be cached.
        """
        if key is None or self._encoder is None or not admitted.use_case.semantic_cache:
            return None
        found = question_of(masked.prompt)
        if found is None:
            return None
        text, rest = found
        figures = self.figures.setdefault(key.scope.use_case, Figures())
        if self._waiting >= _MOST_WAITING:
            figures.skipped += 1
            return None
        names = {placeholder: self._digest(original) for placeholder, original in mapping.entries}
        question = Question(cache_key(key.scope, rest), text, names, self._epoch)
        may = frozenset((each.target.provider, each.target.model) for each in admitted.candidates)
        near = await self._in_worker(question, may, figures)
        if near is None or near.question.epoch != self._epoch:
            return None
        for likeness, reason in near.refused:
            self.refusals.append(Refused(datetime.now(UTC), key.scope.use_case, likeness, reason))
            figures.refused[reason] += 1
        if near.answer is not None:
            figures.hits += 1
            figures.similarity_sum += near.similarity
        return near

    def keep(self, near: Near | None, answer: CachedAnswer) -> None:
        """Remember what was answered, in the background. near: what `look_up` gave for the question."""
        stops = [chunk for frame in answer.frames for chunk in frame.chunks if isinstance(chunk, Stopped)]
        talked = all(stop.reason in (StopReason.END, StopReason.STOP_SEQUENCE) for stop in stops)
        if near is None or not talked or answer.size_bytes > MAX_ENTRY_BYTES:
            return
        if self._waiting < _MOST_KEPT_WAITING:
            self._waiting += 1
            loop = asyncio.get_running_loop()
            kept = self._worker.submit(self._keep, near, answer)
            kept.add_done_callback(lambda _: loop.call_soon_threadsafe(self._one_less))

    def clear(self) -> None:
        """Forget everything: rules, routes or detectors changed."""
        self._epoch += 1
        if self.figures:  # else nobody ever asked, and the worker has no thread yet
            self._worker.submit(self._index.clear)

    def close(self) -> None:
        """End the worker; what waits is dropped."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _one_less(self) -> None:
        self._waiting -= 1

    async def _in_worker(
        self, question: Question, may: frozenset[tuple[str, str]], figures: Figures
    ) -> Near | None:
        self._waiting += 1
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(LOOK_UP_S):
                return await asyncio.wrap_future(self._worker.submit(self._find, question, may, now))
        except TimeoutError:
            figures.skipped += 1
        except Exception:  # noqa: BLE001 - a border: a cache that fails costs a hit, not an answer
            _log.exception("the semantic cache failed")
            figures.skipped += 1
        finally:
            self._waiting -= 1
        return None

    # ------------------------------------------------------------ in the worker

    def _find(self, question: Question, may: frozenset[tuple[str, str]], now: float) -> Near | None:
        reading = read(question.text)
        if not reading.is_telling:
            return None
        if not self._index.has(question.group):
            return Near(question, reading)
        assert self._encoder is not None
        vector = self._encoder.question(question.text)
        refused: list[tuple[float, str]] = []
        for row, likeness, entry in self._index.nearest(question.group, vector, _CANDIDATES):
            if likeness < THRESHOLD:
                break
            if now - entry.answer.stored_at > LIFETIME_S:
                self._index.drop(row)
                continue
            reason = _why_not(entry, reading, question.names, may)
            if reason is None:
                self._index.used(row)
                return Near(question, reading, vector, entry.answer, likeness, tuple(refused))
            refused.append((likeness, reason))
        return Near(question, reading, vector, refused=tuple(refused))

    def _keep(self, near: Near, answer: CachedAnswer) -> None:
        if near.question.epoch != self._epoch:
            return
        try:
            assert self._encoder is not None
            vector = near.vector if near.vector is not None else self._encoder.question(near.question.text)
            entry = _Entry(near.reading, near.question.names, answer)
            self._index.put(near.question.group, vector, entry, answer.size_bytes)
        except Exception:  # noqa: BLE001 - a border: the end of a worker's job, nobody waits for it
            _log.exception("the semantic cache could not keep an answer")

    def _note_refusal(self, question: Question, likeness: float, reason: str) -> None:
        use_case = question.group.scope.use_case
        self.refusals.append(Refused(datetime.now(UTC), use_case, likeness, reason))
        self.figures[use_case].refused[reason] += 1

    def _digest(self, original: str) -> bytes:
        return hmac.digest(self._secret, original.encode("utf-8", "surrogatepass"), "sha256")[:16]


def question_of(prompt: Prompt) -> tuple[str, Prompt] | None:
    """The last text of the user and the prompt without it; None where a second wording would prove nothing.

    Nothing but texts may have been said (no pictures, no tools' results), the question is one short
    paragraph, and neither it nor what the user said before asks for the state of this hour.
    """
    last = prompt.messages[-1] if prompt.messages else None
    if prompt.dialect not in CONVERSATIONS or prompt.choices != 1 or last is None or last.role != "user":
        return None
    parts = [part for message in prompt.messages for part in message.parts]
    said = [part.text for part in parts if isinstance(part, Text)]
    if len(said) != len(parts) or len(last.parts) != 1 or not is_readable(said[-1]):
        return None
    by_user = (
        part.text for message in prompt.messages if message.role == "user"
        for part in message.parts if isinstance(part, Text)
    )  # fmt: skip
    if not all(is_lasting(text) for text in by_user):
        return None
    blank = replace(last, parts=(replace(last.parts[0], text=""),))
    return said[-1], replace(prompt, messages=(*prompt.messages[:-1], blank))


def _why_not(
    entry: _Entry, reading: Reading, names: dict[str, bytes], may: frozenset[tuple[str, str]]
) -> str | None:
    if (entry.answer.provider, entry.answer.provider_model) not in may:
        return "policy"
    if (difference := disagreement(entry.reading, reading)) is not None:
        return difference.kind
    return None if _means_the_same_people(entry, reading, names) else "people"


def _means_the_same_people(entry: _Entry, reading: Reading, names: dict[str, bytes]) -> bool:
    """Whether the stored answer, restored with this request's originals, speaks of the right ones.

    The model saw placeholders only, so its answer holds for whoever stands behind them, as long as everyone
    stands in the same place. Hence: the same placeholders on both sides, so that none stays unrestored and
    none is restored that was mere text; nobody under another number than before; and where somebody else is
    meant, the two questions must say the same in the same order, not just the same.
    """
    if entry.names.keys() != names.keys():
        return False
    if entry.names == names:
        return True
    was = {digest: placeholder for placeholder, digest in entry.names.items()}
    if any(was.get(digest, placeholder) != placeholder for placeholder, digest in names.items()):
        return False
    return (entry.reading.sequence, entry.reading.leads) == (reading.sequence, reading.leads)
