"""The promise in code: a prompt leaves the house only as `Masked`, and only mask.py makes one."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "leitstand"
MAKER = SOURCE / "privacy" / "mask.py"


def constructions(path: Path) -> list[int]:
    """Lines that build a `Masked`, under any name it was imported as, or by copying one."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {"Masked"} | {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == "Masked" and alias.asname
    }
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and _builds(node, names)]


def _builds(call: ast.Call, names: set[str]) -> bool:
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    if name in names:
        return True
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    decodes = name in ("decode", "convert", "Decoder")
    return decodes and any(isinstance(argument, ast.Name) and argument.id in names for argument in arguments)


def test_only_mask_builds_masked() -> None:
    builders = {path for path in SOURCE.rglob("*.py") if constructions(path)}
    assert builders == {MAKER}


def test_the_search_sees_every_way_to_build_one(tmp_path: Path) -> None:
    ways = ("Masked(p)", "conversation.Masked(p)", "M(p)", "msgspec.convert(x, Masked)")
    for number, way in enumerate(ways):
        path = tmp_path / f"way{number}.py"
        path.write_text(f"from leitstand.core.conversation import Masked as M\n{way}\n")
        assert constructions(path) == [2], way
