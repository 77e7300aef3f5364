"""Who edited an addition last, from ``GET /system/audittrail?type=AgreementAddition&id=…`` (the spelling is the API's).

Entries have no id and the list no forward-only paging (seen in one note); a thousand of one addition are plenty.
"""

from __future__ import annotations

import logging

from billing_providers.errors import BillingError
from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.cw.paging import PAGE_ROWS

log = logging.getLogger(__name__)

_TEXT_MAX = 200


def last_edit(api: CwApi, line_id: str) -> str:
    """Return the newest entry as ``by X at T: text``; empty when there is none or it cannot be read. Never raises."""
    params = {"type": "AgreementAddition", "id": line_id, "pageSize": PAGE_ROWS}
    try:
        rows = api.call("GET", "/system/audittrail", params=params).rows()
        told = [(row.text("enteredDate"), row.text("enteredBy"), row.text("text")) for row in rows]
    except BillingError as error:
        log.info("the audit trail of addition %s cannot be read: %s", line_id, error)
        return ""
    if not told:
        return ""
    entered, member, text = max(told)
    said = " ".join(api.client.voice.masker.clean(text).split())
    said = said if len(said) <= _TEXT_MAX else f"{said[:_TEXT_MAX]}…"
    return f"by {member or 'somebody'} at {entered}: {said}"
