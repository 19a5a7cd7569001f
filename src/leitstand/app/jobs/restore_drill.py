"""`restore-drill`: every month the newest backup is restored in a process of its own, verified and thrown away."""

import json
import subprocess
import sys
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leitstand.backup import nightly
from leitstand.core.errors import InvalidRequest
from leitstand.core.i18n import Bilingual
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn

if TYPE_CHECKING:
    from leitstand.app.house import House

_LIMIT_S = 6 * 3600


def build(house: "House") -> Job:
    """The job."""

    def newest() -> str:
        folder = house.configuration.backup.folder
        found = nightly.kept(Path(folder)) if folder else []
        if not found:
            raise InvalidRequest(
                "Es gibt noch keine Sicherung, die sich prüfen ließe. Sichern Sie zuerst.",
                "There is no backup yet that could be proven. Make one first.",
            )
        return str(found[0].path)

    def drill(file: str) -> dict[str, Any]:
        """A process of its own, because it sets the database aside; it tells the journal by itself."""
        key = nightly.opening(house.configuration.backup, house.engine, house.sealer)
        command = [
            sys.executable, "-m", "leitstand", "backup", file, "--drill", "--passphrase-file", "-", "--json",
            "--data", str(house.data),
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603 - our own command line
            command, input=f"{key.text}\n", capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
        if done.returncode not in (0, 1) or not done.stdout:
            reason = done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]
            raise InvalidRequest(
                f"Die Rückspielprobe kam nicht zu Ende: {reason[0]}",
                f"The restore drill did not come to an end: {reason[0]}",
            )
        told: dict[str, Any] = json.loads(done.stdout)
        return {"passed": told["passed"], "problems": told["problems"][:5], "took_s": told["took_s"]}

    def work(turn: Turn) -> Bilingual:
        file = turn.step("newest", newest)
        found = turn.step("restore", drill, file)
        name = Path(file).name
        if not found["passed"]:
            problems = "; ".join(found["problems"])
            raise InvalidRequest(
                f"Die Sicherung {name} ist nicht heil: {problems}. Sichern Sie neu und sehen Sie nach dem Datenträger.",
                f"The backup {name} is not whole: {problems}. Make a new one and look at its disk.",
            )
        took = found["took_s"]
        return Bilingual(
            f"{name} zurückgespielt und geprüft: alles ist da ({took} s).".replace(".", ",", 0),
            f"{name} restored and verified: everything is there ({took} s).",
        )

    def schedule() -> Schedule | None:
        rules = house.configuration.backup
        return Schedule("monthly", time(4), 2) if rules.folder and rules.passphrase else None

    return Job(
        "restore-drill",
        Bilingual("Rückspielprobe", "Restore drill"),
        Bilingual(
            "Spielt die neueste Sicherung probeweise zurück und prüft sie.",
            "Restores the newest backup for a trial and verifies it.",
        ),
        schedule,
        work,
    )
