"""One call to a provider with all that belongs to it, and the replay of a stored answer."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from leitstand.accounting.estimate import estimate, units
from leitstand.accounting.ledger import Entry
from leitstand.accounting.limits import Subject
from leitstand.accounting.pricebook import PriceBook
from leitstand.accounting.prices import Price, cost, free, is_unpriced
from leitstand.accounting.sizing import Need
from leitstand.core.classes import Region
from leitstand.core.conversation import (
    CONVERSATIONS,
    Cited,
    Dialect,
    Frame,
    Masked,
    Prompt,
    Usage,
    Used,
    texts,
)
from leitstand.core.money import NanoEuro
from leitstand.gateway.bookkeeping import Book
from leitstand.gateway.cache import CachedAnswer, CacheKey, ResponseCache, is_complete, size_of
from leitstand.gateway.pacing import Load
from leitstand.gateway.tally import plus
from leitstand.gateway.values import Attempt, Head, Piece, Request, Trace
from leitstand.policy.admit import Admitted, Candidate, Protection
from leitstand.policy.rulebook import Route
from leitstand.privacy.leaks.values import Sent
from leitstand.privacy.mask import Scanned, capped, clear, release
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.restore import Restorer
from leitstand.providers.base import Target

DEFAULT_OUTPUT_CAP = 4096  # tokens held for an answer whose request sets no cap
_PICTURE_TOKENS = 8192  # held for each picture, where pictures are billed so; the finest take some 6,300
_WORDLESS: frozenset[Dialect] = frozenset({"embeddings", "rerank", "count_tokens"})
"""Tasks that are answered with figures; one token is held, for none would mean that nothing can be afforded."""
_NOTHING_REPLACED = Mapping()


@dataclass(frozen=True, slots=True)
class Call:
    """What the steps after the hold share."""

    prices: PriceBook
    request: Request
    admitted: Admitted
    scanned: Scanned
    masked: Masked
    mapping: Mapping
    need: Need
    entry: Entry
    key: CacheKey | None
    book: Book

    def __post_init__(self) -> None:
        """Tell pacing who asks, and for how much, and the book whose limits that passes."""
        self.book.trace.load = Load(self.admitted.caller.person.name, self.need.input_least)
        self.book.beyond = self.entry.beyond

    @property
    def prompt(self) -> Prompt:
        return self.request.prompt

    @property
    def route(self) -> Route:
        return self.admitted.route

    @property
    def trace(self) -> Trace:
        return self.book.trace

    @property
    def input_tokens(self) -> int:
        return self.need.input_tokens

    @property
    def input_least(self) -> int:
        return self.need.input_least

    def affordable(self) -> list[Candidate]:
        """The candidates that what is held can pay for."""
        return [candidate for candidate in self.admitted.candidates if self.fits(candidate)]

    def fits(self, candidate: Candidate) -> bool:
        """Whether what is held, and not yet lost, can pay for a call to this candidate."""
        return self._cap(candidate) != 0 or self.need.asked_output == 0

    def double(self) -> bool:
        """Hold as much again, for a second call at the same time; False where limits have no room."""
        return self.entry.double()

    def lose(self, attempt: Attempt) -> None:
        """Book an attempt that brought no answer: the provider's figure where it gave one, else an estimate.

        Of a plain answer nothing is seen before all of it is written, so it counts as one of usual length.
        """
        prompt, tally = self.request.prompt, attempt.tally
        if prompt.dialect == "count_tokens":
            return
        usage = tally.usage(complete=False)
        if not tally.has_begun and not prompt.stream and prompt.dialect in CONVERSATIONS:
            usage = replace(usage, output_tokens=self.entry.usual_output)
        attempt.lost, self.trace.lost = usage, plus(self.trace.lost, usage)
        attempt.turn.settle(usage.input_tokens + usage.output_tokens)
        self._book(usage, attempt, self.entry.lose)

    def _book(self, usage: Usage, attempt: Attempt, enter: Callable[[Usage, Price], NanoEuro]) -> None:
        book, price = self.book, price_of(self.prices, attempt.candidate.target)
        if self.need.units and usage.estimated and not usage.units:
            usage = replace(usage, units=self.need.units, unit=self.need.unit)
        book.usage = plus(book.usage, usage)
        cost_nano = enter(usage, price)
        book.cost_nano = NanoEuro(book.cost_nano + cost_nano)
        book.unpriced = book.unpriced or is_unpriced(usage, price)
        book.bookings.append((usage, price, cost_nano))

    def protect(self, candidate: Candidate) -> Masked:
        """The prompt as this candidate may see it, shortened to what the hold can pay for."""
        scanned, cap = self.scanned, self._cap(candidate)
        is_capped = cap is not None and cap != scanned.prompt.max_tokens
        if is_capped:
            scanned = dataclasses.replace(scanned, prompt=replace(scanned.prompt, max_tokens=cap))
        match candidate.protection:
            case Protection.MASKED:
                return capped(self.masked, cap) if cap is not None and is_capped else self.masked
            case Protection.HOUSE:
                return clear(scanned)[0]
            case Protection.RELEASED:
                return release(scanned)

    def _cap(self, candidate: Candidate) -> int | None:
        return self.entry.cap_at(price_of(self.prices, candidate.target))

    def mapping_for(self, candidate: Candidate) -> Mapping:
        """What must be put back in this candidate's answer."""
        return self.mapping if candidate.protection is Protection.MASKED else _NOTHING_REPLACED

    def begin(self, candidate: Candidate) -> Head:
        """The first content has come from `candidate`: from now on it is the one that answers."""
        book, target = self.book, candidate.target
        book.candidate = candidate
        book.first_token = asyncio.get_running_loop().time()
        book.pseudonymised = self.masked.count if candidate.protection is Protection.MASKED else 0
        if candidate.protection is Protection.MASKED and self.prompt.dialect in CONVERSATIONS:
            book.events.say(self._sent(target.provider))
        return Head(
            self.request.id, target.provider, target.model, target.region.value, self.admitted.data_class,
            book.cache, book.pseudonymised, book.trace.fallback, self.admitted.tier,
        )  # fmt: skip

    def _sent(self, provider: str) -> Sent:
        return Sent(
            self.request.id, self.request.time_us, self.masked, self.mapping, self.admitted.caller.person.department,
            self.admitted.use_case.name, provider, self.request.scope,
        )  # fmt: skip

    async def estimated(self) -> AsyncGenerator[Head | Piece, None]:
        """A count of tokens where no target can count: our own, which costs nothing."""
        book, tokens = self.book, estimate(self.masked.prompt).upper
        book.complete = True
        yield Head(
            self.request.id, "leitstand", "estimate", Region.LOCAL.value, self.admitted.data_class,
            book.cache, 0, 0,
        )  # fmt: skip
        yield Piece(Frame((Used(Usage(tokens, estimated=True)),), None, "count_tokens"))

    def note_recalled(self, inputs: int, saved_nano: NanoEuro) -> None:
        """So many inputs of an embedding were known already."""
        self.book.recalled, self.book.saved_nano = inputs, saved_nano

    def settle(self) -> None:
        """Turn the hold into what the answer used, at the price of the target that gave it.

        Without an answer nothing is done here: leaving the ledger's block gives back all but losses. A count
        of tokens uses nothing: its figure is the answer.
        """
        attempt = self.trace.answer
        if attempt is None:
            return
        if self.request.prompt.dialect == "count_tokens":
            attempt.turn.settle(0)
            return
        usage = attempt.tally.usage(self.book.complete)
        attempt.turn.settle(usage.input_tokens + usage.output_tokens)
        self._book(usage, attempt, self._settle_part if self.book.recalled else self.entry.settle)
        if tiering := self.admitted.tiering:
            self.book.full_nano = cost(self.book.usage, price_of(self.prices, tiering.largest))

    def _settle_part(self, usage: Usage, price: Price) -> NanoEuro:
        """Settle a call of which a part was known already: it teaches nothing of how the model counts."""
        return self.entry.settle(replace(usage, estimated=True), price)

    def answer_to_keep(self, frames: list[Frame]) -> CachedAnswer | None:
        """The answer for the cache: complete, and without originals in it.

        An answer from inside the house was made from the clear text; it is kept only when there was
        nothing to replace, and never when it quotes documents, which may change. One that two calls wrote
        is not kept. What it saves is what it cost, without attempts that failed.
        """
        candidate, book, attempt = self.book.candidate, self.book, self.trace.answer
        if candidate is None or attempt is None or not book.complete or not is_complete(frames):
            return None
        if self.trace.continued:
            return None
        if candidate.protection is not Protection.MASKED and self.masked.count:
            return None
        if any(isinstance(chunk, Cited) for frame in frames for chunk in frame.chunks):
            return None
        target, usage = candidate.target, attempt.tally.usage(complete=True)
        return CachedAnswer(
            tuple(frames), target.provider, target.model, target.region.value, usage,
            cost(usage, price_of(self.prices, target)),
            size_of(frames), asyncio.get_running_loop().time(),
        )  # fmt: skip

    def note_citations(self, frame: Frame) -> None:
        """Remember which passages the answer quotes, for the journal."""
        for chunk in frame.chunks:
            if isinstance(chunk, Cited):
                self.book.citations.append(
                    {"number": chunk.number, "document": chunk.document, "place": chunk.place}
                )


