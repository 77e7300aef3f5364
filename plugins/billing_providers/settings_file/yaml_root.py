"""Reads the text of a settings file into YAML nodes, and nothing else: no object is ever made from it."""

from __future__ import annotations

from typing import Any

import yaml

from billing_providers.errors import SettingsError


class _PlainLoader(yaml.SafeLoader):
    """Refuses what a settings file has no use for and could do harm: anchors' copies, and tags that name types."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        problem = ""
        if isinstance(event, yaml.AliasEvent):
            problem = f"*{event.anchor} is a copy; write it out"
        elif event.tag is not None:
            problem = f"{event.tag} is a tag; leave it out"
        if problem:
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)


def yaml_root(text: str, origin: str) -> yaml.Node:
    """Return the root node of a YAML text.

    :param origin: the file's name, for messages.
    :raises SettingsError: where it is empty or no YAML; code 13.
    """
    try:
        root = yaml.compose(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{origin}, line {mark.line + 1}, column {mark.column + 1}" if mark else origin
        raise SettingsError(f"is not readable as YAML: {error.problem}", where=where, finding_number=13) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(f"is not readable as YAML: {told}", where=origin, finding_number=13) from None
    if root is None:
        raise SettingsError("is empty", where=origin, allowed="integration, source, psa, …", finding_number=13)
    return root
