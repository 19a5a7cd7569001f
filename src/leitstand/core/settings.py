"""Settings of one process: the only file that reads the environment.

What belongs to the installation (providers, users, limits …) is configuration and lives in the database;
here is only what a process must know before it can open it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leitstand.core.errors import InvalidRequest

_HOUR_S = 3600.0


@dataclass(frozen=True)
class Setting:
    """One row of the table: documentation and checks are made from it."""

    name: str
    variable: str
    default: str
    sentence: str


SETTINGS = (
    Setting("data", "LEITSTAND_DATA", "./data", "Folder that holds everything Leitstand stores."),
    Setting("log_level", "LEITSTAND_LOG_LEVEL", "info", "debug, info, warning or error."),
    Setting(
        "sync", "LEITSTAND_SYNC", "background",
        "When journal records reach the disk: 'background' (within 50 ms; survives a killed process) or "
        "'always' (before each answer ends; survives a power cut too, 1 to 4 ms slower).",
    ),
    Setting(
        "database", "LEITSTAND_DATABASE", "",
        "Database that several machines share: postgresql://USER:PASSWORD@HOST/NAME, or `file:PATH` of a file that "
        "holds this address; empty: SQLite in the data folder.",
    ),
    Setting(
        "valkey", "LEITSTAND_VALKEY", "",
        "Valkey in which several machines hold limits together: valkey://HOST:PORT/0, or `file:PATH` of a file that "
        "holds this address; empty: a file in the data folder.",
    ),
    Setting(
        "master_key", "LEITSTAND_MASTER_KEY", "",
        "Secret of at least 32 characters, the same on every machine, or `file:PATH` of one; all of Leitstand's own "
        "keys are derived from it. Empty: random keys in DATA/secrets.",
    ),
    Setting(
        "url", "LEITSTAND_URL", "",
        "Address at which people reach Leitstand, such as https://leitstand.firma.example, for links in messages.",
    ),
    Setting(
        "blobs", "LEITSTAND_BLOBS", "",
        "Where `leitstand backup blobs:NAME` puts backups: a folder, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME of an "
        "S3-compatible object store.",
    ),
    Setting(
        "s3_key_id", "LEITSTAND_S3_KEY_ID", "",
        "Id of the object store's access key, or `file:PATH`. Empty: the AWS_* variables, a web identity, or the "
        "machine's own role.",
    ),
    Setting(
        "s3_secret", "LEITSTAND_S3_SECRET", "", "Secret of the object store's access key, or `file:PATH`.",
    ),
    Setting(
        "drain", "LEITSTAND_DRAIN", "5",
        "Seconds for which a process goes on serving after SIGTERM while `/readyz` answers 503 `draining`, so that a "
        "load balancer can turn away; at least two of its health checks. No wait where nobody has asked `/readyz` within "
        "the last minute.",
    ),
    Setting(
        "grace", "LEITSTAND_GRACE", "20",
        "Seconds that answers under way then have to end; streams that take longer are cut off.",
    ),
    Setting(
        "jobs", "LEITSTAND_JOBS", "here",
        "Who does the background work: 'here' (one of the serving processes) or 'worker' (`leitstand worker` only).",
    ),
    Setting("key", "LEITSTAND_KEY", "", "Key with which commands such as `drill` ask a running server."),
    Setting(
        "llama_python", "LEITSTAND_LLAMA_PYTHON", "",
        "Python interpreter that has the extra `llama` and runs installed models; empty: Leitstand's own.",
    ),
)  # fmt: skip


def read(name: str) -> str:
    """The value of a setting from the environment, or its default."""
    for setting in SETTINGS:
        if setting.name == name:
            return os.environ.get(setting.variable, setting.default)
    raise KeyError(name)


def read_secret(name: str) -> str:
    """The value of a setting, stripped; of `file:PATH` the content of the file. Raises InvalidRequest."""
    value = read(name).strip()
    if not value.startswith("file:"):
        return value
    path = Path(value.removeprefix("file:")).expanduser()
    variable = next(setting.variable for setting in SETTINGS if setting.name == name)
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as cause:
        text, reason = "", type(cause).__name__
    else:
        reason = "empty"
    if not text:
        raise InvalidRequest(
            f"Die Datei {path} aus {variable} lässt sich nicht lesen ({reason}).",
            f"The file {path} named in {variable} cannot be read ({reason}).",
        )
    return text


def seconds(name: str) -> float:
    """The value of a setting that is a time in seconds, 0 or more; raises InvalidRequest."""
    text = read(name).strip()
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _HOUR_S:
        variable = next(setting.variable for setting in SETTINGS if setting.name == name)
        raise InvalidRequest(
            f"{variable}={text}: erwartet wird eine Zahl von Sekunden zwischen 0 und 3600.",
            f"{variable}={text}: expected is a number of seconds between 0 and 3600.",
        )
    return value


def data_dir(argument: str | None = None) -> Path:
    """The data folder: the argument if given, else LEITSTAND_DATA, else ./data."""
    return Path(argument or read("data")).expanduser().absolute()


def all_variables() -> Mapping[str, str]:
    """The whole environment, for looking which providers' keys lie there; values are never shown."""
    return os.environ


def environment(name: str) -> str | None:
    """A variable that the configuration refers to, as in `api_key: env:OPENAI_API_KEY`."""
    return os.environ.get(name)


@contextmanager
def set_aside(name: str) -> Iterator[None]:
    """Let a setting be empty for a while, in this whole process: for commands, never beside a server's threads."""
    variable = next(setting.variable for setting in SETTINGS if setting.name == name)
    before = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if before is not None:
            os.environ[variable] = before


@contextmanager
def openmp(threads: int) -> Iterator[None]:
    """While a library with OpenMP is loaded: so many threads, which sleep while they wait.

    OpenMP reads the environment once, when it is loaded; afterwards it is as before, for child processes.
    """
    wanted = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
