"""A backup of a working house, restored elsewhere: keys work, chats can be read, limits and journal go on."""

import json
import threading
from pathlib import Path
from typing import Any

import httpx2

from support.answers import body_of, heard
from support.house import House, Running, configuration, leitstand, wait_until
from support.simulator import Simulator


def ask(server: Running, key: str, text: str) -> str:
    answer = httpx2.post(
        f"{server.url}/v1/chat/completions", json=body_of("chat", "nur-openai", text),
        headers={"authorization": f"Bearer {key}"}, timeout=20,
    )  # fmt: skip
    said = heard("chat", answer)
    assert said.status == 200, said.error
    return answer.headers["x-leitstand-request-id"]


def test_a_restored_house_goes_on_where_the_backup_was_made(simulator: Simulator, tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("ein langer Satz zum Sichern\n")
    option = ("--passphrase-file", str(passphrase))
    with House(configuration(simulator)) as house, House() as second:
        server = house.serve()
        key = house.key()
        before = [ask(server, key, f"echo: {number}") for number in range(5)]
        stop = threading.Event()

        def go_on() -> None:
            while not stop.is_set():
                ask(server, key, "echo: weiter")

        traffic = threading.Thread(target=go_on)
        traffic.start()
        try:
            leitstand("backup", str(tmp_path / "b"), *option, data=house.data)
        finally:
            stop.set()
            traffic.join(30)
        office = {"authorization": f"Bearer {house.key('sina')}"}

        def backups() -> dict[str, Any]:
            told: dict[str, Any] = httpx2.get(f"{server.url}/api/backups", headers=office, timeout=20).json()
            return told

        wait_until(lambda: backups()["backup"]["overdue"] is False)
        assert backups()["drill"] == {"overdue": True, "time": None, "passed": None, "file": None}
        server.stop()

        told = json.loads(
            leitstand("restore", str(tmp_path / "b"), *option, "--json", data=second.data).stdout
        )
        assert told["intact"]
        assert json.loads(second.verify().stdout)["intact"]
        restored = second.serve()
        after = ask(restored, key, "echo: danach")  # the key works, and the provider's sealed key opens
        rows = {row["request_id"] for row in second.export()}
        assert {*before, after} <= rows | {second.record(after)["request_id"]}
        again = leitstand("restore", str(tmp_path / "b"), *option, data=second.data, check=False)
        assert (again.returncode, "not empty" in again.stderr) == (2, True)


def test_a_drill_is_a_command(tmp_path: Path) -> None:
    with House("organisation: {name: Musterwerk GmbH}\nusers:\n  - {name: anna}\n") as house:
        public = leitstand("backup", str(tmp_path / "key"), "--new-key", data=house.data).stdout.strip()
        leitstand("backup", str(tmp_path / "b"), "--recipient", public, data=house.data)
        done = leitstand(
            "backup",
            str(tmp_path / "b"),
            "--drill",
            "--identity",
            str(tmp_path / "key"),
            "--json",
            data=house.data,
        )
        facts = json.loads(done.stdout)
        assert (facts["passed"], facts["rows"]["configuration"]) == (True, 2)
        kinds = [row["kind"] for row in house.export("--all")]
        assert kinds[-2:] == ["backup.backup.created", "backup.drill.passed"]


def test_a_migration_shows_its_sql_first_and_a_newer_database_is_refused(tmp_path: Path) -> None:
    import sqlite3

    data = tmp_path / "data"
    data.mkdir()
    sqlite3.connect(data / "leitstand.sqlite").executescript("CREATE TABLE note (text TEXT)").close()
    planned = leitstand("migrate", "--dry-run", data=data)
    assert "CREATE TABLE journal" in planned.stdout
    assert "would run: 0001" in planned.stderr
    assert "0001" in leitstand("migrate", data=data).stderr
    assert "nothing to do" in leitstand("migrate", data=data).stderr
    connection = sqlite3.connect(data / "leitstand.sqlite")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    refused = leitstand("migrate", data=data, check=False)
    assert (refused.returncode, "9999" in refused.stderr) == (1, True)


def test_the_retention_rules_are_applied_by_command(tmp_path: Path) -> None:
    with House(
        "organisation: {name: Musterwerk GmbH}\nretention: {journal_days: 200, trials_days: 30}\n"
    ) as house:
        due = json.loads(leitstand("retention", "--json", data=house.data).stdout)
        assert due == {"responses_days": 0, "trials_days": 0, "unusual_days": 0, "journal_up_to": 0}
        assert (
            json.loads(leitstand("retention", "--run", "--compact", "--json", data=house.data).stdout) == {}
        )
        assert json.loads(house.verify().stdout)["intact"]
