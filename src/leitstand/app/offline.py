"""What commands need that work on a data folder beside a running server, or without one."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from leitstand.answers.regression import Regression
from leitstand.app import rules as compose
from leitstand.app.what_if import open_scenarios
from leitstand.configuration.current import load
from leitstand.configuration.secrets import load_sealer
from leitstand.core import settings
from leitstand.core.clock import Clock
from leitstand.journal.spool import Spool
from leitstand.prompts.regression.repository import RegressionRows
from leitstand.reports.what_if.scenarios import Scenarios
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate


@contextmanager
def open_regression(data: str | None) -> Iterator[tuple[Regression, str]]:
    """Regression sets and trials of a data folder, and who acts, for the audit trail."""
    folder = settings.data_dir(data)
    engine = open_engine(folder)
    migrate(engine)
    spool, clock = Spool(folder / "spool"), Clock()
    configuration = load(engine)
    book, prices = compose.rulebook(configuration, {}), compose.price_book(configuration, clock)

    try:
        regression = Regression(
            RegressionRows(engine), load_sealer(folder), clock, lambda: book,
            lambda model, usage: compose.dearest_nano(book, prices, model, usage), spool.write_now,
        )  # fmt: skip
        yield regression, f"cli:{getpass.getuser()}"
    finally:
        spool.close()
        engine.dispose()


@contextmanager
def open_what_if(data: str | None) -> Iterator[tuple[Scenarios, str]]:
    """What-if scenarios of a data folder, and who acts, for the audit trail."""
    folder = settings.data_dir(data)
    engine = open_engine(folder)
    migrate(engine)
    spool, clock = Spool(folder / "spool"), Clock()
    configuration = load(engine)
    book = compose.rulebook(configuration, {})
    try:
        scenarios = open_scenarios(engine, clock, lambda: configuration, lambda: book, spool.write_now)
        yield scenarios, f"cli:{getpass.getuser()}"
    finally:
        spool.close()
        engine.dispose()
