"""A PostgreSQL server for tests: the one that is named or answers, else a private one from the Debian packages."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

_LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
_BINARIES = "/usr/lib/postgresql"


@cache
def postgres_url() -> str:
    """Return the URL of a server that tests may make schemas in.

    ``BILLING_TEST_POSTGRES`` wins; then a server on 127.0.0.1:5432; then a private cluster, which is stopped at
    the end. Without any of them the test is skipped, in CI it fails.
    """
    named = os.environ.get("BILLING_TEST_POSTGRES")
    if named:
        if not _answers(named):
            pytest.fail("the PostgreSQL server named by BILLING_TEST_POSTGRES does not answer")
        return named
    if _answers(_LOCAL):
        return _LOCAL
    folders = sorted(Path(_BINARIES).glob("*/bin/initdb"))
    if folders:
        return private_cluster(folders[-1].parent)
    missing = "no PostgreSQL answers and none is installed; see scripts/ensure-postgres"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def fresh_schema() -> Iterator[str]:
    """Yield a URL whose tables live in a schema of their own; it is dropped at the end."""
    import psycopg

    server, name = postgres_url(), f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{name}"')
        try:
            yield f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"
        finally:
            connection.execute("SET client_min_messages = warning")
            connection.execute(f'DROP SCHEMA "{name}" CASCADE')


def private_cluster(binaries: Path) -> str:
    """Start a cluster of our own on a free port, in a temporary folder, and stop it at exit."""
    folder = Path(tempfile.mkdtemp(prefix="billing-postgres-"))
    as_server_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_server_user = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        with (folder.parent / f"{folder.name}.log").open("a") as log:
            subprocess.run([*as_server_user, *command], check=True, cwd="/", stdout=log, stderr=log, timeout=120)

    cluster = str(folder / "cluster")
    run(str(binaries / "initdb"), "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run(str(binaries / "pg_ctl"), "-D", cluster, "-w", "-l", str(folder / "server.log"), "-o", options, "start")

    def stop() -> None:
        run(str(binaries / "pg_ctl"), "-D", cluster, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
        (folder.parent / f"{folder.name}.log").unlink(missing_ok=True)

    atexit.register(stop)
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _answers(url: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False
