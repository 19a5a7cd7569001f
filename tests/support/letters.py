"""A letter with personal data of every kind, and the places of a request in which it can stand.

All values are made up; numbers with a check digit carry a right one.
"""

import json
from typing import Any

PLACES_IN_BOTH = (
    "system", "user", "parts", "history", "tool description", "tool schema", "tool arguments", "tool result",
    "metadata",
)  # fmt: skip
PLACES = {
    "chat": (*PLACES_IN_BOTH, "participant", "answer schema", "answer description", "refused turn"),
    "messages": (*PLACES_IN_BOTH, "system blocks", "result blocks", "tool examples", "document fields"),
}

LETTER = """Kundin Erika Sommerfeld, geb. 12.03.1980, wohnt Beispielstraße 12a, 70173 Stuttgart.
E-Mail erika.sommerfeld@firma-beispiel.example, Tel.: 0711/123456-45, mobil +49 176 12345678
IBAN DE89 3704 0044 0532 0130 00, Visa 4111 1111 1111 1111
Steuer-ID 86 095 742 719, SV-Nr. 65 170839 J 003, USt-IdNr. DE136695976
KVNR A123456780, Personalausweis-Nr.: L01X00T471, FIN WVWZZZ1JZXW000001, Kennzeichen S-AB 1234
Kundennummer: K-811226, Amtsgericht Ulm, HRB 123456, Anmeldung von 203.0.113.77 mit Benutzername: mmuster3
Auftrag der Beispiel Maschinenbau GmbH & Co. KG, siehe https://www.maschinenbau-beispiel.test/kontakt?id=3
Mit freundlichen Grüßen
Jörg Übelhör"""

ORIGINALS = (
    "Erika", "Sommerfeld", "12.03.1980", "Beispielstraße 12a", "70173", "erika.sommerfeld", "firma-beispiel",
    "0711/123456-45", "123456-45", "+49 176 12345678", "DE89 3704 0044 0532 0130 00", "0532 0130",
    "4111 1111 1111 1111", "86 095 742 719", "65 170839 J 003", "DE136695976", "A123456780", "L01X00T471",
    "WVWZZZ1JZXW000001", "S-AB 1234", "K-811226", "HRB 123456", "203.0.113.77", "mmuster3",
    "Beispiel Maschinenbau", "maschinenbau-beispiel", "Jörg", "Übelhör",
)  # fmt: skip


def letter_at(dialect: str, place: str) -> tuple[dict[str, Any], str]:
    """Fields of a request with the letter at a place, and what the simulator answers once it is restored."""
    build = _chat if dialect == "chat" else _messages
    return build(place)


