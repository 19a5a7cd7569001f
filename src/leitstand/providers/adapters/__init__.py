"""Adapters: the shelf of provider kinds, one file each, each with its own sample exchange.

In: a masked prompt and a target. Out: the frames of the answer, or a fault.
Must not know: other adapters, routing, retries.
"""

import sys

from leitstand.core import registry
from leitstand.providers.adapters.extractive import Extractive
from leitstand.providers.base import Adapter
from leitstand.providers.passages import Passages


def load_adapters(passages: Passages) -> dict[str, Adapter]:
    """The whole shelf by kind; the built-in answerer quotes from `passages`. Raises registry.BadPart."""
    # The protocol is no abstract class for us: registry only checks instances against it.
    shelf = registry.load(sys.modules[__name__], "ADAPTER", "kind", Adapter)  # type: ignore[type-abstract]
    shelf[Extractive.kind] = Extractive(passages)
    return shelf
