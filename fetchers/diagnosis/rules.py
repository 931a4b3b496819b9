"""All rules, by id: data only. Which line means what stands in the `rules_*` files beside it."""

from __future__ import annotations

from fetchers.diagnosis.model import Rule
from fetchers.diagnosis.rules_cloud import CLOUD_RULES
from fetchers.diagnosis.rules_machines import MACHINE_RULES
from fetchers.diagnosis.rules_programs import PROGRAM_RULES

RULES: dict[str, Rule] = {rule.id: rule for rule in (*CLOUD_RULES, *MACHINE_RULES, *PROGRAM_RULES)}
"""Every rule by its id."""
