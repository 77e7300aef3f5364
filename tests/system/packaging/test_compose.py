"""The compose file without a container engine: its grammar, its settings, and what it would let in or give away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.server import SandboxServer
from scripts.celery_airflow import celery_environment
from tests.support.airflow_env import ROOT

HEAD, _, BODY = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8").partition("\nx-airflow:")
TEXT = f"x-airflow:{BODY}"
VARIABLE = re.compile(r"(?<!\$)\$(?:\{(\w+)(?:(:?[-?])([^}]*))?\}|(\w+))")

#: What tells places, keys and users of one cluster, and so differs between any two.
PLACES = {
    "AIRFLOW__API__BASE_URL", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_BILLING_LEDGER",
    "BILLING_INBOX",
}  # fmt: skip
#: What the tested cluster needs because it shares a machine, a Redis or a checkout with others.
OF_THE_TEST = {
    "AIRFLOW_HOME", "AIRFLOW__API__HOST", "AIRFLOW__API__PORT", "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__PLUGINS_FOLDER", "AIRFLOW__CELERY__WORKER_CONCURRENCY", "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__GLOBAL_KEYPREFIX", "PATH", "PYTHONPATH",
}  # fmt: skip
#: What a container needs, and the tested cluster has otherwise: an encrypted database, and the package itself.
OF_THE_CONTAINER = {
    "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", "_PIP_ADDITIONAL_REQUIREMENTS",
}  # fmt: skip


def interpolated(text: str, values: dict[str, str]) -> str:
    """Put variables in as Compose does; one that is required and missing is an error."""

    def value(found: re.Match[str]) -> str:
        name, how, word = found[1] or found[4], found[2] or "", found[3] or ""
        if values.get(name):
            return values[name]
        assert "?" not in how, word
        return word

    return VARIABLE.sub(value, text).replace("$$", "$")


def composed(**values: str) -> dict[str, Any]:
    """Return the file with its variables put in; the required ones have a value unless it is given."""
    required = {found[1]: f"made-for-{found[1]}" for found in VARIABLE.finditer(TEXT) if "?" in (found[2] or "")}
    found: dict[str, Any] = yaml.safe_load(interpolated(TEXT, {**required, **values}))
    return found


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Every service with its variables put in."""
    found: dict[str, Any] = composed()["services"]
    return found


def faults_of(file: dict[str, Any]) -> str:
    """Return what the Compose Specification has against a file; empty: nothing."""
    try:
        project = compose_spec.PyCompose.from_json(json.dumps(file))
        project.validate()
        project.to_spec()
    except ValueError as error:
        return str(error)
    return ""


def test_the_file_keeps_the_compose_specification() -> None:
    """Every key and value; and each volume, config and service that is named is there."""
    file = composed()
    every = list(file["services"].values())
    volumes = {entry.partition(":")[0] for one in every for entry in one.get("volumes", []) if entry[0] not in "./"}
    configs = {entry["source"] for one in every for entry in one.get("configs", [])}
    awaited = {name for one in every for name in one.get("depends_on", {})}

    assert faults_of(file) == ""
    assert volumes == file["volumes"].keys()
    assert configs == file["configs"].keys()
    assert awaited <= file["services"].keys()


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("services/redis/imagee", "redis", "imagee"),
        ("services/redis/restart", "sometimes", "sometimes"),
        ("services/redis/healthcheck/retries", "many", "many"),
        ("services/worker/depends_on", {"redis": {"condition": "bogus"}}, "bogus"),
        ("servces", {}, "servces"),
    ],
)
def test_a_slip_in_the_file_would_be_found(path: str, value: object, told: str) -> None:
    """The check knows the specification's own words."""
    file = composed()
    *parents, last = path.split("/")
    inner = file
    for key in parents:
        inner = inner[key]
    inner[last] = value

    assert told in faults_of(file)


def test_every_variable_has_a_default_or_is_asked_for_with_a_word() -> None:
    """No setting is empty because somebody forgot it."""
    found = {name or bare: how or "" for name, how, _, bare in VARIABLE.findall(TEXT)}

    assert {name for name, how in found.items() if how not in {":-", ":?"}} == set()
    assert {name for name, how in found.items() if how == ":-"} == {"BILLING_INBOX_FOLDER"}
    assert all(word for how, word in re.findall(r"\$\{\w+(:\?)([^}]*)\}", TEXT))


