"""`backup`: every night the whole installation, sealed, into the folder of the section `backup`."""

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from leitstand.backup import nightly
from leitstand.backup.create import create
from leitstand.backup.restore import prove
from leitstand.backup.state import CREATED
from leitstand.core.errors import InvalidRequest
from leitstand.core.i18n import Bilingual
from leitstand.core.ids import new_id
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn
from leitstand.journal.records import Record

if TYPE_CHECKING:
    from leitstand.app.house import House
    from leitstand.configuration.models import Backup

_MEGABYTE = 1_000_000


class _Made(TypedDict):
    file: str
    created: str
    size_bytes: int
    records: int


def build(house: "House") -> Job:
    """The job."""

    def make(rules: "Backup", target: str) -> _Made:
        nightly.kept(Path(target).parent)  # a share that is not mounted is told as such
        lock = nightly.locking(rules, house.engine, house.sealer)
        try:
            made = create(house.data, Path(target), lock)
        except OSError as cause:
            raise InvalidRequest(
                f"Der Datenträger verweigert sich: {cause.strerror} ({target}). Schaffen Sie Platz, oder prüfen Sie die "
                "Rechte.",
                f"The disk refuses: {cause.strerror} ({target}). Make room, or check the rights.",
            ) from cause
        records = made.manifest.rows.get("journal", 0)
        return {"file": target, "created": made.created, "size_bytes": made.size_bytes, "records": records}

    def check(rules: "Backup", target: str) -> bool:
        """Read it to its end, where this server can; False: it cannot."""
        if rules.passphrase is None:
            return False
        prove(Path(target), nightly.opening(rules, house.engine, house.sealer))
        return True

    def tell(made: _Made, event: str) -> None:
        detail = {name: made[name] for name in ("file", "size_bytes", "created")}
        house.spool.write_now(
            Record(id=event, kind=CREATED, time_us=house.clock.time_us(), user="system", detail=detail)
        )

    def work(turn: Turn) -> Bilingual:
        rules = house.configuration.backup
        if rules.folder is None:
            raise InvalidRequest(
                "Es ist kein Ordner für Sicherungen eingetragen: backup: {folder: …, passphrase: …}.",
                "No folder for backups is set: backup: {folder: …, passphrase: …}.",
            )
        folder = Path(turn.step("folder", lambda: rules.folder) or "")
        target = nightly.target(folder, turn.due)
        made = turn.step("seal", make, rules, str(target))
        read = turn.step("read", check, rules, str(target))
        turn.step("tell", tell, made, turn.step("event", new_id, "evt"))
        gone = turn.step("remove-old", nightly.remove_old, folder, rules.keep, target)
        size = f"{made['size_bytes'] / _MEGABYTE:.1f}"
        read_de, read_en = ("und ganz gelesen", "and read to its end") if read else ("", "")
        return Bilingual(
            f"{target.name} gesichert {read_de}: {size.replace('.', ',')} MB, {made['records']} Aufzeichnungen; "
            f"{len(gone)} alte entfernt.".replace("  ", " ").replace(" :", ":"),
            f"{target.name} made {read_en}: {size} MB, {made['records']} records; "
            f"{len(gone)} old ones removed.".replace("  ", " ").replace(" :", ":"),
        )

    def schedule() -> Schedule | None:
        rules = house.configuration.backup
        return Schedule("daily", rules.time) if rules.folder else None

    return Job(
        "backup",
        Bilingual("Sicherung", "Backup"),
        Bilingual(
            "Sichert die ganze Installation verschlüsselt in den eingetragenen Ordner.",
            "Backs up the whole installation, encrypted, into the folder that is set.",
        ),
        schedule,
        work,
    )
