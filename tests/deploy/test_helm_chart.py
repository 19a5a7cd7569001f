"""The chart is rendered by Helm's own engine; what comes out is valid for Kubernetes and keeps our rules."""

import json
import re
from typing import Any

import kubernetes_validate
import pytest
import yaml
from rendered_chart import CHART, Refused, render

OWN: dict[str, Any] = {"secret": {"existing": "leitstand-geheim"}}
TRIAL: dict[str, Any] = {"trial": {"enabled": True, "password": "a" * 24, "masterKey": "b" * 64}}
FULL: dict[str, Any] = {
    "image": {"repository": "werk.example/leitstand", "tag": "0.1.0-2", "pullSecrets": ["werk"]},
    "secret": {"existing": "leitstand-geheim", "providers": "anbieter"},
    "configuration": "organisation: {name: Musterwerk GmbH}\nmodels: []\n",
    "environment": {"LEITSTAND_LOG_LEVEL": "warning"},
    "gateway": {
        "autoscaling": {"enabled": True, "minReplicas": 3},
        "storage": {"className": "schnell"},
        "nodeSelector": {"werk": "ulm"},
        "tolerations": [{"key": "ki", "operator": "Exists"}],
        "podAnnotations": {"x": "y"},
    },
    "worker": {"replicas": 2, "podAnnotations": {"x": "y"}, "nodeSelector": {"werk": "ulm"}},
    "ingress": {
        "enabled": True, "className": "nginx", "host": "ki.firma.example", "tlsSecret": "ki-tls",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-buffering": "off"},
    },
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
        "egress": [{"ports": [{"port": 8000, "protocol": "TCP"}]}],
    },
    "serviceMonitor": {"enabled": True, "keySecret": "metriken"},
    "serviceAccount": {"annotations": {"role": "sicherung"}, "mountToken": True},
    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
}  # fmt: skip
SETS = {"own": OWN, "trial": TRIAL, "full": FULL, "full trial": FULL | TRIAL}
KUBERNETES = ["1.27", "1.34"]


def pods(values: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (manifest["metadata"]["name"], manifest["spec"]["template"]["spec"])
        for manifest in render(values)
        if manifest["kind"] in ("StatefulSet", "Deployment")
    ]


