"""The composition root: builds every room and joins them; the only room that knows all others.

In: a data folder and the options of `serve`. Out: a running application.
Must not know: how anything is done; it only says who works with whom.
"""

from argparse import Namespace


def run(args: Namespace) -> int:
    """`leitstand serve` and `leitstand demo`."""
    from leitstand.app.server import run as serve  # the house loads its rooms when it is needed

    return serve(args)
