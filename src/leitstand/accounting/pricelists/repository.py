"""SQL of price lists: versions, exchange rates, snapshots, and what was used at which price."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from leitstand.accounting.pricelists.difference import Difference
from leitstand.accounting.pricelists.snapshots import BookedRecord, decode, encode
from leitstand.accounting.prices import Price
from leitstand.accounting.rates import Rate
from leitstand.core.conversation import Usage
from leitstand.journal.records import INTERACTION
from leitstand.store.schema import exchange_rate, journal, price_list, price_snapshot

_PAGE = 2000
_HEADS = (
    price_list.c.id, price_list.c.kind, price_list.c.source, price_list.c.sha256, price_list.c.entries,
    price_list.c.difference, price_list.c.read_us, price_list.c.read_by, price_list.c.taken_us, price_list.c.taken_by,
)  # fmt: skip


@dataclass(frozen=True)
class Version:
    """One import. kind: `list`, `own` or `rates`. taken_us: when it came into force; None: only compared so far."""

    id: str
    kind: str
    source: str
    sha256: str
    entries: int
    difference: Difference
    read_us: int
    read_by: str
    taken_us: int | None = None
    taken_by: str = ""


@dataclass(frozen=True)
class PriceRows:
    """The tables. Blocking: use it in a thread."""

    engine: Engine

    # ------------------------------------------------------------ versions

    def add(self, version: Version, body: bytes) -> None:
        """Write an import with its file."""
        with self.engine.begin() as connection:
            connection.execute(
                price_list.insert().values(
                    id=version.id, kind=version.kind, source=version.source, sha256=version.sha256,
                    entries=version.entries, difference=msgspec.json.encode(version.difference).decode(),
                    body=zlib.compress(body), read_us=version.read_us, read_by=version.read_by,
                    taken_us=version.taken_us, taken_by=version.taken_by,
                )
            )  # fmt: skip

    def take(self, connection: Connection, number: str, time_us: int, actor: str) -> None:
        """An import comes into force, perhaps once more."""
        taken = update(price_list).where(price_list.c.id == number)
        connection.execute(taken.values(taken_us=time_us, taken_by=actor))

    def version(self, number: str) -> Version | None:
        """One import."""
        with self.engine.connect() as connection:
            row = connection.execute(select(*_HEADS).where(price_list.c.id == number)).first()
        return None if row is None else _version(row)

    def versions(self, most: int) -> list[Version]:
        """All imports, newest first."""
        query = select(*_HEADS).order_by(price_list.c.read_us.desc(), price_list.c.id.desc()).limit(most)
        with self.engine.connect() as connection:
            return [_version(row) for row in connection.execute(query)]

    def in_force(self) -> str:
        """The id of the imported list that counts now; "" for none."""
        query = select(price_list.c.id).where(price_list.c.kind == "list", price_list.c.taken_us.is_not(None))
        with self.engine.connect() as connection:
            newest = query.order_by(price_list.c.taken_us.desc()).limit(1)
            return connection.execute(newest).scalar() or ""

    def body(self, number: str) -> bytes:
        """The file of an import."""
        with self.engine.connect() as connection:
            found = connection.execute(select(price_list.c.body).where(price_list.c.id == number))
            return zlib.decompress(found.scalar_one())

    # ------------------------------------------------------------ rates

    def put_rates(self, connection: Connection, rates: Sequence[Rate], import_id: str) -> None:
        """Write rates; those of a day that is there already are replaced."""
        new = _insert(connection, exchange_rate)
        statement = new.on_conflict_do_update(
            index_elements=["currency", "day"],
            set_={"per_euro": new.excluded.per_euro, "import_id": new.excluded.import_id},
        )
        rows = [
            {
                "currency": rate.currency,
                "day": rate.day.isoformat(),
                "per_euro": str(rate.per_euro),
                "import_id": import_id,
            }
            for rate in rates
        ]
        for start in range(0, len(rows), _PAGE):
            connection.execute(statement, rows[start : start + _PAGE])

    def rates(self, currencies: Iterable[str] | None = None) -> list[Rate]:
        """The imported rates of some currencies; None: the newest of each."""
        columns = exchange_rate.c
        query = select(columns.currency, columns.day, columns.per_euro, price_list.c.source).join(
            price_list, price_list.c.id == columns.import_id, isouter=True
        )
        if currencies is None:
            newest = select(columns.currency, func.max(columns.day).label("day")).group_by(columns.currency)
            last = newest.subquery()
            query = query.join(last, (last.c.currency == columns.currency) & (last.c.day == columns.day))
        else:
            query = query.where(columns.currency.in_(list(currencies)))
        with self.engine.connect() as connection:
            return [
                Rate(currency, date.fromisoformat(day), Decimal(per_euro), source or "")
                for currency, day, per_euro, source in connection.execute(query)
            ]

    # ------------------------------------------------------------ snapshots and records

    def keep(self, prices: Iterable[Price], time_us: int) -> None:
        """Keep prices; those that are kept already stay as they are."""
        rows = [{"id": price.snapshot, "first_us": time_us, "body": encode(price)} for price in prices]
        with self.engine.begin() as connection:
            connection.execute(_insert(connection, price_snapshot).on_conflict_do_nothing(), rows)

    def snapshots(self, numbers: Iterable[str]) -> dict[str, Price]:
        """The kept prices among these ids; one whose figures do not give its id again is left out."""
        query = select(price_snapshot.c.id, price_snapshot.c.body).where(
            price_snapshot.c.id.in_(list(numbers))
        )
        with self.engine.connect() as connection:
            found = {number: decode(body) for number, body in connection.execute(query)}
        return {number: price for number, price in found.items() if price.snapshot == number}

    def first_used(self) -> dict[str, int]:
        """When each kept price was first used."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(price_snapshot.c.id, price_snapshot.c.first_us))
            return {row.id: row.first_us for row in rows}

    def booked(self, since_us: int, until_us: int, most: int | None = None) -> Iterator[list[BookedRecord]]:
        """What was booked in a period, newest first, in pages."""
        columns = journal.c
        query = (
            select(columns.seq, *(columns[name] for name in BookedRecord._fields))
            .where(*_booked(since_us, until_us))
            .order_by(columns.seq.desc())
        )
        last, left = None, most
        while left is None or left > 0:
            page = query if last is None else query.where(columns.seq < last)
            with self.engine.connect() as connection:
                rows = connection.execute(page.limit(min(_PAGE, left or _PAGE))).all()
            if not rows:
                return
            yield [BookedRecord(*row[1:]) for row in rows]
            last, left = rows[-1].seq, None if left is None else left - len(rows)

    def used(self, since_us: int, until_us: int) -> Mapping[tuple[str, str], Usage]:
        """What was used in a period, by provider and its model."""
        columns = journal.c
        place = (columns.provider, columns.provider_model)
        sums = [func.sum(columns[name]) for name in ("input_tokens", "output_tokens", "cached_tokens")]
        query = select(*place, *sums).where(*_booked(since_us, until_us)).group_by(*place)
        with self.engine.connect() as connection:
            return {
                (provider, model): Usage(int(fresh or 0), int(output or 0), int(cached or 0))
                for provider, model, fresh, output, cached in connection.execute(query)
            }


def _booked(since_us: int, until_us: int) -> list[ColumnElement[bool]]:
    columns = journal.c
    return [
        columns.kind == INTERACTION, columns.time_us >= since_us, columns.time_us < until_us,
        columns.outcome != "cached", columns.cost_nano > 0,
    ]  # fmt: skip


def _version(row: Any) -> Version:  # a row of _HEADS
    return Version(
        row.id, row.kind, row.source, row.sha256, row.entries, msgspec.json.decode(row.difference, type=Difference),
        row.read_us, row.read_by, row.taken_us, row.taken_by,
    )  # fmt: skip


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens on a conflict; both databases spell it alike."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
