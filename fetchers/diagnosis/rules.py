"""All rules, by id: data only. Which line means what stands in the `rules_*` files beside it."""

from __future__ import annotations

from fetchers.diagnosis.model import Rule
from fetchers.diagnosis.rules_access import ACCESS_RULES
from fetchers.diagnosis.rules_cloud import CLOUD_RULES
from fetchers.diagnosis.rules_images import IMAGE_RULES
from fetchers.diagnosis.rules_machines import MACHINE_RULES
from fetchers.diagnosis.rules_memory import MEMORY_RULES
from fetchers.diagnosis.rules_network import NETWORK_RULES
from fetchers.diagnosis.rules_programs import PROGRAM_RULES
from fetchers.diagnosis.rules_quota import QUOTA_RULES
from fetchers.diagnosis.rules_wandb import WANDB_RULES

_ALL = (
    *CLOUD_RULES,
    *ACCESS_RULES,
    *QUOTA_RULES,
    *MACHINE_RULES,
    *MEMORY_RULES,
    *IMAGE_RULES,
    *NETWORK_RULES,
    *WANDB_RULES,
    *PROGRAM_RULES,
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
"""Every rule by its id."""
