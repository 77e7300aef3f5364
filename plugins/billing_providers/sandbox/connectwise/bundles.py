"""Bundles: many reads in one call. One that fails, fails alone. Only additions are offered.

Names of the body are compared without regard to case (seen: ``ResourceType`` beside ``resourceType``).
"""

from __future__ import annotations

from typing import Any

from billing_providers.sandbox.connectwise import shapes
from billing_providers.sandbox.connectwise.call import Answer, Call
from billing_providers.sandbox.connectwise.errors import (
    CwRefusal,
    bad_request,
    missing_right,
    not_found,
)
from billing_providers.sandbox.connectwise.listing import Asked, Record, one_of, part_of
from billing_providers.sandbox.connectwise.reads import addition_rows
from billing_providers.sandbox.connectwise.sign_in import CURRENT_VERSION, checked_version
from billing_providers.sandbox.connectwise.spec import specification
from billing_providers.sandbox.core.sandbox import BUNDLES_OFF
from billing_providers.sandbox.credentials import CONTRACTS

ADDITION = "addition"


def bundle(call: Call) -> Answer:
    """Answer every request of a bundle, in order."""
    if call.settings.cw_bundles == BUNDLES_OFF:
        raise not_found("No operation has the path /system/bundles.")
    requests = _named("BundleRequestsCollection", call.body, "body").get("requests")
    if not isinstance(requests, list) or not requests:
        raise bad_request("InvalidObject", "requests must be an array that is not empty.")
    most = call.settings.cw_bundle_max
    if len(requests) > most:
        raise bad_request("InvalidObject", f"A bundle takes at most {most} requests, not {len(requests)}.")
    read = [_named("BundleRequest", entry, f"requests[{place}]") for place, entry in enumerate(requests)]
    numbers = [entry.get("sequenceNumber") for entry in read]
    if not all(_is_int(number) for number in numbers) or len(set(numbers)) < len(numbers):
        raise bad_request("InvalidObject", "Every request needs a sequenceNumber of its own.")
    return Answer({"results": [_result(call, entry) for entry in read]})


def _result(call: Call, asked: dict[str, Any]) -> dict[str, Any]:
    answer = {"sequenceNumber": asked["sequenceNumber"], "resourceType": asked.get("resourceType", "")}
    try:
        version = checked_version(str(asked.get("version") or CURRENT_VERSION))
        if CONTRACTS not in call.member.rights:
            raise missing_right()
        if str(asked.get("resourceType", "")).lower() != ADDITION:
            raise bad_request("InvalidObject", f"resourceType {asked.get('resourceType')!r} is not offered.")
        rows = _rows(call, _named("ApiRequest", asked.get("apiRequest"), "apiRequest"))
    except CwRefusal as refusal:
        failed = {"entities": [], "count": 0, "success": False, "statusCode": refusal.status, "error": refusal.body}
        return {**answer, **failed}
    return {**answer, "entities": rows, "count": len(rows), "version": version, "success": True, "statusCode": 200}


def _rows(call: Call, asked: dict[str, Any]) -> list[Record]:
    agreement_id = asked.get("parentId")
    if not _is_int(agreement_id):
        raise bad_request("InvalidObject", "apiRequest.parentId must name an agreement.")
    fields = str(asked.get("fields") or "")
    if asked.get("id"):
        live = call.state.addition(int(str(agreement_id)), int(asked["id"]))
        return [one_of("Addition", shapes.addition(call.state, live), fields)]
    filters = _named("FilterValues", asked.get("filters") or {}, "apiRequest.filters")
    page = _named("PageValues", asked.get("page") or {}, "apiRequest.page")
    values = {
        "fields": fields,
        "conditions": filters.get("conditions"),
        "orderBy": filters.get("orderBy"),
        "childConditions": filters.get("childconditions"),
        "customFieldConditions": filters.get("customfieldconditions"),
        **page,
    }
    texts = {name: str(value) for name, value in values.items() if value is not None}
    wanted = Asked.of(texts, forward_only=bool(page.get("pageId")))
    rows = addition_rows(call.state, int(str(agreement_id)), call.settings.cw_lag_s)
    return part_of("Addition", rows, wanted).rows


def _named(model: str, value: Any, at: str) -> dict[str, Any]:
    """Return an object under the specification's names.

    :raises CwRefusal: 400 for what is no object, and for unknown names.
    """
    if not isinstance(value, dict):
        raise bad_request("InvalidObject", f"{at} must be an object.")
    known = {name.lower(): name for name in specification().schemas[model]["properties"]}
    unknown = [name for name in value if name.lower() not in known]
    if unknown:
        raise bad_request("InvalidObject", f"{at}: {', '.join(unknown)} is not a recognized name.")
    return {known[name.lower()]: part for name, part in value.items()}


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
