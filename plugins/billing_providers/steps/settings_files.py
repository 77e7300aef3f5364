"""The files that an integration's settings name: each is read whole before anything else happens."""

from __future__ import annotations

from billing_providers.engine.line_terms import load_line_terms_file
from billing_providers.engine.mapping import load_customer_map_file, load_service_map_file
from billing_providers.engine.movement import load_movement_file
from billing_providers.engine.rules import load_rules_file
from billing_providers.model.settings import IntegrationSettings


def check_settings_files(settings: IntegrationSettings) -> None:
    """Read rules and tables.

    :raises SettingsError: for the first that is missing or wrong, with file, line, column and value.
    """
    if settings.rules:
        load_rules_file(settings.rules)
    if settings.customer_map:
        load_customer_map_file(settings.customer_map)
    if settings.service_map:
        load_service_map_file(settings.service_map)
    if settings.line_terms:
        load_line_terms_file(settings.line_terms)
    if settings.movement:
        load_movement_file(settings.movement)