def test_what_is_secret_has_no_default() -> None:
    """A password that stands in a public file is known to everybody: without one's own nothing starts."""
    for name in ("DB_PASSWORD", "UI_PASSWORD", "JWT_SECRET", "SECRET_KEY", "FERNET_KEY"):
        with pytest.raises(AssertionError, match=r"see the head of docker-compose\.yaml"):
            composed(**{f"BILLING_{name}": ""})
        assert name in HEAD
    assert re.findall(r"(?i)change.?me|:-(?:airflow|admin|postgres)", TEXT) == []


def test_nothing_listens_beyond_this_machine(services: dict[str, Any]) -> None:
    """A published port names loopback; databases, Redis and the sandbox publish none."""
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert published == {"api-server": ["127.0.0.1:8080:8080"]}
    assert [
        name for name, one in services.items() if one.get("network_mode", "") == "host" or one.get("privileged")
    ] == []


def test_the_sandbox_starts_only_when_it_is_asked_for(services: dict[str, Any]) -> None:
    """No simulated PSA stands beside a real one by accident, and none of the others needs it."""
    assert {name for name, service in services.items() if "profiles" in service} == {"sandbox"}
    assert services["sandbox"]["profiles"] == ["sandbox"]
    assert {name for name, one in services.items() if "sandbox" in one.get("depends_on", {})} == set()
    assert services["sandbox"]["network_mode"] == "service:worker"
    with SandboxServer() as box:
        assert box.base_url("kaseya_bms").startswith("http://127.0.0.1:")


def test_whoever_is_waited_for_tells_whether_it_is_well(services: dict[str, Any]) -> None:
    """``--wait`` waits for each service that stays; Airflow starts after its databases and their migration."""
    stays = {name for name, service in services.items() if service.get("restart") == "unless-stopped"}

    assert stays == {
        "postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker",
    }  # fmt: skip
    assert {name for name in stays if "healthcheck" not in services[name]} == set()
    for name in stays - {"postgres", "redis"}:
        waits = {other: how["condition"] for other, how in services[name]["depends_on"].items()}
        assert waits == {
            "postgres": "service_healthy", "redis": "service_healthy", "migrate": "service_completed_successfully",
        }  # fmt: skip


def test_the_migration_makes_the_pool_of_every_psa(services: dict[str, Any]) -> None:
    """One slot for a tenant, and a task that waits for an answer keeps it."""
    command = services["migrate"]["command"]

    assert "airflow db migrate" in command
    made = set(re.findall(r"airflow pools set --include-deferred (\w+) 1 ", command))
    assert made == {f"psa_{system.key}" for system in SYSTEMS.values() if system.role == "psa"}


def settings_of(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from service["environment"].items()


def test_the_settings_are_those_of_the_tested_cluster(services: dict[str, Any], tmp_path: Path) -> None:
    """What the cluster of the system tests proves holds for this one: the same names, and the same values."""
    tested = celery_environment(
        tmp_path,
        "http://127.0.0.1:8080",
        metadata_url="postgresql://u@h/a",
        ledger_url="postgresql://u@h/b",
        broker_url="redis://h/0",
    )
    here = dict(settings_of(services["worker"]))

    assert tested.keys() - OF_THE_TEST - here.keys() == set()
    own = {"AIRFLOW__CELERY__WORKER_CONCURRENCY", "DUMB_INIT_SETSID"} | OF_THE_CONTAINER
    assert here.keys() - own - tested.keys() == set()
    same = here.keys() & tested.keys() - PLACES - OF_THE_TEST
    assert {name: here[name] for name in same} == {name: tested[name] for name in same}
    assert len(same) >= 5


def test_every_component_of_airflow_has_the_same_settings(services: dict[str, Any]) -> None:
    """One that reads another database or key would look like a lost run."""
    airflow = {
        name: dict(settings_of(one)) for name, one in services.items() if name not in {"postgres", "redis", "sandbox"}
    }
    shared = airflow["scheduler"]

    for name, settings in airflow.items():
        assert settings.items() >= shared.items(), name


def test_addresses_lead_to_services_of_the_file(services: dict[str, Any]) -> None:
    """Both databases are on PostgreSQL, never in a container's own files, and the broker is Redis."""
    here = dict(settings_of(services["worker"]))

    assert here["AIRFLOW_CONN_BILLING_LEDGER"] == "postgresql://airflow:made-for-BILLING_DB_PASSWORD@postgres/billing"
    assert here["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].endswith("@postgres/airflow")
    assert here["AIRFLOW__CELERY__BROKER_URL"] == "redis://redis:6379/0"
    assert json.loads(composed()["configs"]["passwords"]["content"]) == {"admin": "made-for-BILLING_UI_PASSWORD"}
