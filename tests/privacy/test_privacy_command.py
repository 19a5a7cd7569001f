"""`leitstand privacy scan` as a process sees it."""

import io
import json

from leitstand.cli.privacy import _scan


def run(lines: str) -> tuple[int, list[dict[str, object]], str]:
    out, errors = io.StringIO(), io.StringIO()
    code = _scan(io.StringIO(lines), out, errors)
    return code, [json.loads(line) for line in out.getvalue().splitlines()], errors.getvalue()


def test_each_line_gives_a_line_with_character_offsets() -> None:
    code, answers, errors = run(
        '{"id": 7, "text": "🎉 Frau Zwickerl"}\n\n{"id": "b", "text": "nichts", "lang": "de"}\n'
    )
    assert code == 0
    assert errors == ""
    assert answers == [
        {"id": 7, "entities": [{"start": 7, "end": 15, "type": "PERSON"}]},
        {"id": "b", "entities": []},
    ]


def test_allowed_names_stay_readable() -> None:
    _, answers, _ = run('{"id": 1, "text": "Die Elbzwerg GmbH", "allow": ["Elbzwerg GmbH"]}\n')
    assert answers == [{"id": 1, "entities": []}]


def test_a_bad_line_is_named_and_stops_the_command() -> None:
    for bad, why in (
        ("{nonsense", "not JSON"),
        ("[]", "a JSON object is needed"),
        ('{"text": "a"}', "'id' is missing"),
        ('{"id": 1, "text": 5}', "'text' must be a string"),
        ('{"id": 1, "text": "a", "allow": "b"}', "'allow' must be a list"),
    ):
        code, answers, errors = run('{"id": 0, "text": ""}\n' + bad + "\n")
        assert code == 2
        assert len(answers) == 1
        assert "line 2" in errors
        assert why in errors
