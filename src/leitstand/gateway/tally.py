"""Counts what an answer used: the provider's own figure where it gave one, else our estimate, marked as such."""

from leitstand.core.conversation import (
    Frame,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    Used,
)

_BYTES_PER_TOKEN = (
    3.2  # German prose with common tokenizers takes 3.2 to 4.2 bytes; low, so that nothing is missed
)


def tokens_of(size_bytes: int) -> int:
    """Tokens of text of that size in UTF-8, estimated."""
    return max(1, round(size_bytes / _BYTES_PER_TOKEN)) if size_bytes else 0


def plus(one: Usage, other: Usage) -> Usage:
    """What two calls used together; their providers' own words are kept where there is one call only."""
    if one == Usage():
        return other
    return Usage(
        one.input_tokens + other.input_tokens,
        one.output_tokens + other.output_tokens,
        one.cached_tokens + other.cached_tokens,
        one.cache_write_tokens + other.cache_write_tokens,
        one.reasoning_tokens + other.reasoning_tokens,
        units=one.units + other.units,
        estimated=one.estimated or other.estimated,
        unit=one.unit or other.unit,
    )


class Tally:
    """Fed every frame of one answer; `usage` tells what to book."""

    def __init__(self, input_estimate: int) -> None:
        """input_estimate: tokens of the prompt by our own reckoning."""
        self._input_estimate = input_estimate
        self._reported: Usage | None = None
        self._output_bytes = 0
        self.has_begun = False
        """Whether any frame came."""

    @property
    def has_output(self) -> bool:
        """Whether some of the answer itself came."""
        return self._output_bytes > 0

    def add(self, frame: Frame) -> None:
        """Count a frame, before originals are put back (the provider billed the placeholders)."""
        self.has_begun = True
        for chunk in frame.chunks:
            match chunk:
                case Used(usage=usage):
                    self._reported = usage
                case TextDelta(text=text) | ThinkingDelta(text=text):
                    self._output_bytes += len(text.encode())
                case ToolCallDelta(arguments=arguments):
                    self._output_bytes += len(arguments.encode())
                case ToolCallStarted(name=name):
                    self._output_bytes += len(name) + 12

    def usage(self, complete: bool) -> Usage:
        """What to book. complete: the answer ended; a figure reported half-way (Anthropic's start event
        counts input only) is then final, else it is kept for the input and the output is estimated."""
        estimated_output = tokens_of(self._output_bytes)
        if self._reported is None:
            return Usage(self._input_estimate, estimated_output, estimated=True)
        if complete or self._reported.output_tokens >= estimated_output:
            return self._reported
        seen = self._reported
        return Usage(
            seen.input_tokens, estimated_output, seen.cached_tokens, seen.cache_write_tokens, estimated=True
        )