def stored_answer(
    cache: ResponseCache, key: CacheKey, admitted: Admitted, masked: Masked
) -> CachedAnswer | None:
    """The stored answer, if the target that gave it may answer this request too.

    The class of a request is no part of the key: one of a higher class asks anew where policy says so.
    """
    if masked.prompt.dialect == "embeddings":
        return _known_vectors(cache, admitted, masked)
    stored = cache.get(key, asyncio.get_running_loop().time())
    if stored is None:
        return None
    source = (stored.provider, stored.provider_model)
    may = any((each.target.provider, each.target.model) == source for each in admitted.candidates)
    return stored if may else None


def _known_vectors(cache: ResponseCache, admitted: Admitted, masked: Masked) -> CachedAnswer | None:
    """The answer of the first target that has embedded all inputs before; the clear text of the house aside."""
    now = asyncio.get_running_loop().time()
    for candidate in admitted.candidates:
        if candidate.protection is not Protection.MASKED and masked.count:
            continue
        target = candidate.target
        if known := cache.vectors.all_of(masked.prompt, target, now):
            vectors = [one.at(index) for index, one in enumerate(known)]
            saved = NanoEuro(sum(one.cost_nano for one in known))
            return CachedAnswer(
                (Frame((*vectors, Used(Usage())), None, "embeddings"),),
                target.provider, target.model, target.region.value, Usage(), saved, 0, now,
            )  # fmt: skip
    return None


