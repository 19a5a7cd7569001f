"""Settings of one process: the only file that reads the environment.

What belongs to the installation (providers, users, limits …) is configuration and lives in the database;
here is only what a process must know before it can open it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


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
        "Database that several machines share: postgresql://USER:PASSWORD@HOST/NAME; empty: SQLite in the data folder.",
    ),
    Setting(
        "valkey", "LEITSTAND_VALKEY", "",
        "Valkey in which several machines hold limits together: valkey://HOST:PORT/0; empty: a file in the data folder.",
    ),
    Setting(
        "master_key", "LEITSTAND_MASTER_KEY", "",
        "Secret of at least 32 characters, the same on every machine, or `file:PATH` of one; all of Leitstand's own "
        "keys are derived from it. Empty: random keys in DATA/secrets.",
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
