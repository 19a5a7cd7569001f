"""One process of an installation leads in a matter, on one machine or on several."""

from pathlib import Path

import pytest

from leitstand.store.engine import open_engine
from leitstand.store.lead import Lead
from support.databases import PostgreSQL


def test_one_process_of_a_machine_leads_and_the_next_takes_over(tmp_path: Path, database: str) -> None:
    engine = open_engine(tmp_path)
    first, second = Lead(tmp_path / "nightly.lock", engine), Lead(tmp_path / "nightly.lock", engine)
    assert first.is_mine()
    assert first.is_mine()
    assert not second.is_mine()
    first.leave()
    assert second.is_mine()
    second.leave()
    engine.dispose()


def test_one_machine_leads_in_each_matter(
    tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEITSTAND_DATABASE", postgresql.new_database())
    engines = [open_engine(tmp_path / name) for name in ("north", "south")]
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
    north, south = (
        Lead(tmp_path / name / "nightly.lock", engine)
        for name, engine in zip(("north", "south"), engines, strict=True)
    )
    other = Lead(tmp_path / "south" / "weekly.lock", engines[1])
    assert north.is_mine()
    assert not south.is_mine()
    assert other.is_mine()
    engines[0].dispose()
    north.leave()
    assert south.is_mine()
    for lead in (south, other):
        lead.leave()
    engines[1].dispose()


def test_who_led_while_the_database_died_leads_again_only_by_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PostgreSQL() as server:
        monkeypatch.setenv("LEITSTAND_DATABASE", server.new_database())
        engine = open_engine(tmp_path)
        lead = Lead(tmp_path / "nightly.lock", engine)
        assert lead.is_mine()
        server.kill()
        assert not lead.is_mine()
        server.start()
        assert lead.is_mine()
        lead.leave()
        engine.dispose()
