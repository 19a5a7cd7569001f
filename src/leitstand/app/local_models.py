"""Installed open models (`leitstand model install`) served while the application runs, by one process per folder."""

import asyncio
import fcntl
import logging
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from leitstand.app.house import House
from leitstand.core import settings
from leitstand.providers.local_models import installed
from leitstand.providers.local_runtime import Runtime, RuntimeFailed

_log = logging.getLogger(__name__)


class LocalModels:
    """Starts a llama.cpp server per installed model and keeps its address in the configuration."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background: loading a model takes seconds, and the gateway must not wait for it."""
        if installed(self._house.data):
            self._task = asyncio.create_task(self._serve(), name="local-models")

    async def stop(self) -> None:
        """End the servers."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _serve(self) -> None:
        lock = os.open(
            self._house.data / "models" / "runtime.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return  # another process of this folder serves them
        try:
            async with AsyncExitStack() as stack:
                for model in installed(self._house.data):
                    try:
                        runtime = await stack.enter_async_context(
                            Runtime(model, python=settings.read("llama_python") or None)
                        )
                    except RuntimeFailed as cause:
                        _log.error("the model is not served: %s", cause, extra={"model": model.name})
                        continue
                    await asyncio.to_thread(self._announce, runtime.entry())
                    _log.info("the model is served", extra={"model": model.name, "pid": runtime.pid})
                await self._stop.wait()
        finally:
            os.close(lock)

    def _announce(self, entry: Mapping[str, Any]) -> None:
        """Keep the address it has today; a public model that exists already stays as people set it."""
        editor, known = self._house.editor, self._house.configuration.models
        for provider in entry["providers"]:
            editor.set_object("provider", dict(provider), "system")
        for model in entry["models"]:
            if model["name"] not in known:
                editor.set_object("model", dict(model), "system")
        self._house.refresh()
