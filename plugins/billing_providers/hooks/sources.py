"""The usage source that an integration names."""

from __future__ import annotations

import inspect
from difflib import get_close_matches

from billing_providers.errors import SettingsError
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageSource
from billing_providers.registry import system


def source_for(settings: IntegrationSettings) -> UsageSource:
    """Return the integration's source, built from its connection and options; nothing is read yet.

    :raises SettingsError: for an unknown source, an unknown option (with a near name) or a missing one.
    """
    entry = system(settings.source, "source")
    source_class = entry.hook_class()
    options = dict(settings.source_options)
    offered = inspect.signature(source_class).parameters
    if entry.conn_type:
        options.setdefault(source_class.conn_name_attr, settings.source_conn_id or entry.default_conn_id)
    where = f"{settings.integration}, source_options"
    for key in options:
        if key not in offered:
            near = get_close_matches(key, offered, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"unknown option{hint}", where=where, key=key, allowed=", ".join(offered))
    for name, parameter in offered.items():
        if parameter.default is inspect.Parameter.empty and name not in options:
            raise SettingsError("is missing", where=where, key=name, allowed=", ".join(offered))
    source: UsageSource = source_class(**options)
    return source
