"""A project-local Airflow beside the sandbox: its own home, database, user and ports; everything on loopback.

Airflow's components are started one by one instead of by ``airflow standalone``, whose log servers listen on every
interface and whose children outlive it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.error import URLError
from urllib.request import urlopen

from scripts.local_processes import LocalProcesses, clean_environment, free_port

ROOT = Path(__file__).resolve().parents[1]
USER = "admin"
PORT = 8080
SANDBOX_PORT = 8600
INBOX = "inbox"
INBOX_MONTHS = 4  # as many as `make airflow` may close
OWNED = ".made-by-local-airflow"  # only a home that holds this file is ever removed


class AirflowCluster(ABC):
    """The sandbox and an Airflow that is connected to it, from ``with`` to its end.

    :param home: the Airflow home. It is made anew: the sandbox starts anew too, and the ledger remembers what it did.
    :param bms_shape: ``line_api`` or ``published``, see the sandbox.
    :param ports: wanted ports of Airflow and the sandbox; any free one where taken, or where 0 is wanted.
    :param settings: environment variables beside, or in place of, those that the cluster sets.
    """

    COMPONENTS: ClassVar[Mapping[str, list[str]]]  # name to arguments of ``airflow``
    WORKERS: ClassVar[tuple[str, ...]] = ()  # the components that run tasks, where they are processes of their own

    def __init__(
        self,
        home: Path,
        *,
        bms_shape: str = "line_api",
        ports: tuple[int, int] = (PORT, SANDBOX_PORT),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.user, self.password = USER, secrets.token_urlsafe(9)
        self.url = f"http://127.0.0.1:{free_port(ports[0])}"
        self.sandbox_url = f"http://127.0.0.1:{free_port(ports[1])}"
        self.environment = clean_environment() | self._environment() | dict(settings or {})
        self.log_folder = home / "logs"
        self._bms_shape = bms_shape
        self._processes = LocalProcesses(self.log_folder)

    @property
    @abstractmethod
    def ledger_url(self) -> str:
        """The database URL of the ledger."""

    @abstractmethod
    def _environment(self) -> dict[str, str]:
        """Return the settings of every component."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End every process that was started, with what these started themselves."""
        self._processes.end()

    def left_running(self) -> list[str]:
        """Return the commands of processes that were started here, by whatever way, and still run."""
        return self._processes.left_running()

    def check(self) -> None:
        """Raise when a component has ended by itself.

        :raises RuntimeError: names it and shows the end of its log.
        """
        self._processes.check()

    def kill(self, component: str, *, with_children: bool) -> None:
        """Let a component die by SIGKILL, alone or as a machine dies, with everything that it started."""
        self._processes.kill(component, with_children=with_children)

    def start(self, component: str) -> None:
        """Start a component, also one that was killed."""
        command = [sys.executable, "-m", "airflow", *self.COMPONENTS[component]]
        self._processes.start(component, command, {**self.environment, **self._environment_of(component)})

    def log_of(self, component: str) -> str:
        """Return what a component has printed."""
        return self._processes.log_of(component).read_text(encoding="utf-8", errors="replace")

    def wait_until_healthy(self, wait_s: float = 180) -> None:
        """Wait until all components answer.

        :raises RuntimeError: when one has ended by itself, or the time is over.
        """
        self._processes.wait_until(self._healthy, what="Airflow", wait_s=wait_s)

    def _environment_of(self, component: str) -> Mapping[str, str]:
        return {}

    def _start(self) -> None:
        make_home(self.home)
        passwords = self.home / "simple_auth_manager_passwords.json.generated"
        passwords.touch(mode=0o600)
        passwords.write_text(json.dumps({self.user: self.password}), encoding="utf-8")
        connections = self._start_sandbox()
        fill_inbox(self.home / INBOX)
        prepare(self.environment, connections)
        for name in self.COMPONENTS:
            self.start(name)
        self.wait_until_healthy()

    def _start_sandbox(self) -> dict[str, dict[str, Any]]:
        """Start the sandbox and return the Airflow connections to it, by connection id."""
        port, ready = self.sandbox_url.rpartition(":")[2], self.home / "sandbox-ready"
        shape = "--published" if self._bms_shape == "published" else "--line-api"
        command = [sys.executable, "-m", "billing_providers.sandbox", "--port", port, shape, "--ready-file", str(ready)]
        self._processes.start("sandbox", command, self.environment)
        self._processes.wait_until(ready.exists, what="the sandbox", wait_s=30)
        connections: dict[str, dict[str, Any]] = json.loads(ready.read_text(encoding="utf-8"))["connections"]
        # The tenant offers the default line calls; only a person who knows that may say so.
        connections["kaseya_bms_default"]["extra"]["line_api"] = {"sets": ["unit_cost"]}
        return connections

    def _healthy(self) -> bool:
        try:
            with urlopen(f"{self.url}/api/v2/monitor/health", timeout=5) as answer:
                health = json.load(answer)
        except (URLError, OSError, ValueError):
            return False
        return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def common_environment(home: Path, url: str) -> dict[str, str]:
    """Return what every component is told of an Airflow that lives in ``home`` and answers at ``url``."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": url.rpartition(":")[2],
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(64),
        # Each component would make up its own, and the API server refuse the tasks of the scheduler.
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # How long a worker may take to notice that its task has ended; until then an answered review counts as a crash.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "BILLING_INBOX": f"file://{home / INBOX}",
        # A stalled laptop must not repeat a request that the database is still working on: a second parking of a task
        # that has meanwhile been answered would strand it.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
    }


def fill_inbox(folder: Path) -> None:
    """Put rCloud's usage and the modules' metrics of the last closed months where the shipped DAGs look for them.

    They are dated a day back: a file that changed a minute ago may still be written.
    """
    from billing_providers.model.periods import BillingCalendar
    from billing_providers.sandbox.modules_file.file import write_metrics_file
    from billing_providers.sandbox.rcloud.file import write_rcloud_file
    from billing_providers.sandbox.world import build_world

    folder.mkdir()
    calendar, world = BillingCalendar(), build_world()
    period = calendar.period_containing(calendar.local_date(datetime.now(UTC)))
    yesterday = (datetime.now(UTC) - timedelta(days=1)).timestamp()
    for _ in range(INBOX_MONTHS):
        period = calendar.period_before(period)
        month = (period.start.year, period.start.month)
        usage, metrics = (folder / f"{name}-{period.start:%Y-%m}.csv" for name in ("rcloud", "modules"))
        write_rcloud_file(usage, world.resale, *month)
        write_metrics_file(metrics, world.modules, *month)
        for path in (usage, metrics):
            os.utime(path, (yesterday, yesterday))


def make_home(home: Path) -> None:
    """Make an empty Airflow home, in place of one that we made before.

    :raises RuntimeError: when something else is in its place.
    """
    if home.exists():
        if not (home / OWNED).exists():
            raise RuntimeError(f"{home} is not ours to remove; move it away and try again")
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / OWNED).touch()


def prepare(environment: Mapping[str, str], connections: Mapping[str, Mapping[str, Any]]) -> None:
    """Migrate the database and store pools and connections, in one process, since each start of Airflow costs seconds.

    :raises RuntimeError: holds what that process printed.
    """
    command = [sys.executable, str(ROOT / "scripts" / "prepare_airflow.py")]
    done = subprocess.run(
        command, input=json.dumps(connections), env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"preparing Airflow failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
