"""The plain pandas version of the core of planning, written for the comparison: joins on scaled integers.

It excludes by prefix, sums, maps by equal texts, joins with the live lines and compares, keeping what has no partner:
usage without account, contract or service, and lines without usage. No findings, no guards, no digest, no shared
accounts, no terms, no splits, no reasons: what is left when everything that protects is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


SCALE = 1000


def plan_plainly(
    usage: pd.DataFrame, accounts: pd.DataFrame, contracts: pd.DataFrame, services: pd.DataFrame, lines: pd.DataFrame
) -> pd.DataFrame:
    """Return the changed lines, from the very frames of usage records and contract lines that the planner gets."""
    wanted_kinds = usage["kind"].isin(["recurring", "usage"])
    excluded = usage["sku"].str.startswith("TRIAL-") | (usage["customer_code"] == "ZZINT")
    counted = usage[wanted_kinds & usage["billable"].astype(bool) & ~excluded].copy()
    counted["units"] = scaled(counted["quantity"])
    identity = ["customer_code", "billing_identifier", "sku", "term", "billing_cycle", "item_id"]
    charges = counted.groupby(identity, sort=True, as_index=False)["units"].sum()
    placed = (
        charges.merge(accounts[accounts["active"]], left_on="billing_identifier", right_on="code", how="left")
        .merge(contracts[contracts["active"]], on="account_id", how="left")
        .merge(services[services["active"]], left_on="sku", right_on="name", how="left")
    )
    wanted = placed.groupby(["contract_id", "service_id"], sort=False, as_index=False, dropna=False)["units"].sum()
    live = lines[lines["open"].astype(bool)]
    live = live.assign(units=scaled(live["quantity"]))
    partners = ["contract_id", "service_id"]
    compared = wanted.merge(live, on=partners, how="outer", suffixes=("_after", "_before"), indicator=True)
    changed = compared[(compared["_merge"] != "both") | (compared["units_after"] != compared["units_before"])]
    return changed.sort_values(["account_id", "contract_id", "service_name", "line_id"])


def scaled(quantities: pd.Series[object]) -> list[int]:
    """Return decimals as integers of one scale."""
    return [int(quantity * SCALE) for quantity in quantities]
