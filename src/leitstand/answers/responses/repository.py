"""SQL of kept responses; their texts come and go sealed."""

from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Engine, and_, delete, insert, select

from leitstand.store.schema import kept_response


@dataclass(frozen=True)
class KeptRow:
    """A row of `kept_response`."""

    id: str
    user: str
    use_case: str
    previous: str
    body: bytes
    created_us: int


class KeptRows:
    """Kept responses; every reader names the owner, so that nobody else's can be reached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, row: KeptRow) -> None:
        """Keep one more."""
        with self._engine.begin() as connection:
            connection.execute(insert(kept_response).values(**asdict(row)))

    def get(self, user: str, use_case: str, response_id: str) -> KeptRow | None:
        """None when there is none of this owner."""
        query = select(kept_response).where(_own(user, use_case, response_id))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else KeptRow(**row._asdict())

    def remove(self, user: str, use_case: str, response_id: str) -> bool:
        """Delete one; False when there is none of this owner."""
        with self._engine.begin() as connection:
            query = delete(kept_response).where(_own(user, use_case, response_id))
            return connection.execute(query).rowcount > 0


def _own(user: str, use_case: str, response_id: str) -> ColumnElement[bool]:
    columns = kept_response.c
    return and_(columns.id == response_id, columns.user == user, columns.use_case == use_case)
