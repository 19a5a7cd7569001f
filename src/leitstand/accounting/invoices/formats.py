"""The exports that providers offer, as tables of columns; and a layout of one's own for all others.

Sources, as of November 2026: OpenAI, Usage and Costs (export of the dashboard); Anthropic Console, Usage and Cost
(export); Azure Cost Management (actual cost); AWS Cost and Usage Report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from leitstand.core.errors import InvalidRequest

Cut = Literal["utc", "local"]


@dataclass(frozen=True)
class Layout:
    """Which columns mean what; several names are alternatives, but for tokens, whose columns are added up.

    quantity: of a format with one kind of token per row; then `kind` (or the model's name) says which, and `unit` how
    many one is. cut: whose days the rows count. currency: where no column names one.
    """

    name: str
    day: Sequence[str]
    model: Sequence[str]
    input: Sequence[str] = ()
    cached: Sequence[str] = ()
    cache_write: Sequence[str] = ()
    output: Sequence[str] = ()
    requests: Sequence[str] = ()
    quantity: Sequence[str] = ()
    unit: Sequence[str] = ()
    kind: Sequence[str] = ()
    amount: Sequence[str] = ()
    currency_column: Sequence[str] = ()
    currency: str = "USD"
    cut: Cut = "utc"

    def fits(self, heads: Sequence[str]) -> bool:
        """Whether a file with these columns is of this layout."""
        measures = (*self.amount, *self.output, *self.quantity)
        return all(any(name in heads for name in names) for names in (self.day, self.model, measures))


LAYOUTS = (
    Layout(
        "openai-costs", ("start_time_iso", "start_time", "date"), ("line_item",),
        amount=("amount_value", "cost_in_major"), currency_column=("amount_currency", "currency"),
    ),
    Layout(
        "openai-usage", ("start_time_iso", "start_time", "date"), ("model",), ("input_tokens",),
        ("input_cached_tokens",), (), ("output_tokens",), ("num_model_requests",),
    ),
    Layout(
        "anthropic-costs", ("usage_date_utc",), ("model", "model_version"), kind=("token_type", "usage_type"),
        amount=("cost_usd",),
    ),
    Layout(
        "anthropic-usage", ("usage_date_utc",), ("model_version", "model"),
        ("usage_input_tokens_no_cache", "usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h",
         "usage_input_tokens_cache_read"),
        ("usage_input_tokens_cache_read",), ("usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h"),
        ("usage_output_tokens",),
    ),
    Layout(
        "azure-costs", ("Date", "UsageDate", "date"), ("MeterName", "meterName"), quantity=("Quantity", "quantity"),
        unit=("UnitOfMeasure", "unitOfMeasure"), kind=("MeterName", "meterName"),
        amount=("CostInBillingCurrency", "costInBillingCurrency", "PreTaxCost", "Cost"),
        currency_column=("BillingCurrencyCode", "billingCurrency", "BillingCurrency", "Currency"), currency="EUR",
    ),
    Layout(
        "aws-cur", ("lineItem/UsageStartDate", "line_item_usage_start_date"),
        ("lineItem/UsageType", "line_item_usage_type"), quantity=("lineItem/UsageAmount", "line_item_usage_amount"),
        unit=("pricing/unit", "pricing_unit"), kind=("lineItem/UsageType", "line_item_usage_type"),
        amount=("lineItem/UnblendedCost", "line_item_unblended_cost"),
        currency_column=("lineItem/CurrencyCode", "line_item_currency_code"),
    ),
)  # fmt: skip
OWN_FIELDS = ("day", "model", "input", "cached", "cache_write", "output", "requests", "amount")


def layout_of(heads: Sequence[str]) -> Layout:
    """The layout that fits to the columns of a file; raises InvalidRequest where none does."""
    found = next((layout for layout in LAYOUTS if layout.fits(heads)), None)
    if found is None:
        shown = ", ".join(heads[:12])
        raise InvalidRequest(
            f"Diese Rechnung hat keinen bekannten Aufbau (Spalten: {shown}). Bekannt sind "
            f"{', '.join(layout.name for layout in LAYOUTS)}; für andere ordnen Sie die Spalten zu, zum Beispiel "
            "day=Datum, model=Modell, input=Eingabe, output=Ausgabe, amount=Betrag.",
            f"This invoice is of no known layout (columns: {shown}). Known are "
            f"{', '.join(layout.name for layout in LAYOUTS)}; for others map the columns, for example "
            "day=Date, model=Model, input=Input, output=Output, amount=Amount.",
        )
    return found


def own_layout(columns: Mapping[str, str], currency: str, cut: Cut) -> Layout:
    """A layout of chosen columns: field to column, fields as in OWN_FIELDS; raises InvalidRequest."""
    known = {each.name for each in fields(Layout)}
    unknown = [name for name in columns if name not in OWN_FIELDS or name not in known]
    missing = [name for name in ("day", "model") if not columns.get(name)]
    if unknown or missing or not (columns.get("amount") or columns.get("output")):
        raise InvalidRequest(
            f"Zugeordnet werden können {', '.join(OWN_FIELDS)}; nötig sind day, model und output oder amount.",
            f"Columns can be mapped to {', '.join(OWN_FIELDS)}; needed are day, model, and output or amount.",
        )
    chosen = {name: (column,) for name, column in columns.items() if column}
    return Layout("own", currency=currency, cut=cut, **chosen)


def columns_of(text: str) -> dict[str, str]:
    """`day=Datum,model=Modell` as a mapping for `own_layout`; raises InvalidRequest."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not sign or not column.strip() for _, sign, column in pairs):
        raise InvalidRequest(
            "Schreiben Sie die Spalten als day=Datum,model=Modell,…",
            "Write the columns as day=Date,model=Model,…",
        )
    return {name.strip(): column.strip() for name, _, column in pairs}