def _asked(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


_OK = _asked("echo: gut")
_SCHEMA = {"type": "object", "properties": {"brief": {"type": "string", "description": LETTER}}}
_EMPTY = {"type": "object", "properties": {}}


def _chat(place: str) -> tuple[dict[str, Any], str]:
    call = {"id": "call_1", "type": "function", "function": {"name": "ablage", "arguments": "{}"}}
    match place:
        case "system":
            return {"messages": [{"role": "system", "content": LETTER}, _asked("echo-system")]}, LETTER
        case "user":
            return {"messages": [_asked(f"{LETTER}\necho-all")]}, f"{LETTER}\necho-all"
        case "parts":
            parts = [{"type": "text", "text": LETTER}, {"type": "text", "text": "\necho-all"}]
            return {"messages": [{"role": "user", "content": parts}]}, f"{LETTER}\n\necho-all"
        case "history":
            return {"messages": [_asked("Hallo"), {"role": "assistant", "content": LETTER}, _OK]}, "gut"
        case "refused turn":
            turn = {"role": "assistant", "content": None, "refusal": LETTER}
            return {"messages": [_asked("Hallo"), turn, _OK]}, "gut"
        case "participant":
            return {
                "messages": [{**_asked("\necho: gut"), "name": "erika.sommerfeld@firma-beispiel.example"}]
            }, "gut"
        case "metadata":
            ids = {"id": "DE89370400440532013000", "fin": "WVWZZZ1JZXW000001", "kundennummer": "K-811226"}
            return {
                "messages": [_OK],
                "metadata": {"brief": LETTER, **ids},
                "user": "erika.sommerfeld@firma-beispiel.example",
            }, "gut"
        case "tool description":
            tool = {"name": "ablage", "description": LETTER, "parameters": _EMPTY}
            return {"messages": [_OK], "tools": [{"type": "function", "function": tool}]}, "gut"
        case "tool schema":
            tool = {"name": "ablage", "parameters": _SCHEMA}
            return {"messages": [_OK], "tools": [{"type": "function", "function": tool}]}, "gut"
        case "answer schema":
            wanted = {"name": "brief", "schema": _SCHEMA}
            return {
                "messages": [_OK], "response_format": {"type": "json_schema", "json_schema": wanted},
            }, "gut"  # fmt: skip
        case "answer description":
            wanted = {"name": "brief", "schema": _EMPTY, "description": LETTER}
            return {
                "messages": [_OK], "response_format": {"type": "json_schema", "json_schema": wanted},
            }, "gut"  # fmt: skip
        case "tool arguments":
            call["function"] = {
                "name": "ablage",
                "arguments": json.dumps({"brief": LETTER, "id": "DE89370400440532013000"}),
            }
            result = "abgelegt"
        case _:
            result = LETTER
    turn = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {
        "messages": [_asked("Hallo"), turn, {"role": "tool", "tool_call_id": "call_1", "content": result}]
    }, f"Simulierte Antwort: Das Werkzeug meldet „{result}“."


def _messages(place: str) -> tuple[dict[str, Any], str]:
    arguments: dict[str, Any] = {}
    result: Any = LETTER
    match place:
        case "system":
            return {"system": LETTER, "messages": [_asked("echo-system")]}, LETTER
        case "system blocks":
            return {"system": [{"type": "text", "text": LETTER}], "messages": [_asked("echo-system")]}, LETTER
        case "user":
            return {"messages": [_asked(f"{LETTER}\necho-all")]}, f"{LETTER}\necho-all"
        case "parts":
            parts = [{"type": "text", "text": LETTER}, {"type": "text", "text": "\necho-all"}]
            return {"messages": [{"role": "user", "content": parts}]}, f"{LETTER}\n\necho-all"
        case "history":
            return {"messages": [_asked("Hallo"), {"role": "assistant", "content": LETTER}, _OK]}, "gut"
        case "metadata":
            return {
                "messages": [_OK],
                "metadata": {"user_id": "erika.sommerfeld@firma-beispiel.example"},
            }, "gut"
        case "tool description":
            tool = {"name": "ablage", "description": LETTER, "input_schema": _EMPTY}
            return {"messages": [_OK], "tools": [tool]}, "gut"
        case "tool schema":
            return {"messages": [_OK], "tools": [{"name": "ablage", "input_schema": _SCHEMA}]}, "gut"
        case "tool examples":
            examples = [{"brief": LETTER, "id": "DE89370400440532013000", "kundennummer": "K-811226"}]
            return {
                "messages": [_OK],
                "tools": [{"name": "ablage", "input_schema": _EMPTY, "input_examples": examples}],
            }, "gut"
        case "document fields":
            source = {"type": "text", "media_type": "text/plain", "data": LETTER}
            document = {
                "type": "document",
                "title": "Brief an Frau Sommerfeld",
                "context": LETTER,
                "source": source,
            }
            parts = [document, {"type": "text", "text": "\necho: gut"}]
            return {"messages": [{"role": "user", "content": parts}]}, "gut"
        case "tool arguments":
            arguments, result = {"brief": LETTER, "id": "DE89370400440532013000"}, "abgelegt"
        case "result blocks":
            result = [{"type": "text", "text": LETTER}]
    use = {"type": "tool_use", "id": "toolu_1", "name": "ablage", "input": arguments}
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": result}
    said = result if isinstance(result, str) else LETTER
    return {
        "messages": [
            _asked("Hallo"),
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [block]},
        ]
    }, f"Simulierte Antwort: Das Werkzeug meldet „{said}“."
