"""One call to a provider with all that belongs to it, and the replay of a stored answer."""

import asyncio
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from leitstand.accounting.estimate import estimate
from leitstand.accounting.ledger import Entry
from leitstand.accounting.limits import Subject
from leitstand.accounting.pricebook import PriceBook
from leitstand.accounting.prices import Price
from leitstand.accounting.sizing import Need
from leitstand.core.conversation import Cited, Frame, Masked, Prompt, Usage, texts
from leitstand.gateway.bookkeeping import Book
from leitstand.gateway.cache import CachedAnswer, CacheKey, ResponseCache, is_complete, size_of
from leitstand.gateway.values import Head, Piece, Request
from leitstand.policy.admit import Admitted, Candidate, Protection
from leitstand.privacy.mask import Scanned, clear, mask, release
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.restore import Restorer
from leitstand.providers.base import Target

DEFAULT_OUTPUT_CAP = 4096  # tokens held for an answer whose request sets no cap
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

    def affordable(self) -> list[Candidate]:
        """The candidates that what is held can pay for."""
        return [candidate for candidate in self.admitted.candidates if self._cap(candidate) != 0]

    def protect(self, candidate: Candidate) -> Masked:
        """The prompt as this candidate may see it, shortened to what the hold can pay for."""
        scanned, cap = self.scanned, self._cap(candidate)
        is_capped = cap is not None and cap != scanned.prompt.max_tokens
        if is_capped:
            scanned = dataclasses.replace(scanned, prompt=replace(scanned.prompt, max_tokens=cap))
        match candidate.protection:
            case Protection.MASKED:
                return mask(scanned)[0] if is_capped else self.masked
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
        return Head(
            self.request.id, target.provider, target.model, target.region.value, self.admitted.data_class,
            book.cache, book.pseudonymised, book.trace.fallback,
        )  # fmt: skip

    def settle(self, candidate: Candidate, usage: Usage) -> None:
        """Turn the hold into what was used, at the price of the target that answered."""
        book, price = self.book, price_of(self.prices, candidate.target)
        book.usage = usage
        book.cost_nano = self.entry.settle(usage, price)
        book.unpriced, book.price_id = price.unpriced, price.snapshot

    def answer_to_keep(self, frames: list[Frame]) -> CachedAnswer | None:
        """The answer for the cache: complete, and without originals in it.

        An answer from inside the house was made from the clear text; it is kept only when there was
        nothing to replace, and never when it quotes documents, which may change.
        """
        candidate, book = self.book.candidate, self.book
        if candidate is None or not book.complete or not is_complete(frames):
            return None
        if candidate.protection is not Protection.MASKED and self.masked.count:
            return None
        if any(isinstance(chunk, Cited) for frame in frames for chunk in frame.chunks):
            return None
        target = candidate.target
        return CachedAnswer(
            tuple(frames), target.provider, target.model, target.region.value, book.usage, book.cost_nano,
            size_of(frames), asyncio.get_running_loop().time(),
        )  # fmt: skip

    def note_citations(self, frame: Frame) -> None:
        """Remember which passages the answer quotes, for the journal."""
        for chunk in frame.chunks:
            if isinstance(chunk, Cited):
                self.book.citations.append(
                    {"number": chunk.number, "document": chunk.document, "place": chunk.place}
                )


def stored_answer(cache: ResponseCache, key: CacheKey, admitted: Admitted) -> CachedAnswer | None:
    """The stored answer, if the target that gave it may answer this request too.

    The class of a request is no part of the key: one of a higher class asks anew where policy says so.
    """
    stored = cache.get(key, asyncio.get_running_loop().time())
    if stored is None:
        return None
    source = (stored.provider, stored.provider_model)
    may = any((each.target.provider, each.target.model) == source for each in admitted.candidates)
    return stored if may else None


def replay(
    stored: CachedAnswer, request: Request, admitted: Admitted, masked: Masked, mapping: Mapping, book: Book
) -> Iterator[Head | Piece]:
    """A stored answer, restored for this caller. It costs nothing and books what it saved."""
    book.cache = "hit"
    book.cached_from = (stored.provider, stored.provider_model, stored.region)
    book.pseudonymised = masked.count
    book.saved_nano = stored.cost_nano
    book.first_token = asyncio.get_running_loop().time()
    yield Head(
        request.id, stored.provider, stored.provider_model, stored.region, admitted.data_class, "hit",
        masked.count, 0,
    )  # fmt: skip
    restorer = restorer_for(request, mapping)
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
    offered = [price_of(prices, candidate.target) for candidate in admitted.candidates]
    offered.sort(key=lambda price: price.input + price.output)
    size = estimate(prompt)
    return Need(
        size.upper, prompt.max_tokens, DEFAULT_OUTPUT_CAP, offered[-1], offered[0], size.least, prompt.choices
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
