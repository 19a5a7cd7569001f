"""Token counts as providers write them: numbers as a rule, null or something else now and then."""

from typing import Any


def count(usage: Any, *names: str) -> int:
    """The count under a path of names, e.g. `count(raw, "prompt_tokens_details", "cached_tokens")`.

    What is no number of tokens (missing, null, negative, a word) counts as 0: an answer that the provider
    has given must not be lost over its bill.
    """
    for name in names:
        usage = usage.get(name) if isinstance(usage, dict) else None
    if isinstance(usage, str) and usage.isdecimal() and len(usage) < 16:
        return int(usage)
    if isinstance(usage, bool) or not isinstance(usage, int | float) or not 0 <= usage < 2**53:
        return 0
    return int(usage)
