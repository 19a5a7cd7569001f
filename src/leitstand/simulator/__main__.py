"""`python -m leitstand.simulator`: serve until SIGTERM, SIGINT, or the end of standard input.

Prints one line of JSON, `{"port": N}`, on standard output when it is ready; everything else goes to standard
error.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading

import uvloop

from leitstand.simulator.http import listen
from leitstand.simulator.site import Site


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(
        prog="leitstand.simulator", description="Simulated AI providers over HTTP."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    uvloop.run(_serve(options.host, options.port, with_parent=options.with_parent))


async def _serve(host: str, port: int, *, with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopped.set)
    if with_parent:
        watch = threading.Thread(target=_wait_for_parent, args=(loop, stopped), daemon=True)
        watch.start()
    server, live = await listen(Site().serve, host, port)
    sys.stdout.write(f'{{"port": {server.sockets[0].getsockname()[1]}}}\n')
    sys.stdout.flush()
    await stopped.wait()
    server.close()
    for connection in list(live):
        connection.reset()


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """Ends when the other end of standard input is closed, which the parent's death does too."""
    with contextlib.suppress(OSError):  # standard input was closed already
        while os.read(0, 4096):
            continue
    with contextlib.suppress(RuntimeError):  # the loop has ended for another reason
        loop.call_soon_threadsafe(stopped.set)


if __name__ == "__main__":
    main()
