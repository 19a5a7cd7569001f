"""What waits in the spool, and how to have it in the journal before somebody reads."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand.journal import repository
from leitstand.journal.chain import Signer
from leitstand.journal.segments import segments, take
from leitstand.journal.writer import Writer

_PAGE = 1000
_POLL_S = 0.05
_log = logging.getLogger(__name__)


class Backlog(NamedTuple):
    """Records that wait; torn: lines cut off by a killed process; corrupt: a sentence per wrong line."""

    records: int
    torn: int
    corrupt: list[str]


def measure(folder: Path, offsets: Mapping[str, int]) -> Backlog:
    """Read all of a spool behind the offsets (file name to bytes) and change nothing; raises OSError."""
    records, torn, corrupt = 0, 0, list[str]()
    for path in segments(folder):
        offset, more = offsets.get(path.name, 0), True
        while more:
            taken = take(path, offset, _PAGE)
            records += len(taken.records)
            torn += sum(fault.torn for fault in taken.faults)
            corrupt += [
                f"spool file {path.name}, byte {fault.offset}: {fault.reason}"
                for fault in taken.faults
                if not fault.torn
            ]
            more = taken.offset > offset and not taken.finished
            offset = taken.offset
    return Backlog(records, torn, corrupt)


def catch_up(engine: Engine, data: Path, timeout_s: float = 2.0) -> bool:
    """Have all that is spooled in the journal: move it, or give the running server time to.

    Returns False when records still wait after `timeout_s` or cannot be moved (logged).
    """
    try:
        with Writer(engine, data / "spool", Signer.load(data)) as writer:
            writer.drain()
            if writer.leading:
                return True
        return _wait(engine, data, timeout_s)
    except (SQLAlchemyError, OSError) as cause:
        _log.warning("records that wait in the spool could not be moved: %s", cause)
        return False


def _wait(engine: Engine, data: Path, timeout_s: float) -> bool:
    machine, folder = repository.machine_of(engine, data), data / "spool"
    end = time.monotonic() + timeout_s
    while True:
        with engine.connect() as connection:
            offsets = repository.read_offsets(connection, machine)
        if measure(folder, offsets).records == 0:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
