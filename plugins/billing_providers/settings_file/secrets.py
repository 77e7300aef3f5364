"""Finds what looks like a secret in a settings file, takes it out, and says where secrets stand instead."""

from __future__ import annotations

import yaml

from billing_providers.engine.rules.reading import NodeReader
from billing_providers.model.secret_words import SECRET_NAMES, SECRETS_STAND_IN, URL_WITH_PASSWORD, bare_name
from billing_providers.registry import SYSTEMS


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
            reader.fault(name, place, "a secret has no place in this file", allowed=SECRETS_STAND_IN, shown=False)
        elif not _told(reader, value, place):
            kept.append((name, value))
    node.value = kept


def _told(reader: NodeReader, node: yaml.Node, key: str) -> bool:
    """Whether a value is a secret, which is told; what lies in it is looked at too."""
    if isinstance(node, yaml.ScalarNode) and URL_WITH_PASSWORD.search(node.value):
        reader.fault(
            node, key, "an address with a password has no place in this file", allowed=SECRETS_STAND_IN, shown=False
        )
        return True
    without_secrets(reader, node, key)
    return False


def _is_secret(name: yaml.Node) -> bool:
    fields = (field for system in SYSTEMS.values() for field in system.fields if field.secret)
    known = SECRET_NAMES | {bare_name(field.key) for field in fields}
    return isinstance(name, yaml.ScalarNode) and bare_name(name.value) in known
