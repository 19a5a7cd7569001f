"""Runs llama.cpp's OpenAI-compatible server until the process that started it is gone.

A script for the interpreter that has `llama-cpp-python[server]`, which need not be ours: it imports nothing
of Leitstand. Its standard input is a pipe held by the parent; the end of that pipe is the end of the server,
also when the parent was killed.
"""

import os
import runpy
import sys
import threading


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(65536):
        pass
    os._exit(0)


if __name__ == "__main__":
    del sys.path[0]  # this folder, whose `http` would hide the standard library's
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
