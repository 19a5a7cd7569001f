"""The shelf of shipped rules: each module has RULE and the two series that prove it; found by its file.

MUST_FIRE, MUST_NOT_FIRE: what the rule is tested with (tests/monitoring/test_rule_shelf.py): values of its signal, one
per minute, None: no data. Configuration changes thresholds and adds rules (`alerts.rules`), never these files.
"""
