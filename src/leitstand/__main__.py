"""`python -m leitstand` and the command `leitstand`."""

import sys
from types import ModuleType


def _compose() -> ModuleType:
    from leitstand import app  # the whole house: loaded only by the commands that serve

    return app


def main() -> int:
    """The entry point: arguments in, exit code out."""
    from leitstand.cli.main import run

    return run(sys.argv[1:], _compose)


if __name__ == "__main__":
    sys.exit(main())
