"""Prices and reconciliation for pages, each step in a thread."""

import asyncio
from collections.abc import Sequence

from leitstand.accounting.balance.repository import BalanceRecord
from leitstand.accounting.invoices.desk import Wish
from leitstand.accounting.invoices.repository import Check
from leitstand.accounting.pricelists.desk import PriceTable, Proven
from leitstand.accounting.pricelists.repository import Version
from leitstand.app.house import House
from leitstand.web import ports as web


class PagePrices:
    """See web/ports.py: Prices."""

    def __init__(self, house: House) -> None:
        self._desk = house.prices

    async def table(self) -> PriceTable:
        return await asyncio.to_thread(self._desk.table)

    async def proof(self) -> Proven:
        return await asyncio.to_thread(self._desk.prove)

    async def propose(self, viewer: web.Viewer, data: bytes, name: str) -> Version:
        return await asyncio.to_thread(self._desk.propose, data, name, viewer.name)

    async def take(self, viewer: web.Viewer, number: str) -> None:
        await asyncio.to_thread(self._desk.take, number, viewer.name)

    async def import_rates(self, viewer: web.Viewer, data: bytes, name: str) -> None:
        await asyncio.to_thread(self._desk.import_rates, data, name, viewer.name)


class PageReconciliation:
    """See web/ports.py: Reconciliation."""

    def __init__(self, house: House) -> None:
        self._invoices = house.invoices
        self._balance = house.balance

    def providers(self) -> tuple[str, ...]:
        return self._invoices.providers()

    async def told(self) -> Sequence[BalanceRecord]:
        return await asyncio.to_thread(self._balance.told, 25)

    async def verify(self, viewer: web.Viewer) -> None:
        await asyncio.to_thread(self._balance.verify, viewer.name)

    async def checks(self) -> Sequence[Check]:
        return await asyncio.to_thread(self._invoices.checks)

    async def find(self, number: str) -> Check:
        return await asyncio.to_thread(self._invoices.find, number)

    async def check(self, viewer: web.Viewer, wish: Wish) -> Check:
        return await asyncio.to_thread(self._invoices.check, wish, viewer.name)
