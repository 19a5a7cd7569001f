"""`/api/prices`, `/api/invoices`, `/api/balance`: what things cost, what is billed, and whether all sums agree.

Files are sent as they are (`content-type: application/octet-stream`), their name in the address.
"""

from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Body, Query, Request

from leitstand.accounting.balance.desk import BalanceDesk, figures
from leitstand.accounting.invoices.desk import InvoiceDesk, Wish
from leitstand.accounting.invoices.figures import check_figures
from leitstand.accounting.invoices.formats import columns_of
from leitstand.accounting.pricelists.desk import PriceDesk
from leitstand.accounting.pricelists.figures import proof_figures, table_figures, version_figures
from leitstand.api.guard import Guarded, needs
from leitstand.core.clock import from_us
from leitstand.identity.roles import Permission

_READ, _WRITE = Permission.BUDGETS_READ, Permission.CONFIGURATION_WRITE
File = Annotated[bytes, Body(media_type="application/octet-stream")]
Name = Annotated[str, Query(min_length=1, max_length=200, description="The file's name.")]


class Pricing(Protocol):
    """Who has them."""

    @property
    def prices(self) -> PriceDesk:
        """Prices."""

    @property
    def invoices(self) -> InvoiceDesk:
        """Invoices."""

    @property
    def balance(self) -> BalanceDesk:
        """The proof."""


def price_routes(office: Pricing) -> APIRouter:
    """The operations on prices and exchange rates."""
    router = APIRouter(prefix="/api/prices", tags=["prices"], route_class=Guarded)

    @router.get("", **needs(_READ))
    def table() -> dict[str, Any]:
        """Every model in use with its price of today in EUR, the rates that count, and what has no price."""
        return table_figures(office.prices.table())

    @router.get("/proof", **needs(_READ))
    def proof(days: Annotated[int, Query(ge=1, le=4000)] = 30) -> dict[str, Any]:
        """Compute the newest 5,000 booked records again, each from the price that it names."""
        return proof_figures(office.prices.prove(days, 5000))

    @router.get("/imports", **needs(_READ))
    def imports() -> dict[str, Any]:
        """Every import, newest first."""
        return {"imports": [version_figures(each, whole=False) for each in office.prices.rows.versions(200)]}

    @router.post("/imports", status_code=201, **needs(_WRITE))
    def propose(request: Request, file: File, name: Name) -> dict[str, Any]:
        """Compare a price list (genai-prices JSON, or own prices as YAML or CSV); nothing changes before it is taken."""
        return version_figures(office.prices.propose(file, name, request.state.caller.name))

    @router.post("/imports/{number}/take", **needs(_WRITE))
    def take(request: Request, number: str) -> dict[str, Any]:
        """Bring a compared list into force; booked records stay as they are."""
        return version_figures(office.prices.take(number, request.state.caller.name), whole=False)

    @router.post("/rates", status_code=201, **needs(_WRITE))
    def rates(request: Request, file: File, name: Name) -> dict[str, Any]:
        """Take over exchange rates of the ECB (eurofxref CSV or ZIP)."""
        return version_figures(office.prices.import_rates(file, name, request.state.caller.name), whole=False)

    return router


def invoice_routes(office: Pricing) -> APIRouter:
    """The operations on invoices."""
    router = APIRouter(prefix="/api/invoices", tags=["invoices"], route_class=Guarded)

    @router.get("", **needs(_READ))
    def checks() -> dict[str, Any]:
        """The comparisons that were made, newest first."""
        return {"checks": [check_figures(each, whole=False) for each in office.invoices.checks(200)]}

    @router.get("/{number}", **needs(_READ))
    def one(number: str) -> dict[str, Any]:
        """A comparison with every model and day."""
        return check_figures(office.invoices.find(number))

    @router.post("", status_code=201, **needs(_WRITE))
    def check(
        request: Request,
        file: File,
        name: Name,
        provider: Annotated[str, Query(description="Its name in the configuration.")],
        month: Annotated[str, Query(description="ISO, `2026-10`; default: of most lines.")] = "",
        columns: Annotated[str, Query(description="Own layout: `day=Datum,model=Modell,…`.")] = "",
        currency: Annotated[str, Query(max_length=3)] = "EUR",
        days_by: Literal["utc", "local"] = "utc",
    ) -> dict[str, Any]:
        """Compare a provider's export with the journal and keep the result."""
        wish = Wish(provider, name, file, month, columns_of(columns), currency, days_by)
        return check_figures(office.invoices.check(wish, request.state.caller.name))

    return router


def balance_routes(office: Pricing) -> APIRouter:
    """The operations of the proof."""
    router = APIRouter(prefix="/api/balance", tags=["balance"], route_class=Guarded)

    @router.get("", **needs(_READ))
    def told() -> dict[str, Any]:
        """What earlier proofs found, newest first."""
        return {
            "records": [
                {
                    "kind": each.kind,
                    "time": from_us(each.time_us).isoformat(timespec="seconds"),
                    **each.detail,
                }
                for each in office.balance.told()
            ]
        }

    @router.post("", **needs(_WRITE))
    def verify(request: Request) -> dict[str, Any]:
        """Compare counters, journal and hourly sums of every limit now; mend what is safe to mend."""
        return figures(office.balance.verify(request.state.caller.name))

    return router
