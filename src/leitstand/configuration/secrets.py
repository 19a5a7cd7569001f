"""Secrets: kept sealed, found by reference, shown never.

A secret field holds `env:NAME` (a variable of the process), `file:PATH` (its text, without spaces around it),
`sealed:NAME` (kept in the database, encrypted under the master key) or, in files only, the secret itself.
"""

from pathlib import Path

from sqlalchemy import Engine

from leitstand.configuration import repository
from leitstand.core import settings
from leitstand.core.sealing import Sealer, WrongKey, installation_secret, master_key_file

SEALED = "sealed:"
MASTER_KEY = "master.key"
MAX_FILE_BYTES = 64 * 1024
_OWN_VARIABLES = ("LEITSTAND_MASTER_KEY", "LEITSTAND_DATABASE", "LEITSTAND_VALKEY")
_REFERENCES = ("env:", "file:", SEALED)


class SecretMissing(Exception):
    """A reference leads to no secret. de, en: why and what to do, without any part of a secret."""

    def __init__(self, de: str, en: str) -> None:
        super().__init__(en)
        self.de = de
        self.en = en


def is_literal(value: str) -> bool:
    """Whether a secret field holds the secret itself."""
    return not value.startswith(_REFERENCES)


def load_sealer(data: Path) -> Sealer:
    """The installation's sealer: DATA/secrets/master.key, made at the first start, or LEITSTAND_MASTER_KEY."""
    return Sealer(installation_secret(data, MASTER_KEY))


def seal(sealer: Sealer, name: str, clear: str) -> bytes:
    """Encrypt the secret `name`."""
    return sealer.seal(clear.encode(), _context(name))


def unseal(sealer: Sealer, name: str, sealed: bytes) -> str:
    """Decrypt the secret `name`; raises SecretMissing when the master key is another one."""
    try:
        return sealer.open(sealed, _context(name)).decode()
    except WrongKey as cause:
        raise SecretMissing(
            f"Der Schlüssel „{name}“ lässt sich mit secrets/master.key nicht entschlüsseln. Stellen Sie die "
            "Datei aus der Sicherung wieder her oder tragen Sie den Schlüssel neu ein.",
            f"The secret '{name}' cannot be decrypted with secrets/master.key. Restore that file from the "
            "backup, or enter the secret again.",
        ) from cause


def _context(name: str) -> str:
    return f"secret:{name}"


class SecretResolver:
    """Finds the secret behind a reference, afresh at each call; callers keep what they use often."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    def resolve(self, reference: str) -> str:
        """The secret itself; raises SecretMissing. Reads a file or the database: not for the event loop."""
        scheme, _, rest = reference.partition(":")
        if is_literal(reference):
            return reference
        if scheme == "env":
            return _from_environment(rest)
        if scheme == "file":
            return _from_file(Path(rest).expanduser())
        return self._from_database(rest)

    def _from_database(self, name: str) -> str:
        sealed = repository.sealed_secret(self._engine, name)
        if sealed is None:
            raise SecretMissing(
                f"Der Schlüssel „{name}“ liegt nicht in der Datenbank. Tragen Sie ihn neu ein.",
                f"The secret '{name}' is not in the database. Enter it again.",
            )
        return unseal(self._sealer, name, sealed)


def _from_environment(name: str) -> str:
    if name in _OWN_VARIABLES:
        raise SecretMissing(
            f"Die Umgebungsvariable {name} gehört Leitstand selbst; sie geht an keinen Anbieter.",
            f"The environment variable {name} is Leitstand's own; it goes to no provider.",
        )
    value = (settings.environment(name) or "").strip()
    if not value:
        raise SecretMissing(
            f"Die Umgebungsvariable {name} ist nicht gesetzt. Setzen Sie sie und starten Sie Leitstand neu.",
            f"The environment variable {name} is not set. Set it and start Leitstand again.",
        )
    return value


def _from_file(path: Path) -> str:
    if (path.resolve().parent / MASTER_KEY).exists() or path.resolve() == master_key_file():
        raise SecretMissing(
            f"Die Datei {path} liegt bei den Schlüsseln von Leitstand selbst; diese gehen an keinen Anbieter.",
            f"The file {path} lies among Leitstand's own keys; those go to no provider.",
        )
    try:
        with path.open("rb") as file:
            value = file.read(MAX_FILE_BYTES + 1).decode().strip()
    except (OSError, UnicodeDecodeError) as cause:
        raise SecretMissing(
            f"Die Schlüsseldatei {path} lässt sich nicht lesen ({type(cause).__name__}).",
            f"The secret file {path} cannot be read ({type(cause).__name__}).",
        ) from cause
    if not value or len(value) > MAX_FILE_BYTES:
        raise SecretMissing(
            f"Die Schlüsseldatei {path} ist leer oder größer als 64 KiB.",
            f"The secret file {path} is empty or larger than 64 KiB.",
        )
    return value
