"""The pod template of the Kubernetes page: read as YAML, and held to what the page and the compose file say."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from billing_providers.registry import SYSTEMS
from tests.support.airflow_env import ROOT

PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    """The template."""
    text = (ROOT / "docs" / "examples" / "kubernetes-pod-template.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_the_template_is_one_that_airflow_takes(pod: dict[str, Any]) -> None:
    """Airflow fills in the container called base, and starts a task in it once."""
    containers = pod["spec"]["containers"]

    assert (pod["apiVersion"], pod["kind"], pod["spec"]["restartPolicy"]) == ("v1", "Pod", "Never")
    assert [container["name"] for container in containers] == ["base"]


def test_the_image_has_a_version_and_it_is_the_pinned_airflow(pod: dict[str, Any]) -> None:
    """A tag that moves would run another program in the next pod."""
    image = pod["spec"]["containers"][0]["image"]
    pinned = re.search(r"^apache-airflow==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))

    assert pinned is not None
    assert image.rpartition(":")[2].startswith(f"{pinned[1]}-")
    assert f"FROM {compose['services']['scheduler']['image']}\n" in PAGE


def test_the_template_holds_no_secret(pod: dict[str, Any]) -> None:
    """Connections come from a secret or a secrets backend, never as a text."""
    variables = {entry["name"]: entry for entry in pod["spec"]["containers"][0]["env"]}
    plain = {name for name, entry in variables.items() if "value" in entry}

    assert variables["AIRFLOW_CONN_BILLING_LEDGER"]["valueFrom"].keys() == {"secretKeyRef"}
    assert {name for name in plain if re.search(r"CONN|SECRET|KEY|PASSWORD|TOKEN|DATABASE", name)} == set()


def test_the_container_may_do_no_more_than_it_has_to(pod: dict[str, Any]) -> None:
    """No root, no new privileges, no token of the cluster."""
    container = pod["spec"]["containers"][0]

    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container["resources"]["limits"]


def test_workers_have_the_settings_of_the_compose_file(pod: dict[str, Any]) -> None:
    """An answer within five seconds of a review counts as a crash without them."""
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    elsewhere = compose["services"]["scheduler"]["environment"]
    here = {entry["name"]: entry.get("value") for entry in pod["spec"]["containers"][0]["env"]}

    for name in ("AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL", "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT"):
        assert here[name] == elsewhere[name]


def test_the_page_names_pools_that_exist() -> None:
    """One for a PSA of the registry."""
    named = set(re.findall(r"pools set --include-deferred (\w+) 1", PAGE))

    assert named
    assert named <= {f"psa_{system.key}" for system in SYSTEMS.values() if system.role == "psa"}
