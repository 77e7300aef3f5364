"""Where a source states no total, an answer without rows is at least told."""

from __future__ import annotations

from tests.support.closing import closing
from tests.support.fault_matrix_time import fast_time

CHARGES = "GET /distributor/v1/billing/payable-charges"


def test_an_earlier_month_without_any_charge_is_told_where_years_are_read_from_it(tmp_path):
    """Sherweb states no totals: seats of years that began in such a month are missing, and a person can know."""
    with closing(tmp_path, "sherweb_to_kaseya_bms") as msp, fast_time():
        run = msp.run(billing_period="2026-10-15")
        run.resolve()
        run.extract()
        assert not any("no charges at all" in found.message for found in run.findings())

        msp.box.control.add_fault("short_page", system="sherweb", endpoint=CHARGES, nth=5, by=1000)
        run.extract()
        told = [found.message for found in run.findings() if "no charges at all" in found.message]

    assert len(told) == 1
    assert "Sherweb lists no charges at all for 2026-" in told[0]
