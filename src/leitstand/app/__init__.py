"""The composition root: builds every room and joins them; the only room that knows all others.

In: a data folder and the options of `serve`. Out: a running application.
Must not know: how anything is done; it only says who works with whom.
"""

from argparse import Namespace
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leitstand.answers.regression import Regression


def run(args: Namespace) -> int:
    """`leitstand serve` and `leitstand demo`."""
    from leitstand.app.server import run as serve  # the house loads its rooms when it is needed

    return serve(args)


def open_regression(data: str | None) -> "AbstractContextManager[tuple[Regression, str]]":
    """Regression sets and trials of a data folder, and who acts; for `leitstand regression`."""
    from leitstand.app.offline import open_regression as opened

    return opened(data)
