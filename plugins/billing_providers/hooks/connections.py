"""Airflow connections as hooks read them: only the fields that the registry's form offers."""

from __future__ import annotations

import json
import logging
from typing import Any

from billing_providers.errors import SecretsError, SettingsError
from billing_providers.hooks.http.addresses import base_url
from billing_providers.hooks.stored_connection import stored_connection
from billing_providers.registry import SYSTEMS, System

log = logging.getLogger(__name__)

_YES, _NO = frozenset({"true", "yes", "1", "on"}), frozenset({"", "false", "no", "0", "off"})


class ConnectionFields:
    """One connection of a system of the registry. Reading makes no request to the system.

    Texts are trimmed, except the password, which may begin or end with a blank.

    :raises SecretsError: code 16 when the connection cannot be read.
    :raises SettingsError: for an extra that is no JSON object.
    """

    def __init__(self, system_key: str, conn_id: str) -> None:
        self.system: System = SYSTEMS[system_key]
        self.conn_id = conn_id
        self._connection = stored_connection(conn_id, where=self.where)
        self._form = {field.key: field for field in self.system.fields}

    @property
    def where(self) -> str:
        """How messages call the connection."""
        return f"connection {self.conn_id}"

    def base_url(self) -> str:
        """Return the checked base URL.

        :raises SettingsError: code 20 when the host is empty; for a URL that may not be used.
        """
        connection = self._connection
        host = (connection.host or "").strip() or self.system.host_default
        if not host:
            raise SettingsError("api url is not available", where=self.where, key="host", finding_number=20)
        if "://" not in host:
            scheme = connection.schema if connection.schema in {"http", "https"} else "https"
            port = f":{connection.port}" if connection.port else ""
            host = f"{scheme}://{host}{port}"
        return base_url(host, where=self.where, allow_http=self.flag("allow_http"))

    def login(self) -> str:
        """Return the login.

        :raises SecretsError: code 21 when it is empty.
        """
        return self._required((self._connection.login or "").strip(), self.system.login_label)

    def password(self) -> str:
        """Return the password as it is stored.

        :raises SecretsError: code 21 when it is empty.
        """
        return self._required(self._connection.password or "", self.system.password_label)

    def text(self, key: str) -> str:
        """Return a field of the form, trimmed; empty when it is absent.

        :raises SecretsError: code 21 when the form requires it and it is empty.
        """
        field = self._form[key]
        value = self._connection.extra_dejson.get(key)
        text = "" if value is None else str(value)
        if text != text.strip():
            log.info("%s: blanks around %s are ignored", self.where, field.label)
        return self._required(text.strip(), field.label) if field.required else text.strip()

    def flag(self, key: str) -> bool:
        """Return a switch of the form, off when absent.

        :raises SettingsError: for a text that is neither yes nor no.
        """
        text = self.text(key).casefold()
        if text in _YES:
            return True
        if text in _NO:
            return False
        raise SettingsError("is no switch", where=self.where, key=key, value=text, allowed="true or false")

    def json_object(self, key: str, *, shorthand: str = "") -> dict[str, Any] | None:
        """Return a JSON object of the form, given as text or as an object; None when absent.

        :param shorthand: a word that stands for the empty object.
        :raises SettingsError: for anything else.
        """
        value = self._connection.extra_dejson.get(self._form[key].key)
        if isinstance(value, str) and shorthand and value.strip().casefold() == shorthand:
            return {}
        if isinstance(value, str):
            try:
                value = json.loads(value) if value.strip() else None
            except ValueError as error:
                raise SettingsError(
                    f"is not JSON ({error})", where=self.where, key=key, allowed="a JSON object"
                ) from None
        if value is None or isinstance(value, dict):
            return value
        raise SettingsError("is no JSON object", where=self.where, key=key, value=value, allowed="a JSON object")

    def _required(self, value: str, label: str) -> str:
        if value.strip():
            return value
        raise SecretsError(f"{label} is empty", where=self.where, finding_number=21)
