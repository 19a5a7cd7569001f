"""`serve` and `demo`: one process on a port, or several that share it."""

import logging
import os
import signal
import socket
import subprocess
import sys
from argparse import Namespace
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import uvicorn

from leitstand.app.demo import prepare
from leitstand.app.draining import DrainingServer, Readiness
from leitstand.app.front import Application, Front
from leitstand.app.house import House
from leitstand.cli.config import apply_file
from leitstand.core import logs, settings
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest
from leitstand.jobs.seats import FIRST
from leitstand.journal.spool import Sync

_log = logging.getLogger(__name__)


def run(args: Namespace) -> int:
    """Serve until told to stop. Prints the address on standard output when the port is open."""
    logs.set_up(settings.read("log_level"))
    drain_s, grace_s = settings.seconds("drain"), settings.seconds("grace")
    data = settings.data_dir(args.data)
    _check_clock(data, args)
    with ExitStack() as stack:
        if args.socket_fd is not None:
            return _serve(args, data, socket.socket(fileno=args.socket_fd), drain_s, grace_s)
        if args.config:
            apply_file(Path(args.config), data)
        words = stack.enter_context(prepare(data)) if args.command == "demo" else ""
        listener = stack.enter_context(_listen(args.host, args.port))
        address = f"http://{args.host}:{listener.getsockname()[1]}/"
        sys.stdout.write(f"Leitstand: {address}\n{words.format(address=address)}")
        sys.stdout.flush()
        if args.workers > 1:
            return _supervise(args, data, listener)
        return _serve(args, data, listener, drain_s, grace_s)


def work(args: Namespace) -> int:
    """Do background work until told to stop."""
    from leitstand.app import worker

    logs.set_up(settings.read("log_level"))
    data = settings.data_dir(args.data)
    _check_clock(data, args)
    return worker.work(args, data)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as cause:
        listener.close()
        raise InvalidRequest(
            f"Auf {host}:{port} kann Leitstand nicht lauschen: {cause.strerror}. Wählen Sie mit --port einen anderen Port.",
            f"cannot listen on {host}:{port}: {cause.strerror}. Choose another port with --port.",
        ) from cause
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def _serve(args: Namespace, data: Path, listener: socket.socket, drain_s: float, grace_s: float) -> int:
    start = datetime.fromisoformat(args.clock_start) if args.clock_start else None
    sync: Sync = "always" if settings.read("sync") == "always" else "background"
    own_ports = (listener.getsockname()[1],)
    house = House(data, Clock(args.clock, start), sync, own_ports, _seats())
    readiness = Readiness()
    config = uvicorn.Config(
        Front(house, _build_site, readiness), loop="uvloop", http="httptools", lifespan="on", log_config=None, access_log=False,
        server_header=False, date_header=False, timeout_keep_alive=75, timeout_graceful_shutdown=round(grace_s),
        ws="none", proxy_headers=False,
    )  # fmt: skip
    server = DrainingServer(config, readiness, drain_s)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _seats() -> tuple[str, ...]:
    """At which this process may work on jobs."""
    who = settings.read("jobs")
    if who not in ("here", "worker"):
        raise InvalidRequest(
            f"LEITSTAND_JOBS ist „{who}“. Möglich sind here und worker.",
            f"LEITSTAND_JOBS is '{who}'. Possible are here and worker.",
        )
    return FIRST if who == "here" else ()


def _build_site(house: House) -> Application:
    """Pages and administration; their imports take half a second, so Front calls this after the start."""
    from leitstand.app.site import build

    return build(house)


def _supervise(args: Namespace, data: Path, listener: socket.socket) -> int:
    """Start the processes, start anew what dies, end all together."""
    command = [
        sys.executable, "-m", "leitstand", "serve", "--data", str(data), "--socket-fd", str(listener.fileno()),
        "--clock", str(args.clock), *(["--clock-start", args.clock_start] if args.clock_start else []),
    ]  # fmt: skip
    children = {_spawn(command, listener) for _ in range(args.workers)}
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while children:
        pid, status = os.wait()
        ended = next((child for child in children if child.pid == pid), None)
        if ended is None:
            continue
        children.discard(ended)
        ended.returncode = os.waitstatus_to_exitcode(status)
        if not stopping:
            _log.error("a process ended and is started anew", extra={"pid": pid, "status": ended.returncode})
            children.add(_spawn(command, listener))
    return 0


def _spawn(command: list[str], listener: socket.socket) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, pass_fds=[listener.fileno()])  # noqa: S603 - our own command line


def _check_clock(data: Path, args: Namespace) -> None:
    """A folder that ever ran in real time must not be run in simulated time: its records would lie."""
    marker = data / "real-time"
    if args.clock == 1.0 and not args.clock_start:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker.touch()
    elif marker.exists():
        raise InvalidRequest(
            f"Der Datenordner {data} ist schon in Echtzeit gelaufen; --clock verlangt einen neuen Ordner.",
            f"the data folder {data} has run in real time before; --clock needs a new folder.",
        )
