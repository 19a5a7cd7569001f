"""Machines agree on their keys by one master key, and keep sealed what a start without the database needs."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from leitstand.configuration.secrets import SecretMissing, SecretResolver
from leitstand.core.errors import InvalidRequest
from leitstand.core.sealing import Sealer, installation_secret
from leitstand.store import snapshot
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import configuration, configuration_version

MASTER = "m" * 32


def test_two_machines_derive_the_same_keys_and_different_ones_for_each_purpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{MASTER}\n")
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", f"file:{file}")
    north = installation_secret(tmp_path / "north", "audit.key")
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", MASTER)
    assert installation_secret(tmp_path / "south", "audit.key") == north
    assert installation_secret(tmp_path / "south", "keys.pepper") != north
    assert not (tmp_path / "south").exists()


@pytest.mark.parametrize("wrong", ["short", "file:/nowhere/at/all"])
def test_a_master_key_that_is_none_is_refused(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", wrong)
    with pytest.raises(InvalidRequest, match="LEITSTAND_MASTER_KEY"):
        installation_secret(tmp_path, "master.key")


def test_a_folder_with_keys_of_its_own_is_not_given_a_second_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = installation_secret(tmp_path, "master.key")
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", MASTER)
    with pytest.raises(InvalidRequest, match="copy"):
        installation_secret(tmp_path, "master.key")
    monkeypatch.delenv("LEITSTAND_MASTER_KEY")
    assert installation_secret(tmp_path, "master.key") == own


def test_no_provider_is_sent_the_master_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text(MASTER)
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", f"file:{file}")
    engine = open_engine(tmp_path)
    resolver = SecretResolver(engine, Sealer(bytes(32)))
    for reference in ("env:LEITSTAND_MASTER_KEY", f"file:{file}"):
        with pytest.raises(SecretMissing):
            resolver.resolve(reference)
    engine.dispose()


def test_a_snapshot_reads_like_the_database_and_opens_with_its_own_key_only(
    tmp_path: Path, database: str
) -> None:
    engine = open_engine(tmp_path)
    migrate(engine)
    row = {"kind": "user", "name": "anna", "body": "{}", "changed_us": 1, "changed_by": "system"}
    with engine.begin() as connection:
        connection.execute(insert(configuration), [row])
        connection.execute(insert(configuration_version).values(id=1, version=7))
    if database == "postgresql":  # the only one that can be away
        snapshot.keep(engine, tmp_path, Sealer(bytes(32)))
        assert b"anna" not in (tmp_path / snapshot.FILE).read_bytes()
        kept = snapshot.recall(tmp_path, Sealer(bytes(32)))
        assert kept is not None
        with kept.connect() as connection:
            assert dict(connection.execute(select(configuration)).mappings().one()) == row
            assert connection.execute(select(configuration_version.c.version)).scalar() == 7
        kept.dispose()
    assert snapshot.recall(tmp_path, Sealer(b"x" * 32)) is None
    engine.dispose()
