"""The way of a request, plain and streaming alike, from top to bottom:

    Request ─ identify ─▶ Caller          who asks                                    identity
            ─ scan ─────▶ Scanned         what personal data is in it                 privacy
            ─ admit ────▶ Admitted        where it may go, and what it counts for     policy
            ─ step ─────▶                 one more of the agent's run, where it is one  accounting/runs
            ─ mask ─────▶ Masked          what a provider may see                     privacy
            ─ cache? ───▶ stored answer   costs nothing, so it comes before the hold  gateway/cache, gateway/semantic
            ─ hold ─────▶ Entry           the money, before the call                  accounting
            ─ send ─────▶ Frame…          route, fallback, time-outs                  gateway/routing, providers
            ─ restore ──▶ Piece…          originals put back for this caller only     privacy
            ─ settle ───▶ cost            exactly once, also when the client leaves   accounting
            ─ journal ──▶ Tail            durable before the answer counts as done    journal

The book is an `async with` around everything and the ledger one around the call; every generator is
consumed under `aclosing`. No step asks a database: rules are a snapshot that is replaced as a whole.
"""

import contextlib
import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from leitstand.accounting.admission import Downgrade
from leitstand.accounting.ledger import Ledger
from leitstand.accounting.pricebook import PriceBook
from leitstand.core.conversation import Frame
from leitstand.core.errors import InvalidKey, NotCached, NotPermitted, Refusal
from leitstand.gateway.bookkeeping import Book, ClientLeft, OpenBook
from leitstand.gateway.cache import ResponseCache
from leitstand.gateway.call import Call, need_of, replay, restorer_for, stored_answer, subject
from leitstand.gateway.embedding_cache import remembering
from leitstand.gateway.masking import ask_for, masked_for, scanned_for
from leitstand.gateway.repeats import question_key
from leitstand.gateway.routing import BrokenOff, Router
from leitstand.gateway.semantic import SemanticCache
from leitstand.gateway.values import Head, Piece, Request, Tail
from leitstand.identity.callers import Caller, KeyRing
from leitstand.policy.admit import Admitted, Lacks, admit
from leitstand.policy.rulebook import Rulebook
from leitstand.privacy.mask import Scanned
from leitstand.privacy.pictures.reader import PictureReader
from leitstand.privacy.scan import Scanner
from leitstand.privacy.vault import Vault


@dataclass(frozen=True)
class Credentials:
    """What an API client shows: its key, and the address it calls from."""

    key: str
    ip: str


@dataclass(frozen=True)
class Rules:
    """Everything a request is judged by, at one moment. limit_wait_s: how long a call waits for others' holds.

    cover_images: whether images are read and covered.
    """

    keys: KeyRing
    book: Rulebook
    prices: PriceBook
    scanner: Scanner
    limit_wait_s: float = 30.0
    cover_images: bool = True


