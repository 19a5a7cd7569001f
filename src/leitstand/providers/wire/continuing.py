"""Which models go on with a turn of the assistant that ends the conversation, instead of refusing it.

Source: Anthropic, "What's new in Claude 4.6": from that version on, and always together with extended thinking,
such a turn is refused. Mistral API reference: `prefix`. vLLM: `continue_final_message`.
"""

import re

from leitstand.core.conversation import Json, Message, Prompt, Text

_CLAUDE = re.compile(
    r"claude-(?:instant|2|3)\b|claude-(?:opus|sonnet|haiku)-4(?:-[015])?(?=$|-\d{8}|-latest|-v\d|[@:])"
)


def thinks(prompt: Prompt) -> bool:
    """Whether reasoning is asked for, which a continued answer cannot have."""
    thinking = prompt.extra.get("thinking")
    switched_off = not isinstance(thinking, dict) or thinking.get("type") == "disabled"
    return prompt.reasoning_effort not in ("", "none") or not switched_off


def claude_continues(prompt: Prompt, model: str) -> bool:
    """Whether this Claude, under whichever of its names, goes on; 4.5 and older do."""
    return _CLAUDE.search(model) is not None and not thinks(prompt)


def beginning_flags(prompt: Prompt) -> Json:
    """What vLLM and llama.cpp want to be told; nothing where the client has said it, or there is no such turn."""
    last = prompt.messages[-1] if prompt.messages else None
    told = prompt.extra.keys() & {"continue_final_message", "add_generation_prompt"}
    if told or last is None or not _is_beginning(last):
        return {}
    return {"continue_final_message": True, "add_generation_prompt": False}


def _is_beginning(message: Message) -> bool:
    texts = [part for part in message.parts if isinstance(part, Text) and part.text.strip()]
    return message.role == "assistant" and len(texts) == len(message.parts) > 0
