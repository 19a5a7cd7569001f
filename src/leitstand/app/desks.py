"""Privacy and policy as people work with them, joined with a running house or with a data folder alone."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from leitstand.answers.conversations import Conversations
from leitstand.answers.repository import ConversationRows
from leitstand.app import rules as compose
from leitstand.app.abilities import lacking
from leitstand.app.house import House
from leitstand.app.policy_desk import PolicyDesk
from leitstand.app.privacy_desk import PrivacyDesk
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Loader
from leitstand.configuration.secrets import load_sealer
from leitstand.core import settings
from leitstand.core.classes import Role
from leitstand.core.clock import Clock
from leitstand.identity.callers import Caller, Person
from leitstand.journal.spool import Spool
from leitstand.knowledge.library import Knowledge
from leitstand.privacy.wording import scanner_for, wording
from leitstand.providers.adapters import load_adapters
from leitstand.reports.decisions import past_decision
from leitstand.reports.repository import Journal
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate


@dataclass(frozen=True)
class Desks:
    """Both, and who acts where there is no sign-in."""

    privacy: PrivacyDesk
    policy: PolicyDesk
    caller: Caller


def desks_of(house: House) -> Desks:
    """Those of a running house."""
    policy = PolicyDesk(
        configuration=lambda: house.configuration, book=lambda: house.gateway.rules.book,
        people=lambda: house.people, lacks=house.lacks, editor=house.editor, refresh=house.refresh,
        today=house.today, past=partial(past_decision, Journal(house.engine)),
    )  # fmt: skip
    privacy = PrivacyDesk(
        configuration=lambda: house.configuration, scanner=lambda: house.gateway.rules.scanner, policy=policy,
        editor=house.editor, conversations=Conversations(ConversationRows(house.engine), house.sealer, house.clock),
        refresh=house.refresh, today=house.today,
    )  # fmt: skip
    return Desks(privacy, policy, Caller(Person("system")))


@contextmanager
def open_desks(data: str | None) -> Iterator[Desks]:
    """Those of a data folder, beside a running server or without one; whoever has the folder may see everything."""
    folder = settings.data_dir(data)
    engine = open_engine(folder)
    migrate(engine)
    spool, clock, sealer = Spool(folder / "spool"), Clock(), load_sealer(folder)
    editor, loader = Editor(engine, sealer, spool.write_now, clock), Loader(engine)
    adapters = load_adapters(Knowledge(folder))
    try:
        policy = PolicyDesk(
            configuration=loader.load, book=lambda: compose.rulebook(loader.load(), {}),
            people=lambda: compose.people(loader.load()), lacks=partial(lacking, adapters), editor=editor,
            refresh=lambda: None, today=lambda: clock.now().date(), past=partial(past_decision, Journal(engine)),
        )  # fmt: skip
        privacy = PrivacyDesk(
            configuration=loader.load,
            scanner=lambda: scanner_for(wording(loader.load(), clock.now().date())), policy=policy, editor=editor,
            conversations=Conversations(ConversationRows(engine), sealer, clock), refresh=lambda: None,
            today=lambda: clock.now().date(),
        )  # fmt: skip
        yield Desks(privacy, policy, Caller(Person(f"cli:{getpass.getuser()}", role=Role.SUPER_ADMIN)))
    finally:
        spool.close()
        engine.dispose()
