"""The composition root: builds every room and joins them; the only room that knows all others.

In: a data folder and the options of `serve`. Out: a running application.
Must not know: how anything is done; it only says who works with whom.
"""

from argparse import Namespace
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leitstand.answers.regression import Regression
    from leitstand.app.desks import Desks
    from leitstand.reports.what_if.scenarios import Scenarios


def run(args: Namespace) -> int:
    """`leitstand serve` and `leitstand demo`."""
    from leitstand.app.server import run as serve  # the house loads its rooms when it is needed

    return serve(args)


def work(args: Namespace) -> int:
    """`leitstand worker`."""
    from leitstand.app.server import work as works

    return works(args)


def open_regression(data: str | None) -> "AbstractContextManager[tuple[Regression, str]]":
    """Regression sets and trials of a data folder, and who acts; for `leitstand regression`."""
    from leitstand.app.offline import open_regression as opened

    return opened(data)


def open_desks(data: str | None) -> "AbstractContextManager[Desks]":
    """Privacy and policy of a data folder; for `leitstand privacy` and `leitstand policy`."""
    from leitstand.app.desks import open_desks as opened

    return opened(data)


def open_what_if(data: str | None) -> "AbstractContextManager[tuple[Scenarios, str]]":
    """What-if scenarios of a data folder, and who acts; for `leitstand what-if`."""
    from leitstand.app.offline import open_what_if as opened

    return opened(data)


def work_now(scenarios: "Scenarios") -> None:
    """Replay what waits, in this process and at once."""
    from leitstand.app.what_if import DirectTurn

    scenarios.work(DirectTurn(datetime.now(UTC)))
