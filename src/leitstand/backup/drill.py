"""The restore drill: whether a backup is one is known only after it was restored."""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from leitstand.backup.keys import Opens
from leitstand.backup.restore import restore
from leitstand.configuration.repository import secret_names
from leitstand.configuration.secrets import SecretMissing, SecretResolver, load_sealer
from leitstand.core import settings
from leitstand.store.blobs.address import Place
from leitstand.store.engine import open_engine


class Drilled(NamedTuple):
    """The result. problems: English sentences; rows: by table; took_s: seconds from file to verified folder."""

    created: str
    rows: dict[str, int]
    files: int
    problems: list[str]
    took_s: float

    @property
    def passed(self) -> bool:
        """Whether the restored installation is whole."""
        return not self.problems


def drill(source: Path | Place, key: Opens, scratch: Path | None = None) -> Drilled:
    """Restore into a temporary folder on SQLite, verify the journal, open every secret, and throw it all away.

    scratch: where the folder is made; needs about three times the backup's size. It sets LEITSTAND_DATABASE aside
    for the whole process: for commands only. Raises what `restore` raises.
    """
    began = time.monotonic()
    with (
        settings.set_aside("database"),
        tempfile.TemporaryDirectory(prefix="leitstand-drill-", dir=scratch) as folder,
    ):
        data = Path(folder) / "data"
        restored = restore(source, data, key)
        problems = [problem.what for problem in restored.verdict.problems]
        problems += _closed_secrets(data)
    files = sum(part.kind == "file" for part in restored.manifest.parts)
    return Drilled(restored.created, restored.manifest.rows, files, problems, time.monotonic() - began)


def _closed_secrets(data: Path) -> list[str]:
    """A sentence for each secret that the restored master key does not open."""
    engine = open_engine(data)
    try:
        resolver, found = SecretResolver(engine, load_sealer(data)), list[str]()
        for name in secret_names(engine):
            try:
                resolver.resolve(f"sealed:{name}")
            except SecretMissing as missing:
                found.append(str(missing))
        return found
    finally:
        engine.dispose()
