"""A Redis server for tests: the one that is named or answers, else a private one from the Debian package."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from functools import cache

import pytest

from scripts.local_processes import free_port

_LOCAL = "redis://127.0.0.1:6379/0"


@cache
def redis_url() -> str:
    """Return the URL of a server in which tests may keep keys under prefixes of their own.

    ``BILLING_TEST_REDIS`` wins; then a server on 127.0.0.1:6379; then a private one, which is stopped at the end.
    Without any of them the test is skipped, in CI it fails.
    """
    if named := os.environ.get("BILLING_TEST_REDIS"):
        if not _answers(named):
            pytest.fail("the Redis server named by BILLING_TEST_REDIS does not answer")
        return named
    if _answers(_LOCAL):
        return _LOCAL
    if binary := shutil.which("redis-server"):
        return private_server(binary)
    missing = "no Redis answers and none is installed; see scripts/ensure-redis"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def private_server(binary: str) -> str:
    """Start a server of our own on a free port of loopback, which writes nothing to disk, and stop it at exit."""
    folder, port = tempfile.mkdtemp(prefix="billing-redis-"), free_port()
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder],
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )

    def stop() -> None:
        server.terminate()
        server.wait(timeout=15)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    url = f"redis://127.0.0.1:{port}/0"
    for _ in range(100):
        if _answers(url):
            return url
        assert server.poll() is None, "the private Redis server ended by itself"
        time.sleep(0.1)
    raise AssertionError("the private Redis server did not answer within ten seconds")


def _answers(url: str) -> bool:
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(url, socket_connect_timeout=2) as server:
            return bool(server.ping())
    except RedisError:
        return False
