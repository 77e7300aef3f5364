from __future__ import annotations

import pytest

from tests.support.closing import closing


@pytest.fixture
def msp(tmp_path):
    """One MSP with a fresh sandbox and a fresh ledger."""
    with closing(tmp_path) as opened:
        yield opened
