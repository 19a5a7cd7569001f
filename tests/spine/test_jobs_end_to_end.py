"""Background work of a real house: the nightly backup and its proof, asked for over the command line; a worker."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.house import COMMAND, House, Running, wait_until

pytestmark = pytest.mark.timeout(300)  # several processes start, one of them for the drill
_PEOPLE = "users:\n  - {name: anna}\n  - {name: sina, role: super_admin}\n"


def job(server: Running, key: str, *arguments: str) -> dict[str, Any]:
    """`leitstand job …`, asked of a server."""
    done = subprocess.run(
        [*COMMAND, "job", *arguments, "--url", server.url, "--key", key, "--json"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def begun(server: Running, key: str, name: str) -> str:
    """The run that was asked for."""
    answer = httpx2.post(
        f"{server.url}/api/jobs/{name}/runs", headers={"authorization": f"Bearer {key}"}, timeout=20
    )
    assert answer.status_code == 201, answer.text
    run: str = answer.json()["id"]
    return run


def ended(server: Running, key: str, run: str) -> dict[str, Any]:
    """The run as soon as it has ended."""
    told: dict[str, Any] = {}

    def is_over() -> bool:
        answer = httpx2.get(
            f"{server.url}/api/jobs/runs/{run}", headers={"authorization": f"Bearer {key}"}, timeout=20
        )
        told.update(answer.json())
        return told["state"] in ("done", "failed", "cancelled")

    wait_until(is_over, 100)
    return told


def test_backups_are_made_proven_and_thinned_out_and_a_missing_disk_is_told(tmp_path: Path) -> None:
    shelf, passphrase = tmp_path / "shelf", tmp_path / "passphrase"
    shelf.mkdir()
    passphrase.write_text("ein langer Satz zum Sichern\n")
    stranger = shelf / "leitstand.backup"
    stranger.write_text("not ours")
    section = f"backup: {{folder: {shelf}, keep: 1, passphrase: 'file:{passphrase}'}}\n"
    with House(_PEOPLE + section) as house:
        server = house.serve()
        key = house.key("sina")
        known = {each["name"]: each for each in job(server, key, "list")["jobs"]}
        assert known["backup"]["schedule"] == {"rhythm": "daily", "at": "02:00"}
        assert known["backup"]["next"]

        files = []
        for _ in range(2):
            run = ended(server, key, begun(server, key, "backup"))
            assert run["state"] == "done", run
            assert run["requested_by"] == "sina"
            files.append({path.name for path in shelf.glob("leitstand-*.backup")})
        assert [len(each) for each in files] == [1, 1]
        assert files[0] != files[1]
        assert stranger.exists()
        assert [step["name"] for step in run["steps"]] == [
            "folder", "seal", "read", "event", "tell", "remove-old",
        ]  # fmt: skip

        proven = ended(server, key, begun(server, key, "restore-drill"))
        assert proven["state"] == "done", proven
        told = httpx2.get(
            f"{server.url}/api/backups", headers={"authorization": f"Bearer {key}"}, timeout=20
        ).json()
        assert told["overdue"] is False
        assert told["drill"]["passed"] is True

        shelf.rename(tmp_path / "gone")
        failed = ended(server, key, begun(server, key, "backup"))
        assert failed["state"] == "failed"
        assert "mounted" in failed["result"]["en"]
        wait_until(lambda: "a job failed" in server.log())
        wait_until(lambda: _figure(server, key, 'job_runs_total{job="backup",outcome="failed"}') == "1.0", 40)
        assert _figure(server, key, 'job_last_success_timestamp_seconds{job="backup"}')
        wait_until(lambda: "jobs.run.failed" in {row.get("kind") for row in house.export("--all")})


def _figure(server: Running, key: str, name: str) -> str:
    told = httpx2.get(f"{server.url}/metrics", headers={"authorization": f"Bearer {key}"}, timeout=20)
    lines = told.text.splitlines()
    return next((line.rsplit(" ", 1)[1] for line in lines if line.startswith(f"leitstand_{name} ")), "")


def test_a_worker_does_what_a_gateway_leaves_to_it_and_ends_cleanly() -> None:
    with House(_PEOPLE) as house:
        server = house.serve(environment={"LEITSTAND_JOBS": "worker"})
        key = house.key("sina")
        run = job(server, key, "run", "housekeeping")
        assert job(server, key, "list")["workers"] == []
        assert job(server, key, "show", run["id"])["runs"][0]["state"] == "waiting"
        worker = subprocess.Popen(
            [*COMMAND, "worker", "--data", str(house.data)], stderr=subprocess.PIPE, env=dict(os.environ)
        )
        try:
            done = ended(server, key, run["id"])
            assert done["state"] == "done", done
            assert [each["seat"] for each in job(server, key, "list")["workers"]] == ["jobs-0"]
            worker.terminate()
            assert worker.wait(30) == 0
            assert job(server, key, "list")["workers"] == []
        finally:
            worker.kill()
            worker.communicate()


def test_who_may_only_look_cannot_have_work_done() -> None:
    with House(_PEOPLE) as house:
        server = house.serve()
        anna = {"authorization": f"Bearer {house.key('anna')}"}
        for method, path in (("GET", "/api/jobs"), ("POST", "/api/jobs/backup/runs")):
            assert httpx2.request(method, f"{server.url}{path}", headers=anna, timeout=20).status_code == 403
        sina = {"authorization": f"Bearer {house.key('sina')}"}
        answer = httpx2.post(f"{server.url}/api/jobs/dance/runs", headers=sina, timeout=20)
        assert (answer.status_code, "housekeeping" in answer.text) == (404, True)
