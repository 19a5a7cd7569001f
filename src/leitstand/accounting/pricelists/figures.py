"""Prices for programs: EUR per million tokens as decimal texts, so that no digit is lost."""

from typing import Any

import msgspec

from leitstand.accounting.pricelists.desk import PriceInForce, PriceTable, Proven, RateInForce
from leitstand.accounting.pricelists.repository import Version
from leitstand.accounting.prices import Price
from leitstand.core.clock import from_us
from leitstand.core.money import plain


def table_figures(table: PriceTable) -> dict[str, Any]:
    """Every model in use, the rates that count, and what has no price."""
    return {
        "source": table.source,
        "prices": [_price_figures(each) for each in table.prices],
        "rates": [_rate_figures(each) for each in table.rates],
        "unpriced": [f"{place.provider} / {place.model}" for place in table.unpriced],
    }


def version_figures(version: Version, *, whole: bool = True) -> dict[str, Any]:
    """An import. whole: with what it changes for every model in use."""
    found = version.difference
    facts: dict[str, Any] = {
        "id": version.id, "kind": version.kind, "source": version.source, "sha256": version.sha256,
        "entries": version.entries, "read": _moment(version.read_us), "read_by": version.read_by,
        "taken": _moment(version.taken_us), "taken_by": version.taken_by, "effect_eur": plain(found.effect_nano),
        "list": {"new": found.new, "gone": found.gone, "changed": found.changed},
    }  # fmt: skip
    if whole:
        facts["changes"] = [
            msgspec.to_builtins(change) | {"effect_eur": plain(change.effect_nano)}
            for change in found.changes
        ]
    return facts


def proof_figures(found: Proven) -> dict[str, Any]:
    """How many records were computed again, and which came out otherwise."""
    return {
        "records": found.records,
        "proven": found.proven,
        "unknown": found.unknown,
        "differs": [
            {
                "id": each.id,
                "booked_eur": plain(each.cost_nano),
                "recomputed_eur": plain(each.recomputed_nano or 0),
            }
            for each in found.differs
        ],
    }


def _price_figures(each: PriceInForce) -> dict[str, Any]:
    price = each.price
    return {
        "provider": each.place.provider, "model": each.place.model, "names": list(each.place.names),
        "region": each.place.region.value, "snapshot": price.snapshot, "unpriced": price.unpriced,
        **_tariff(price), "currency": price.currency, "per_euro": str(price.rate),
        "rate_day": None if price.rate_day is None else price.rate_day.isoformat(), "source": price.source,
        "valid_from": None if each.valid_from is None else each.valid_from.isoformat(),
        "used_since": _moment(each.since_us), "uplift": str(price.uplift), "uplift_source": each.uplift_source,
    }  # fmt: skip


def _tariff(price: Price) -> dict[str, Any]:
    units = {name: str(value) for name, value in price.units._asdict().items() if value is not None}
    tiers = [
        {"above": tier.above, "input": str(tier.tariff.input), "output": str(tier.tariff.output)}
        for tier in price.tiers
    ]
    return {name: str(value) for name, value in price.tariff._asdict().items()} | {
        "units": units,
        "tiers": tiers,
    }


def _rate_figures(each: RateInForce) -> dict[str, Any]:
    return {
        "currency": each.rate.currency, "per_euro": str(each.rate.per_euro), "day": each.rate.day.isoformat(),
        "source": each.rate.source, "age_days": each.age_days, "old": each.is_old,
    }  # fmt: skip


def _moment(time_us: int | None) -> str | None:
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
