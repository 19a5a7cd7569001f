"""The configuration in force: typed, with defaults, renewed whichever process changed it."""

import logging
import threading
import time
from pathlib import Path

import pytest
from configuration_support import Installation
from sqlalchemy import text

from leitstand.configuration.current import DEFAULT_POLICY, Configuration, ConfigurationBroken, Loader, load
from leitstand.configuration.file import read
from leitstand.configuration.watcher import Watcher
from leitstand.core.classes import DataClass, Region
from leitstand.store.engine import open_engine

WAIT_S = 10.0


def test_an_empty_installation_has_the_default_policy(installation: Installation) -> None:
    configuration = load(installation.engine)
    assert configuration.policy == DEFAULT_POLICY
    assert configuration.policy[DataClass.SPECIAL].regions == (Region.LOCAL,)
    assert configuration.organisation.timezone == "Europe/Berlin"
    assert configuration.version == 0


def test_a_file_becomes_typed_values(installation: Installation, example: str) -> None:
    installation.editor.apply(read(example), "system")
    configuration = load(installation.engine)
    assert configuration.providers["zitate"].place is Region.LOCAL
    assert configuration.use_cases["angebote"].data_class is DataClass.CONFIDENTIAL
    assert str(configuration.limits["company eur_per_month"].eur_per_month) == "4000.5"
    assert configuration.limits["user:* requests_per_minute"].measures == ("requests_per_minute",)
    assert str(configuration.prices["openai-eu / gpt-4o-mini"].cached_input) == "0.075"
    assert configuration.privacy.always == ("Projekt Adler",)


def test_a_reload_keeps_what_has_not_changed(installation: Installation, example: str) -> None:
    installation.editor.apply(read(example), "system")
    loader = Loader(installation.engine)
    before = loader.load()
    installation.editor.set_object("user", {"name": "bert"}, "anna")
    after = loader.load()
    assert after.users["anna"] is before.users["anna"]
    assert set(after.users) == {"anna", "bert"}


def test_a_row_that_cannot_be_read_is_named(installation: Installation) -> None:
    installation.editor.set_object("user", {"name": "anna"}, "chef")
    with installation.engine.begin() as connection:
        connection.execute(text("""UPDATE configuration SET body = '{"value":{"nam":"x"}}'"""))
    with pytest.raises(ConfigurationBroken, match="user 'anna'"):
        load(installation.engine)


def test_a_hundred_thousand_users_load_in_seconds(installation: Installation) -> None:
    body = '{"file":[],"value":{"department":"d","email":"u@x.example","name":"u","role":"user"}}'
    rows = [
        {"kind": "user", "name": f"u{n}", "body": body, "changed_us": 0, "changed_by": ""}
        for n in range(100_000)
    ]
    with installation.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO configuration VALUES (:kind, :name, :body, :changed_us, :changed_by)"), rows
        )
    started = time.process_time()
    assert len(load(installation.engine).users) == 100_000
    assert time.process_time() - started < 8


def test_the_watcher_hands_over_what_another_process_changed(
    installation: Installation, tmp_path: Path
) -> None:
    seen: list[Configuration] = []
    changed = threading.Event()

    def on_change(configuration: Configuration) -> None:
        seen.append(configuration)
        changed.set()

    own = open_engine(tmp_path)
    watcher = Watcher(own, on_change, poll_s=0.01)
    try:
        assert watcher.start().users == {}
        installation.editor.set_object("user", {"name": "anna"}, "chef")
        assert changed.wait(WAIT_S)
        assert list(seen[-1].users) == ["anna"]
    finally:
        watcher.stop()
        own.dispose()


def test_a_fault_is_logged_once_and_the_last_configuration_stays(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    changed = threading.Event()
    watcher = Watcher(installation.engine, lambda _: changed.set(), poll_s=0.005)
    with caplog.at_level(logging.INFO, "leitstand.configuration.watcher"):
        watcher.start()
        with installation.engine.begin() as connection:
            connection.execute(text("INSERT INTO configuration VALUES ('user', 'x', 'broken', 0, '')"))
            connection.execute(text("INSERT INTO configuration_version VALUES (1, 1)"))
        _wait_for(lambda: "cannot be renewed" in caplog.text)
        with pytest.raises(ConfigurationBroken):
            watcher.check()
        with installation.engine.begin() as connection:
            connection.execute(text("DELETE FROM configuration"))
        assert changed.wait(WAIT_S)
        _wait_for(lambda: "renewed again" in caplog.text)
        watcher.stop()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def _wait_for(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
