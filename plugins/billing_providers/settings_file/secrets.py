"""Finds what looks like a secret in a settings file, takes it out, and says where secrets stand instead."""

from __future__ import annotations

import re

import yaml

from billing_providers.engine.rules.reading import NodeReader
from billing_providers.registry import SYSTEMS

_NAMES = {
    "accesskey", "accesstoken", "apikey", "apisecret", "apitoken", "authorization", "bearer", "clientsecret",
    "passphrase", "passwd", "password", "privatekey", "pwd", "secret", "secretkey", "subscriptionkey", "token",
    "xapikey",
}  # fmt: skip
_URL_WITH_PASSWORD = re.compile(r"\w://[^/@\s:]*:[^/@\s]+@")
_WHERE = "the name of an Airflow connection, in source_conn_id or psa_conn_id; what is secret stands there alone"


def without_secrets(reader: NodeReader, node: yaml.Node, key: str = "") -> None:
    """Take secrets out of a node, each with a fault that never shows it.

    A name counts by itself (``password``, ``X-Api-Key``, what the registry calls secret), a value as a URL with a
    password. A secret under another name cannot be told.
    """
    if isinstance(node, yaml.SequenceNode):
        node.value = [entry for entry in node.value if not _told(reader, entry, key)]
    if not isinstance(node, yaml.MappingNode):
        return
    kept = []
    for name, value in node.value:
        place = f"{key}.{name.value}" if key else str(name.value)
        if _is_secret(name):
            reader.fault(name, place, "a secret has no place in this file", allowed=_WHERE, shown=False)
        elif not _told(reader, value, place):
            kept.append((name, value))
    node.value = kept


def _told(reader: NodeReader, node: yaml.Node, key: str) -> bool:
    """Whether a value is a secret, which is told; what lies in it is looked at too."""
    if isinstance(node, yaml.ScalarNode) and _URL_WITH_PASSWORD.search(node.value):
        reader.fault(node, key, "an address with a password has no place in this file", allowed=_WHERE, shown=False)
        return True
    without_secrets(reader, node, key)
    return False


def _is_secret(name: yaml.Node) -> bool:
    known = _NAMES | {_bare(field.key) for system in SYSTEMS.values() for field in system.fields if field.secret}
    return isinstance(name, yaml.ScalarNode) and _bare(name.value) in known


def _bare(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.casefold())
