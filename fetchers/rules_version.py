"""Which version of the diagnosis read a reason. Apart from the rules, which whoever only compares need not load."""

RULES_VERSION = 1
"""Goes up when rules or reading have become better: kept evidence is read again then."""
