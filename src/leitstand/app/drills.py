"""Fire drills on this house: the real rules, ledger and door; a board and a journal of their own."""

from leitstand.accounting.prices import cost
from leitstand.app.house import House
from leitstand.core.conversation import Usage
from leitstand.core.errors import InvalidRequest, ModelNotFound
from leitstand.core.events import Events
from leitstand.core.ids import new_id
from leitstand.core.money import NanoEuro
from leitstand.gateway import drill as gateway
from leitstand.gateway.bookkeeping import Book
from leitstand.gateway.cache import ResponseCache
from leitstand.gateway.call import price_of
from leitstand.gateway.drill import Drill, DrillChoice
from leitstand.gateway.drill_report import DrillReport, observe
from leitstand.gateway.hotpath import Gateway
from leitstand.gateway.values import Request
from leitstand.identity.callers import Caller
from leitstand.policy.rulebook import Route


class FireDrills:
    """Plays drills; for pages (web/ports.py: Drills) and for `/api` (api/drills.py)."""

    def __init__(self, house: House) -> None:
        self._house = house

    def choices(self) -> tuple[DrillChoice, ...]:
        """The models with their targets in order, and what a drill costs at most."""
        routes = self._house.gateway.rules.book.routes.values()
        return tuple(
            DrillChoice(
                route.name, tuple(dict.fromkeys(offer.target.provider for offer in route.offers)),
                self._most_nano(route), self._longest_s(route),
            )
            for route in routes
        )  # fmt: skip

    async def play(self, caller: Caller, drill: Drill) -> DrillReport:
        """Play it. Raises ModelNotFound or InvalidRequest for one that cannot be played."""
        self._check(drill)
        house = self._house
        router = house.router.through(lambda door: gateway.Sabotaged(door, drill), house.health.copy())
        books: list[Book] = []

        def open_book(request: Request) -> Book:
            journal = gateway.DrillJournal(house.spool, drill)
            books.append(Book(request, house.clock, journal, Events()))
            return books[-1]

        stage = Gateway(house.gateway.rules, house.ledger, ResponseCache(), router, house.lacks, open_book)
        request = drill.request(new_id("req"), house.clock.time_us())
        answer = stage.answer(request, Caller(caller.person), house.today())
        return await observe(answer, drill, lambda: books[0])

    def _check(self, drill: Drill) -> None:
        drill.check()
        route = self._house.gateway.rules.book.routes.get(drill.model)
        if route is None:
            raise ModelNotFound(
                f"Das Modell „{drill.model}“ gibt es nicht.",
                f"There is no model '{drill.model}'.",
                detail={"param": "model"},
            )
        known = [gateway.EVERYBODY, *(offer.target.provider for offer in route.offers)]
        if drill.provider not in known:
            raise InvalidRequest(
                f"Das Modell „{drill.model}“ hat kein Ziel bei „{drill.provider}“. Möglich sind: {', '.join(known)}.",
                f"The model '{drill.model}' has no target at '{drill.provider}'. Possible are: {', '.join(known)}.",
                detail={"param": "provider"},
            )

    def _most_nano(self, route: Route) -> NanoEuro:
        usage = Usage(gateway.INPUT_TOKENS, gateway.MAX_TOKENS)
        prices = self._house.gateway.rules.prices
        return max(
            (cost(usage, price_of(prices, offer.target)) for offer in route.offers), default=NanoEuro(0)
        )

    @staticmethod
    def _longest_s(route: Route) -> float:
        return sum(offer.target.patience.first_token_s for offer in route.offers)
