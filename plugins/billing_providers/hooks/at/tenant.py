"""One signed-in tenant: its API and what it says about its own entities."""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.errors import RequestError
from billing_providers.hooks.at.api import AtApi
from billing_providers.hooks.at.metadata import Metadata
from billing_providers.hooks.http.faults import ErrorVoice


@dataclass(frozen=True, slots=True)
class AtTenant:
    """What every part of the hook works with. Safe to use from several threads."""

    api: AtApi
    metadata: Metadata

    @property
    def voice(self) -> ErrorVoice:
        """Words the errors."""
        return self.api.client.voice

    def error(self, kind: type[RequestError], problem: str) -> RequestError:
        """Return an error that is about no single answer."""
        return self.voice.error(kind, problem)
