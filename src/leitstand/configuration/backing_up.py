"""The section `backup`: where backups are laid every night, and what seals them."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field

from leitstand.configuration.finding import Path, Remark
from leitstand.configuration.sections import Section
from leitstand.configuration.values import Count, refused


def _reference(text: str) -> str:
    if not text.startswith(("env:", "file:")) or not text.partition(":")[2].strip():
        raise refused(
            "Nennen Sie env:NAME oder file:PFAD: Eine Passphrase, die in der Sicherung selbst liegt, öffnet nichts.",
            "Give env:NAME or file:PATH: a passphrase inside of what it seals opens nothing.",
        )
    return text


def _folder(text: str) -> str:
    if not text.startswith("/"):
        raise refused(
            f"„{text}“ ist kein ganzer Pfad; er beginnt mit /.",
            f"'{text}' is no whole path; one begins with /.",
        )
    return text


class Backup(Section):
    """A backup every night into a folder, and a proof of the newest one every month. None without a folder."""

    folder: Annotated[str, Field(max_length=1000), AfterValidator(_folder)] | None = Field(
        default=None,
        description="Folder on another disk than the data, such as a mounted share; the whole path.",
    )
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = Field(
        default="02:00", description="When, as local time."
    )
    keep: Annotated[Count, Field(ge=1, le=3650)] = Field(
        default=14, description="So many backups stay; older ones are removed after a good new one only."
    )
    passphrase: Annotated[str, Field(max_length=1000), AfterValidator(_reference)] | None = Field(
        default=None,
        description="What seals and opens them: `env:NAME` or `file:PATH`, at least 12 characters. Keep a copy elsewhere.",
    )
    recipient: Annotated[str, Field(pattern=r"^lsbackup-public-[A-Za-z0-9+/]{43}=$")] | None = Field(
        default=None,
        description="Instead: public key of `leitstand backup --new-key`. This server can then make backups, but neither "
        "read nor prove them.",
    )

    @property
    def key(self) -> str:
        return "backup"

    @property
    def time(self) -> time:
        """When, as a time of day."""
        return time.fromisoformat(self.at)


def check(backup: Backup, above: Path) -> list[Remark]:
    """A folder needs exactly one key."""
    keys = sum(key is not None for key in (backup.passphrase, backup.recipient))
    if keys == 2:
        return [
            Remark(
                (*above, "recipient"),
                "Passphrase und Empfänger schließen einander aus.",
                "A passphrase and a recipient exclude each other.",
                "Lassen Sie eines von beiden weg.",
                "Leave one of them out.",
            )
        ]
    if backup.folder is not None and not keys:
        return [
            Remark(
                (*above, "folder"),
                "Den Sicherungen fehlt der Schlüssel.",
                "The backups lack a key.",
                "Nennen Sie passphrase: env:NAME oder file:PFAD, oder recipient: mit einem öffentlichen Schlüssel.",
                "Give passphrase: env:NAME or file:PATH, or recipient: with a public key.",
            )
        ]
    return []
