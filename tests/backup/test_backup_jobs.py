"""Jobs of the shelf on their own: retention slice by slice, and which backups may go."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from installation import build

from leitstand.app.jobs import retention
from leitstand.backup import nightly
from leitstand.configuration.models import Backup, Retention
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest
from leitstand.journal.verify import verify
from leitstand.store.engine import open_engine
from support.turns import Killed, MemoryTurn


def test_retention_goes_on_after_a_kill_until_nothing_is_due(tmp_path: Path) -> None:
    build(tmp_path, spooled=0)
    engine, told = open_engine(tmp_path), list[Any]()
    house = SimpleNamespace(
        data=tmp_path, engine=engine, clock=Clock(start=datetime(2099, 1, 1, tzinfo=UTC)),
        configuration=SimpleNamespace(retention=Retention(journal_days=62)),
        spool=SimpleNamespace(write_now=told.append),
    )  # fmt: skip
    turn, job = MemoryTurn(kill_before="remove-1"), retention.build(cast(Any, house))
    with pytest.raises(Killed):
        job.work(turn)
    result = job.work(turn)
    assert turn.done == ["remove-0", "remove-1"]
    assert not result.en.startswith("0 ")
    assert [record.kind for record in told] == ["retention.records.purged"]
    assert verify(tmp_path).intact
    engine.dispose()


def test_only_what_is_older_than_the_new_backup_and_ours_goes(tmp_path: Path) -> None:
    names = [f"leitstand-2026-03-0{day}-020000.backup" for day in range(1, 6)]
    for name in (*names, "leitstand-alt.backup", "notes.txt"):
        (tmp_path / name).write_text("x")
    gone = nightly.remove_old(tmp_path, 2, tmp_path / names[2])
    assert gone == [names[1], names[0]]  # the third, being the good one, stays beyond the count
    assert {path.name for path in tmp_path.iterdir()} == {*names[2:], "leitstand-alt.backup", "notes.txt"}


def test_a_folder_without_a_key_or_a_literal_passphrase_is_refused() -> None:
    with pytest.raises(ValueError, match="env:NAME"):
        Backup(folder="/mnt/x", passphrase="a literal passphrase")
    with pytest.raises(ValueError, match="whole path"):
        Backup(folder="mnt/x")


def test_with_a_recipient_the_server_cannot_open_its_backups(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="--identity"):
        nightly.opening(Backup(folder="/mnt/x"), cast(Any, None), cast(Any, None))
