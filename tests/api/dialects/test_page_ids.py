"""Chat pages such as Open WebUI may put ids of their own conversations into a request."""

import json

from leitstand.api.dialects import chat
from leitstand.providers.wire import chat as chat_wire
from leitstand.providers.wire import messages as messages_wire

PLAIN = {"model": "m", "messages": [{"role": "user", "content": "Hallo"}]}
IDS = {"chat_id": "8f8a2a4e", "session_id": "kq3v0mXo1lTtq0hGAAAB", "id": "0f4a1c67"}


def test_ids_of_a_chat_page_stay_here_and_hinder_no_provider() -> None:
    prompt = chat.decode_request(json.dumps(PLAIN | IDS).encode())
    assert prompt == chat.decode_request(json.dumps(PLAIN).encode())
    assert messages_wire.lacks(prompt) is None
    assert json.loads(chat_wire.encode(prompt, "m")) == PLAIN
