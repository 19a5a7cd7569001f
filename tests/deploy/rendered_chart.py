"""Renders deploy/helm/leitstand with Helm's own engine, in a process of its own: it brings Go's runtime along."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "leitstand"

_RENDER = """
import json, sys
import helm_python as helm
with helm.Chart.load(sys.argv[1]) as chart:
    for line in sys.stdin:
        try:
            values = json.loads(line)
            chart.validate_schema(values)
            print(json.dumps({"files": chart.render(values, name="ki", namespace="buero")}), flush=True)
        except helm.HelmError as fault:
            print(json.dumps({"fault": str(fault)}), flush=True)
"""


class Refused(Exception):
    """Helm refuses these values."""


@cache
def _rendered(values: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _RENDER, str(CHART)], input=values + "\n", capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def render(values: dict[str, Any]) -> list[dict[str, Any]]:
    """All manifests for these values; raises Refused."""
    answer = _rendered(json.dumps(values, sort_keys=True))
    if "fault" in answer:
        raise Refused(answer["fault"])
    return [
        manifest
        for name, text in sorted(answer["files"].items())
        if not name.endswith((".txt", ".tpl"))
        for manifest in yaml.safe_load_all(text)
        if manifest is not None
    ]
