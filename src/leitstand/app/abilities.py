"""What targets can do: which prompts they serve, how much they read, whether they can go on."""

from collections.abc import Callable, Mapping

from leitstand.accounting.pricebook import PriceBook
from leitstand.core.classes import Region
from leitstand.core.conversation import Prompt
from leitstand.providers.base import Adapter, Continuing, KnowsTargets, Target


def lacking(adapters: Mapping[str, Adapter], target: Target, prompt: Prompt) -> str | None:
    """The feature of a prompt that a target cannot serve, or None; see policy/admit.py: Lacks."""
    adapter = adapters.get(target.kind)
    if adapter is None:
        return f"provider kind {target.kind}"
    if prompt.dialect not in adapter.serves:
        return prompt.dialect
    if isinstance(adapter, KnowsTargets):
        return adapter.lacks_at(prompt, target)
    return adapter.lacks(prompt)


class Abilities:
    """Answers from the price list and from the adapters; see gateway/routing.py: Abilities."""

    def __init__(self, prices: Callable[[], PriceBook], adapters: Mapping[str, object]) -> None:
        """prices: those of now. adapters: by kind; asked only for what they declare."""
        self._prices = prices
        self._adapters = adapters

    def window(self, target: Target) -> int | None:
        """Tokens of a model's context as listed; None for models of the house, whose servers are set up freely."""
        if target.region is Region.LOCAL:
            return None
        return self._prices().context_tokens(target.provider, target.kind, target.model)

    def continues(self, target: Target, prompt: Prompt) -> bool:
        """Whether the adapter says that this model goes on with a beginning of its answer."""
        adapter = self._adapters.get(target.kind)
        return isinstance(adapter, Continuing) and adapter.continues(prompt, target.model)