class Gateway:
    """The hot path with its parts. `renew` swaps the rules between two requests."""

    def __init__(
        self, rules: Rules, ledger: Ledger, cache: ResponseCache, router: Router, lacks: Lacks,
        open_book: OpenBook, semantic: SemanticCache | None = None, vault: Vault | None = None,
        pictures: PictureReader | None = None,
    ) -> None:  # fmt: skip
        self.rules = rules
        self.cache = cache
        self.semantic = semantic or SemanticCache()
        self._ledger, self._router, self._vault, self.pictures = ledger, router, vault, pictures
        self._lacks = lacks
        self._open_book = open_book

    def renew(self, rules: Rules) -> None:
        """Take new rules. Where routes or policy changed, stored answers go: the old rules allowed them."""
        if rules.book != self.rules.book or rules.scanner is not self.rules.scanner:
            self.cache.clear()
            self.semantic.clear()
        self.rules = rules

    async def answer(
        self, request: Request, who: Caller | Credentials, today: date
    ) -> AsyncGenerator[Head | Piece | Tail, None]:
        """One Head, then Pieces, then one Tail. Raises a Refusal; after the Head it means: broken off.

        today: the day in the organisation's time zone, by which contracts are judged.
        """
        rules = self.rules
        async with self._open_book(request) as book:
            caller = book.caller = self._identify(rules, request, who)
            scanner = rules.scanner.of(caller.person.department)
            scanned = await scanned_for(
                request.prompt, scanner, self.pictures if rules.cover_images else None
            )
            book.entities = {kind.value: count for kind, count in scanned.counts.items()}
            ask = ask_for(request, caller, scanned)
            while True:
                admitted = book.admitted = admit(rules.book, ask, today, self._lacks, book.judge)
                book.step()
                try:
                    async with aclosing(self._serve(rules, request, admitted, scanned, book)) as pieces:
                        async for piece in pieces:
                            yield piece
                    break
                except Downgrade as limit:  # nothing was sent yet; a chain of limits ends at one that refuses
                    assigned = replace(request.prompt, model=book.downgrade(limit))
                    scanned = dataclasses.replace(scanned, prompt=assigned)
                    ask = dataclasses.replace(ask, prompt=assigned, assigned=True)
        yield Tail(book.cost_nano, book.saved_nano)

    async def refused(self, request: Request, who: Credentials, refusal: Refusal) -> None:
        """Journal a request that could not even be read; who sent it is named when the key is good."""
        async with self._open_book(request) as book:
            with contextlib.suppress(InvalidKey, NotPermitted):
                book.caller = self._identify(self.rules, request, who)
            book.refusal = refusal

    async def _serve(
        self, rules: Rules, request: Request, admitted: Admitted, scanned: Scanned, book: Book
    ) -> AsyncGenerator[Head | Piece, None]:
        masked, mapping = await masked_for(request, scanned, self._vault)
        key = book.look_up_by(question_key(request, admitted, masked))
        if key and (stored := stored_answer(self.cache, key, admitted, masked)):
            for piece in replay(stored, request, admitted, masked, mapping, book):
                yield piece
            return
        book.near = await self.semantic.look_up(key, admitted, masked, mapping)
        if book.near and book.near.answer:
            for piece in replay(book.near.answer, request, admitted, masked, mapping, book, "semantic"):
                yield piece
            return
        if request.cache == "only":
            raise NotCached(
                "Zu dieser Anfrage ist keine Antwort gespeichert, und „x-leitstand-cache: only“ fragt keinen Anbieter.",
                "No answer is stored for this request, and 'x-leitstand-cache: only' asks no provider.",
            )
        need = need_of(rules.prices, request.prompt, admitted)
        async with self._ledger.open(subject(admitted), need, request.id, rules.limit_wait_s) as entry:
            if request.is_gone():
                raise ClientLeft
            call = Call(rules.prices, request, admitted, scanned, masked, mapping, need, entry, key, book)
            answering = self._call(call) if admitted.candidates else call.estimated()
            async with aclosing(answering) as pieces:
                async for piece in pieces:
                    yield piece

    async def _call(self, call: Call) -> AsyncGenerator[Head | Piece, None]:
        book, restorer = call.book, None
        kept: list[Frame] = []
        router = remembering(self._router, call, self.cache.vectors)
        try:
            async with aclosing(router.send(call)) as frames:
                async for candidate, frame in frames:
                    if restorer is None:
                        yield call.begin(candidate)
                        restorer = book.restorer = restorer_for(call.request, call.mapping_for(candidate))
                    kept.append(frame)
                    call.note_citations(frame)
                    yield Piece(*restorer.frame(frame))
            if restorer is not None and (rest := restorer.finish()) is not None:
                yield Piece(rest, changed=True)
            book.complete = True
        except BrokenOff as broken:
            raise broken.refusal from broken
        finally:
            self._settle(call, kept)

    def _settle(self, call: Call, kept: list[Frame]) -> None:
        """Book what was used; a call that no provider took up is refunded by leaving the ledger's block."""
        call.settle()
        if call.key and (answer := call.answer_to_keep(kept)):
            self.cache.put(call.key, answer)
            self.semantic.keep(call.book.near, answer)

    @staticmethod
    def _identify(rules: Rules, request: Request, who: Caller | Credentials) -> Caller:
        return who if isinstance(who, Caller) else rules.keys.identify(who.key, request.time_us, who.ip)
