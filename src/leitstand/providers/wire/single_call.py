"""One tool call at a time, at providers whose format cannot say so.

Further calls of an answer are left out; the model makes them again when it has the first one's result.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from leitstand.core.conversation import Frame, Prompt, ToolCallDelta, ToolCallStarted


def as_wished(prompt: Prompt, answer: AsyncGenerator[Frame, None]) -> AsyncGenerator[Frame, None]:
    """The frames of an answer, with one tool call at most where the client allows no parallel ones."""
    choice = prompt.tool_choice
    return _first_only(answer) if choice is not None and choice.parallel is False else answer


async def _first_only(answer: AsyncGenerator[Frame, None]) -> AsyncGenerator[Frame, None]:
    async with aclosing(answer) as frames:
        async for frame in frames:
            kept = tuple(
                chunk
                for chunk in frame.chunks
                if not (isinstance(chunk, ToolCallStarted | ToolCallDelta) and chunk.index > 0)
            )
            yield frame if len(kept) == len(frame.chunks) else Frame(kept)
