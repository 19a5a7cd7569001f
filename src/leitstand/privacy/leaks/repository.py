"""SQL of the leak watch: samples and findings; texts come and go sealed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from leitstand.privacy.leaks.values import State
from leitstand.store.schema import leak_finding, leak_sample


@dataclass(frozen=True)
class SampleRow:
    """A sample as stored. scope: the hashed name of the client's file, empty for none."""

    id: str
    time_us: int
    department: str
    use_case: str
    provider: str
    scope: str
    body: bytes


@dataclass(frozen=True)
class FindingRow:
    """A finding as stored; body: sealed, None once its time is over."""

    id: str
    request_id: str
    sent_us: int
    found_us: int
    type: str
    certainty: str
    use_case: str
    provider: str
    state: str
    decided_by: str
    decided_us: int
    note: str
    body: bytes | None


class LeakRows:
    """Samples wait for their night; findings stay."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, row: SampleRow) -> None:
        """Keep a sample; a request is kept once."""
        with self._engine.begin() as connection:
            known = connection.execute(select(leak_sample.c.id).where(leak_sample.c.id == row.id)).first()
            if known is None:
                connection.execute(insert(leak_sample).values(checked_us=0, **vars(row)))

    def kept_since(self, since_us: int) -> int:
        """How many samples are younger."""
        query = select(func.count()).select_from(leak_sample).where(leak_sample.c.time_us >= since_us)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def waiting(self, most: int) -> list[str]:
        """Samples that nobody has looked at, oldest first."""
        query = select(leak_sample.c.id).where(leak_sample.c.checked_us == 0)
        with self._engine.connect() as connection:
            return list(
                connection.execute(
                    query.order_by(leak_sample.c.time_us, leak_sample.c.id).limit(most)
                ).scalars()
            )

    def samples(self, ids: Sequence[str]) -> list[SampleRow]:
        """These, where they are still there."""
        columns = [column for column in leak_sample.c if column.name != "checked_us"]
        with self._engine.connect() as connection:
            found = connection.execute(select(*columns).where(leak_sample.c.id.in_(ids)))
            return [SampleRow(**row._asdict()) for row in found]

    def settle(self, sample_id: str, checked_us: int, findings: Sequence[FindingRow]) -> list[FindingRow]:
        """Note that a sample was looked at, with what was found; those that are new."""
        fresh = []
        for row in findings:
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(leak_finding).values(**vars(row)))
                fresh.append(row)
            except IntegrityError:  # a killed run had stored it already
                continue
        with self._engine.begin() as connection:
            connection.execute(
                update(leak_sample).where(leak_sample.c.id == sample_id).values(checked_us=checked_us)
            )
        return fresh

    def findings(self, most: int) -> list[FindingRow]:
        """The newest first."""
        query = select(leak_finding).order_by(leak_finding.c.found_us.desc(), leak_finding.c.id).limit(most)
        with self._engine.connect() as connection:
            return [FindingRow(**row._asdict()) for row in connection.execute(query)]

    def finding(self, finding_id: str) -> FindingRow | None:
        """One of them."""
        with self._engine.connect() as connection:
            row = connection.execute(select(leak_finding).where(leak_finding.c.id == finding_id)).first()
        return None if row is None else FindingRow(**row._asdict())

    def decide(self, finding_id: str, state: State, by: str, time_us: int, note: str) -> bool:
        """Write a decision; False when somebody was first."""
        is_open = (leak_finding.c.id == finding_id) & (leak_finding.c.state == State.OPEN.value)
        values = {"state": state.value, "decided_by": by, "decided_us": time_us, "note": note}
        with self._engine.begin() as connection:
            return connection.execute(update(leak_finding).where(is_open).values(**values)).rowcount == 1

    def counts(self) -> tuple[int, int, int]:
        """Samples kept, samples looked at, open findings."""
        with self._engine.connect() as connection:
            kept = connection.execute(select(func.count()).select_from(leak_sample)).scalar_one()
            waiting = connection.execute(
                select(func.count()).select_from(leak_sample).where(leak_sample.c.checked_us == 0)
            ).scalar_one()
            is_open = leak_finding.c.state == State.OPEN.value
            found = connection.execute(
                select(func.count()).select_from(leak_finding).where(is_open)
            ).scalar_one()
        return int(kept), int(kept) - int(waiting), int(found)

    def expire(self, before_us: int) -> int:
        """Remove older samples, and the texts of older findings; how many samples."""
        with self._engine.begin() as connection:
            removed = connection.execute(
                delete(leak_sample).where(leak_sample.c.time_us < before_us)
            ).rowcount
            old = (leak_finding.c.found_us < before_us) & leak_finding.c.body.is_not(None)
            connection.execute(update(leak_finding).where(old).values(body=None))
        return int(removed)
