"""Regression sets as values, read from YAML or JSON; a faulty file gets all its errors at once."""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from leitstand.core.errors import InvalidRequest
from leitstand.prompts.regression.checks import KINDS, Check

MAX_CASES = 500
MAX_TEXT = 50_000  # characters of a prompt or a reference
_SET_FIELDS = {"name", "title", "use_case", "nightly", "cases"}
_CASE_FIELDS = {"id", "prompt", "system", "reference", "must", "checks"}


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question. reference: a good answer, for `similar`. must: a failure here is a no-go by itself."""

    id: str
    prompt: str
    system: str = ""
    reference: str = ""
    must: bool = False
    checks: tuple[Check, ...] = ()


class RegressionSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """The questions of one use case. nightly: models in use are asked them each night (drift)."""

    name: str
    cases: tuple[Case, ...]
    title: str = ""
    use_case: str = ""
    nightly: bool = False

    @property
    def label(self) -> str:
        """What people read."""
        return self.title or self.name


def read(document: str) -> RegressionSet:
    """A set from YAML (or JSON, which is YAML); raises InvalidRequest that lists every fault."""
    try:
        value = yaml.safe_load(document)
    except yaml.YAMLError as cause:
        raise InvalidRequest(
            f"Die Datei ist kein gültiges YAML: {cause}", f"The file is no valid YAML: {cause}"
        ) from cause
    faults: list[str] = []
    if not isinstance(value, dict):
        faults.append("set: a mapping with name and cases is expected")
        value = {}
    _fields(value, _SET_FIELDS, "set", faults)
    name = _text(value, "name", "set", faults, required=True, longest=100)
    cases = value.get("cases")
    if not isinstance(cases, list) or not 0 < len(cases) <= MAX_CASES:
        faults.append(f"cases: a list of 1 to {MAX_CASES} cases is expected")
        cases = []
    read_cases = tuple(_case(case, number, faults) for number, case in enumerate(cases, 1))
    ids = [case.id for case in read_cases]
    faults += [
        f"cases: the id '{name}' stands more than once"
        for name in sorted({i for i in ids if ids.count(i) > 1})
    ]
    made = RegressionSet(
        name, read_cases, _text(value, "title", "set", faults), _text(value, "use_case", "set", faults),
        _flag(value, "nightly", "set", faults),
    )  # fmt: skip
    if faults:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise InvalidRequest(
            f"Das Testset hat {len(faults)} Fehler:\n{listed}",
            f"The regression set has {len(faults)} faults:\n{listed}",
            detail={"faults": faults},
        )
    return made


def write(regression_set: RegressionSet) -> str:
    """The set as YAML that `read` takes."""
    plain = msgspec.to_builtins(regression_set)
    for case in plain["cases"]:
        if "checks" in case:
            case["checks"] = [{check["kind"]: check["value"]} for check in case["checks"]]
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=100)


def _case(value: Any, number: int, faults: list[str]) -> Case:
    place = f"case {number}"
    if not isinstance(value, dict):
        faults.append(f"{place}: a mapping with id and prompt is expected")
        return Case("", "")
    place = f"case {number} ({value.get('id', 'without id')})"
    _fields(value, _CASE_FIELDS, place, faults)
    return Case(
        _text(value, "id", place, faults, required=True, longest=100),
        _text(value, "prompt", place, faults, required=True),
        _text(value, "system", place, faults),
        _text(value, "reference", place, faults),
        _flag(value, "must", place, faults),
        tuple(_checks(value, place, faults)),
    )


def _checks(case: Mapping[str, Any], place: str, faults: list[str]) -> list[Check]:
    listed = case.get("checks", [])
    if not isinstance(listed, list):
        faults.append(f"{place}, checks: a list is expected")
        return []
    made: list[Check] = []
    for value in listed:
        if not isinstance(value, dict) or len(value) != 1:
            faults.append(f"{place}, checks: each check is one name with its value, such as 'max_chars: 500'")
            continue
        ((kind, wanted),) = value.items()
        if kind not in KINDS:
            faults.append(f"{place}, checks: there is no check '{kind}'; there are {', '.join(KINDS)}")
            continue
        fault = KINDS[kind].fault(wanted)
        if fault:
            faults.append(f"{place}, {kind}: {fault}")
        elif kind == "similar" and not case.get("reference"):
            faults.append(f"{place}, similar: the case needs a reference to compare with")
        else:
            made.append(Check(kind, wanted))
    return made


def _fields(value: Mapping[str, Any], known: set[str], place: str, faults: list[str]) -> None:
    faults += [
        f"{place}: there is no field '{name}'; there are {', '.join(sorted(known))}"
        for name in value
        if name not in known
    ]


def _text(
    value: Mapping[str, Any],
    name: str,
    place: str,
    faults: list[str],
    *,
    required: bool = False,
    longest: int = MAX_TEXT,
) -> str:
    found = value.get(name, "")
    if not isinstance(found, str) or len(found) > longest:
        faults.append(f"{place}, {name}: a text of at most {longest} characters is expected")
        return ""
    if required and not found.strip():
        faults.append(f"{place}: {name} is missing")
    return found


def _flag(value: Mapping[str, Any], name: str, place: str, faults: list[str]) -> bool:
    found = value.get(name, False)
    if not isinstance(found, bool):
        faults.append(f"{place}, {name}: true or false is expected")
        return False
    return found
