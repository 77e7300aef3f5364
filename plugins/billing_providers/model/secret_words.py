"""What looks like a secret in settings: they are kept in the ledger and shown, secrets stand in connections alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SECRET_NAMES = frozenset(
    {
        "accesskey", "accesstoken", "apikey", "apisecret", "apitoken", "authorization", "bearer", "clientsecret",
        "passphrase", "passwd", "password", "privatekey", "pwd", "secret", "secretkey", "subscriptionkey", "token",
        "xapikey",
    }
)  # fmt: skip
URL_WITH_PASSWORD = re.compile(r"\w://[^/@\s:]*:[^/@\s]+@")
SECRETS_STAND_IN = (
    "the name of an Airflow connection, in source_conn_id or psa_conn_id; what is secret stands there alone"
)


def bare_name(name: str) -> str:
    """Return a name by its letters alone, so that ``X-Api-Key`` and ``api_key`` are told alike."""
    return re.sub(r"[^a-z]", "", name.casefold())


def secret_place(value: Any, key: str) -> str:
    """Return where in a value something looks like a secret, by its keys; empty when nothing does.

    A name counts by itself, a text as an address with a password. A secret under another name cannot be told.
    """
    if isinstance(value, Mapping):
        for name, inner in value.items():
            place = f"{key}.{name}"
            if bare_name(str(name)) in SECRET_NAMES:
                return place
            if found := secret_place(inner, place):
                return found
    if isinstance(value, list | tuple):
        return next((found for inner in value if (found := secret_place(inner, key))), "")
    return key if isinstance(value, str) and URL_WITH_PASSWORD.search(value) else ""
