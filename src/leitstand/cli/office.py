"""What commands that read or change an installation need: the opened data folder, also beside a running server."""

import argparse
import difflib
import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leitstand.configuration.apply import Editor
    from leitstand.configuration.current import Configuration
    from leitstand.identity.sessions import Sessions
    from leitstand.identity.virtual_keys import VirtualKeys


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """`--data DIR`, the same for every command."""
    parser.add_argument("--data", metavar="DIR", help="data folder (default: LEITSTAND_DATA, else ./data)")


def read_file(path: Path) -> bytes:
    """A file that was named; raises InvalidRequest."""
    from leitstand.core.errors import InvalidRequest

    try:
        return path.read_bytes()
    except OSError as cause:
        reason = cause.strerror or str(cause)
        raise InvalidRequest(
            f"{path} lässt sich nicht lesen: {reason}.", f"{path} cannot be read: {reason}."
        ) from cause


@dataclass(frozen=True)
class Desk:
    """An opened installation. actor: who acts, for the audit trail: `cli:` and the system account."""

    actor: str
    configuration: "Configuration"
    editor: "Editor"
    keys: "VirtualKeys"
    sessions: "Sessions"

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """The stored objects of a kind, by name."""
        from leitstand.configuration.kinds import plain

        stored = getattr(self.configuration, f"{kind}s")
        return [plain(stored[name]) for name in sorted(stored)]

    def set_object(self, kind: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the named fields of an object, or make it; returns its body."""
        before = {body["name"]: body for body in self.objects(kind)}.get(changes["name"], {})
        body = before | changes
        self.editor.set_object(kind, body, self.actor)
        return body

    def require_known(self, kind: str, names: Sequence[str]) -> None:
        """Raise InvalidRequest, with a suggestion, for a name that is not configured."""
        from leitstand.core.errors import InvalidRequest

        known = list(getattr(self.configuration, f"{kind}s"))
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = (
                    f" Did you mean '{near[0]}'?"
                    if near
                    else f" Known: {', '.join(sorted(known)[:20]) or 'none yet'}."
                )
                word = kind.replace("_", " ")
                raise InvalidRequest(f"„{name}“ gibt es nicht.", f"There is no {word} '{name}'.{hint}")


@contextmanager
def opened(data: str | None) -> Iterator[Desk]:
    """Open the data folder, made if it is new, and close it again; every act is journalled."""
    from leitstand.configuration.apply import Editor
    from leitstand.configuration.current import load
    from leitstand.configuration.secrets import load_sealer
    from leitstand.core import settings
    from leitstand.core.clock import Clock
    from leitstand.identity.callers import Person
    from leitstand.identity.repository import Credentials, Keys, SessionRows
    from leitstand.identity.sessions import Sessions
    from leitstand.identity.virtual_keys import VirtualKeys, load_pepper
    from leitstand.journal.spool import Spool
    from leitstand.store.engine import open_engine
    from leitstand.store.migrate import migrate

    folder = settings.data_dir(data)
    engine = open_engine(folder)
    migrate(engine)
    spool = Spool(folder / "spool")
    clock = Clock()
    try:
        configuration = load(engine)
        yield Desk(
            actor=f"cli:{getpass.getuser()}",
            configuration=configuration,
            editor=Editor(engine, load_sealer(folder), spool.write_now, clock),
            keys=VirtualKeys(Keys(engine), load_pepper(folder), clock, spool.write_now),
            sessions=Sessions(
                SessionRows(engine),
                Credentials(engine),
                lambda: {name: Person(name) for name in configuration.users},
                clock,
                spool.write_now,
            ),
        )
    finally:
        spool.close()
        engine.dispose()
