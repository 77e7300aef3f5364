"""What the simulated ConnectWise answers where the specification is silent: seen in clients and reports, or assumed.

``docs/sandbox.md`` prints this table.
"""

from __future__ import annotations

CHOICES: tuple[tuple[str, str, str], ...] = (
    # what, answer, mark
    # Way in
    ("unknown company in `/login/companyinfo`", "200 with the body `null`", "seen: three clients"),
    (
        "another codebase than the tenant's",
        "404 with an HTML page",
        "assumed; seen: clients look the codebase up again",
    ),
    ("`v4_6_release/`", "404 like any other: it is no router here", "assumed, stricter"),
    ("`clientId` missing or unknown", "403", "seen: one self-hosted server; unknown: assumed"),
    (
        "wrong keys, company or scheme",
        "401, code `Unauthorized`; setting `cw_wrong_keys_are_404`: 404 with an HTML page",
        "seen: the vendor's page names both",
    ),
    ("keys after the fault `revoke_token`", "not valid until a reset: there are no tokens", "assumed"),
    ("missing right", "403, code `SecurityError`", "assumed; seen: 403 means the security role"),
    ("bundle by a member without agreements", "each request in it fails with 403", "assumed"),
    ("model version in `Accept`", "2020.1 to 2026.4, else 400; without one 2026.4", "assumed; form: seen"),
    ("`api-current-version`", "the version that the answer has", "seen: one client"),
    ("`/system/info`", "needs keys like any other call", "assumed, stricter: one self-hosted server needs none"),
    ("order of checks", "limit, path, `clientId`, keys, right, query", "assumed"),
    (
        "limit",
        "none; setting `cw_requests_per_minute`: 429 with `Retry-After` in seconds",
        "seen: header; number unknown",
    ),
    # Lists
    ("page size", "default 25, a larger one than 1000 is capped without a word", "seen: notes on a live server"),
    ("page past the last", "`[]`", "seen: notes on a live server"),
    (
        "`Link` of numbered pages",
        "`next`, `prev`, `first`, `last`; absent where one page holds all",
        "seen; absent: assumed",
    ),
    ("`Link` of forward-only pages", "`next` after every full page, empty after the last one", "seen: one client"),
    ("forward-only next page after exactly full pages", "offered, and empty", "assumed: the less convenient"),
    ("forward-only with `orderBy`", "400; `page` is ignored, order is by id", "seen: notes; status assumed"),
    ("forward-only of `/system/audittrail`", "not offered: numbered pages", "seen: notes on a live server"),
    (
        "`fields`",
        "unknown name 400; `_info` only where it is named, inside references never",
        "seen: notes; 400 of both seen",
    ),
    ("absent values", "left out, no nulls", "assumed"),
    ("unknown query parameter", "400", "assumed, stricter"),
    ("names in queries and bundles", "compared without regard to case", "seen: bundles; queries assumed"),
    ("names in `conditions`, `fields`, bodies", "case-sensitive", "seen: patches; others assumed"),
    ("conditions: text", "compared without regard to case; `%` and `*` in `like`", "assumed; both wildcards seen"),
    ("conditions: quotes inside of quotes", "the other kind of quote, or a backslash before it", "assumed"),
    ("conditions: dates", "`[2026-07-01T00:00:00Z]` or `[2026-07-01]`, no offset", "seen: both"),
    ("conditions: null", "only `=` and `!=`; comparing with a value lets no null pass", "assumed, as in SQL"),
    ("conditions: unknown name", "400 `ApiFindCondition`, `… is not a recognized name.`", "seen"),
    ("conditions: unknown enum value", "400, `Enum value supplied was invalid`", "seen"),
    ("conditions: value of another type", "400 `ApiFindCondition`", "assumed"),
    ("`childConditions`, `customFieldConditions`", "400: not simulated", "assumed"),
    ("lists after a write", "at once; setting `cw_lag_s`: so many seconds late, single records never", "seen: minutes"),
    ("companies in the recycle bin", "listed, with `deletedFlag`", "seen: one vendor's help"),
    ("`nextInvoiceDate`", "`YYYY-MM-DD`", "assumed; plain text in the specification"),
    ("`agreementStatus` of an addition", "its agreement's", "assumed: not settled"),
    # Writing
    ("`path` of a patch", "`quantity` or `/quantity`, no deeper one", "seen: both"),
    ("numbers in a patch", "JSON numbers or numeric text; kept as a double", "seen: both"),
    (
        "`remove`, and `replace` with null",
        "both clear `cancelledDate`, `invoiceDescription` and other texts",
        "assumed",
    ),
    ("a patch that changes nothing", "200; `_info.lastUpdated` moves", "assumed"),
    ("two changes within a second", "their `_info.lastUpdated` differ by a second", "assumed: the more convenient"),
    ("a patch with one wrong operation", "400, nothing is changed", "assumed"),
    ("derived fields, unknown fields", "400; in PUT derived ones are ignored", "assumed, stricter"),
    ("quantity, cost and price absent in POST and PUT", "1, the product's cost, the product's price", "assumed"),
    ("`effectiveDate` absent in POST", "today in UTC", "assumed, as agreements have it"),
    ("`effectiveDate` before `billStartDate`", "400 `InvalidObject`, text as seen", "seen: two vendors' help"),
    ("any change of an addition that starts before `billStartDate`", "400, text of another product's help", "assumed"),
    ("start in an invoiced period, agreement does not prorate", "400, text as seen", "seen: a vendor's help"),
    ("second open addition of one product", "taken", "seen: three vendors"),
    ("bundle-class product", "400", "seen: a vendor's help; text assumed"),
    ("inactive product, cancelled or expired agreement", "400", "assumed"),
    ("dates", "whole days, `YYYY-MM-DDT00:00:00Z` and nothing else", "assumed, stricter; form: seen"),
    ("quantity, included units", "not below 0", "assumed"),
    ("billed quantity", "quantity less what is included, not below 0", "seen: one client; below 0 assumed"),
    ("`extPrice`, `extCost`", "billed quantity times price or cost, to the cent", "seen; rounding assumed"),
    ("last billed day", "the day of `cancelledDate`", "assumed"),
    ("deleting, writing what is invoiced already", "allowed", "assumed"),
    # Rest
    ("bundles", "of additions only; setting `cw_bundles` off: 404", "seen: one client; 404 assumed"),
    ("too many requests in a bundle", "400 above `cw_bundle_max`", "assumed: limit unknown"),
    ("`count` of a bundle's result", "the entities in it", "assumed"),
    ("audit trail without type or id", "400", "assumed, stricter"),
    ("order of the audit trail", "newest first", "assumed"),
    ("agreement invoices", "dated on the day after the period, the next invoice date", "assumed: in arrears"),
)
