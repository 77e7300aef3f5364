"""Billing rules: a versioned, ordered file of statements that exclude, change or count usage, each with a reason."""

from __future__ import annotations

from billing_providers.engine.rules.application import RuledUsage, apply_rules
from billing_providers.engine.rules.loader import load_rules, load_rules_file
from billing_providers.engine.rules.rule_set import BillingRules, Rule

__all__ = ["BillingRules", "Rule", "RuledUsage", "apply_rules", "load_rules", "load_rules_file"]