def one(values: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found = [m for m in render(values) if m["kind"] == kind and m["metadata"]["name"] == name]
    assert len(found) == 1, (kind, name)
    return found[0]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", SETS)
def test_every_manifest_is_valid_for_kubernetes(name: str, version: str) -> None:
    seen = set()
    for manifest in render(SETS[name]):
        seen.add(manifest["kind"])
        if manifest["kind"] != "ServiceMonitor":  # of the operator, not of Kubernetes
            kubernetes_validate.validate(manifest, version, strict=True)
    assert {"StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceAccount"} <= seen
    if name.startswith("full"):
        assert {"HorizontalPodAutoscaler", "Ingress", "ConfigMap", "ServiceMonitor"} <= seen


@pytest.mark.parametrize("name", SETS)
def test_every_pod_keeps_the_restricted_standard(name: str) -> None:
    for pod_name, pod in pods(SETS[name]):
        assert pod["securityContext"]["runAsNonRoot"] is True, pod_name
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            rules = container["securityContext"]
            assert rules["allowPrivilegeEscalation"] is False
            assert rules["readOnlyRootFilesystem"] is True
            assert rules["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]
            tag = container["image"].rpartition(":")[2]
            assert tag not in ("", "latest")
            assert "/" not in tag


@pytest.mark.parametrize("name", SETS)
def test_secrets_come_as_files_and_never_as_variables(name: str) -> None:
    for _, pod in pods(SETS[name]):
        for container in pod["containers"]:
            for variable in container.get("env", []):
                assert "valueFrom" not in variable
                if variable["name"] in ("LEITSTAND_DATABASE", "LEITSTAND_VALKEY", "LEITSTAND_MASTER_KEY"):
                    assert variable["value"].startswith("file:/run/secrets/leitstand/")
            assert {m["name"] for m in container["volumeMounts"]} <= {v["name"] for v in pod["volumes"]} | {
                "data"
            }


def test_the_data_folder_of_a_gateway_outlives_its_pod() -> None:
    gateway = one(OWN, "StatefulSet", "ki-leitstand-gateway")
    assert [claim["metadata"]["name"] for claim in gateway["spec"]["volumeClaimTemplates"]] == ["data"]
    assert gateway["spec"]["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": "Retain",
        "whenScaled": "Retain",
    }
    container = gateway["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]


def test_a_pod_has_the_time_to_drain_and_to_end_its_streams() -> None:
    values = OWN | {"drainSeconds": 12, "graceSeconds": 300}
    pod = one(values, "StatefulSet", "ki-leitstand-gateway")["spec"]["template"]["spec"]
    told = {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}
    assert (told["LEITSTAND_DRAIN"], told["LEITSTAND_GRACE"]) == ("12", "300")
    assert pod["terminationGracePeriodSeconds"] >= 12 + 300 + 20
    probe = pod["containers"][0]["readinessProbe"]
    assert probe["httpGet"]["path"] == "/readyz"
    assert probe["periodSeconds"] * probe["failureThreshold"] < 12
    assert pod["containers"][0]["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_selectors_find_their_own_pods_and_no_others() -> None:
    manifests = render(FULL | TRIAL)
    labels = {
        m["metadata"]["name"]: m["spec"]["template"]["metadata"]["labels"]
        for m in manifests
        if m["kind"] == "StatefulSet"
    }
    for service in (m for m in manifests if m["kind"] == "Service"):
        chosen = [name for name, own in labels.items() if service["spec"]["selector"].items() <= own.items()]
        assert len(chosen) == 1, service["metadata"]["name"]
    for name, own in labels.items():
        assert (
            one(FULL | TRIAL, "StatefulSet", name)["spec"]["selector"]["matchLabels"].items() <= own.items()
        )
    scaled = one(FULL, "HorizontalPodAutoscaler", "ki-leitstand-gateway")["spec"]["scaleTargetRef"]
    assert scaled["name"] in labels
    assert "replicas" not in one(FULL, "StatefulSet", "ki-leitstand-gateway")["spec"]


def test_the_configuration_is_mounted_and_a_change_replaces_the_gateways() -> None:
    def annotations(text: str) -> dict[str, str]:
        gateway = one(OWN | {"configuration": text}, "StatefulSet", "ki-leitstand-gateway")
        found: dict[str, str] = gateway["spec"]["template"]["metadata"]["annotations"]
        return found

    kept = one(FULL, "ConfigMap", "ki-leitstand")["data"]["leitstand.yaml"]
    assert yaml.safe_load(kept) == yaml.safe_load(FULL["configuration"])
    assert annotations("models: []") != annotations("models: [x]")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "secret.existing"),
        (OWN | {"replicas": 3}, "replicas"),
        (OWN | {"gateway": {"replica": 3}}, "replica"),
        (OWN | {"image": {"tag": "latest"}}, "tag"),
        (OWN | {"ingress": {"enabled": True}}, "host"),
        (OWN | {"drainSeconds": 1}, "drainSeconds"),
        (OWN | {"environment": {"LEITSTAND_DATABASE": "x"}}, "LEITSTAND_DATABASE"),
        ({"trial": {"enabled": True, "password": "a" * 24, "masterKey": "short"}}, "masterKey"),
        ({"trial": {"enabled": True, "password": "a" * 24, "masterKey": "b" * 64, "valkeyImage": "x:latest"}}, "valkeyImage"),
    ],
)  # fmt: skip
def test_values_that_are_wrong_are_refused_by_name(values: dict[str, Any], word: str) -> None:
    with pytest.raises(Refused, match=re.escape(word)):
        render(values)


def test_every_value_is_in_the_schema_and_carries_a_comment() -> None:
    text = (CHART / "values.yaml").read_text("utf-8")
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    assert set(yaml.safe_load(text)) | {"global"} == set(schema["properties"])
    values = [line.strip() for line in text.splitlines() if line.strip() and not line.rstrip().endswith(":")]
    assert [line for line in values if "# " not in line] == []
