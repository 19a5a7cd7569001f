"""Who took the whole installation out, and which backup was proven, stands in the journal."""

from pathlib import Path

from leitstand.core.clock import Clock
from leitstand.core.ids import new_id
from leitstand.journal.records import Record
from leitstand.journal.spool import Spool


def tell(data: Path, kind: str, actor: str, detail: dict[str, object]) -> None:
    """Write an audit event durably, also beside a running server; raises SpoolUnavailable, OSError."""
    spool = Spool(data / "spool", sync="always")
    try:
        spool.write_now(
            Record(id=new_id("evt"), kind=kind, time_us=Clock().time_us(), user=actor, detail=detail)
        )
    finally:
        spool.close()