def replay(
    stored: CachedAnswer, request: Request, admitted: Admitted, masked: Masked, mapping: Mapping, book: Book,
    found: Literal["hit", "semantic"] = "hit",
) -> Iterator[Head | Piece]:  # fmt: skip
    """A stored answer, restored for this caller. It costs nothing and books what it saved."""
    book.cache = found
    book.cached_from = (stored.provider, stored.provider_model, stored.region)
    book.pseudonymised = masked.count
    book.saved_nano = stored.cost_nano
    book.first_token = asyncio.get_running_loop().time()
    yield Head(
        request.id, stored.provider, stored.provider_model, stored.region, admitted.data_class, found,
        masked.count, 0, admitted.tier,
    )  # fmt: skip
    restorer = book.restorer = restorer_for(request, mapping)
    for frame in stored.frames:
        yield Piece(*restorer.frame(frame))
    if (rest := restorer.finish()) is not None:
        yield Piece(rest, changed=True)


def restorer_for(request: Request, mapping: Mapping) -> Restorer:
    """A fresh restorer for one answer; where the answer is JSON, originals are escaped."""
    is_json = request.prompt.answer_format is not None
    return Restorer(mapping, json_text=is_json, marked=request.mark_originals)


def need_of(prices: PriceBook, prompt: Prompt, admitted: Admitted) -> Need:
    """What must be held for a call: the size of its prompt, at the prices of the dearest and cheapest candidate."""
    offered = [price_of(prices, candidate.target) for candidate in admitted.candidates] or [free("none")]
    number, unit = units(prompt)
    offered.sort(key=lambda price: (price.reserved(unit), price.input + price.output))
    size = estimate(prompt)
    written = 1 if prompt.dialect in _WORDLESS else _PICTURE_TOKENS if unit == "image" else DEFAULT_OUTPUT_CAP
    return Need(
        size.upper, prompt.max_tokens, written, offered[-1], offered[0], size.least, prompt.choices,
        number, unit,
    )  # fmt: skip


def price_of(prices: PriceBook, target: Target) -> Price:
    """The price of a target today."""
    return prices.price(target.provider, target.kind, target.region, target.model)


def subject(admitted: Admitted) -> Subject:
    """Whom and what a call is counted for."""
    person = admitted.caller.person
    return Subject(
        user=person.name, department=person.department, use_case=admitted.use_case.name,
        key_id=admitted.caller.key_id, model=admitted.route.name,
    )  # fmt: skip


def characters(prompt: Prompt) -> int:
    """Length of all texts of a prompt."""
    return sum(map(len, texts(prompt)))
