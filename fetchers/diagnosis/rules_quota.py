"""What is said where there is not enough of something: quotas, rates, machines that a zone has none of."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule
from fetchers.diagnosis.rules_status import EXHAUSTED, grpc_renderings, http_renderings

_THROTTLED = tuple(Pattern(regex=p.regex, unless=p.unless, threshold=2) for p in http_renderings(EXHAUSTED))
"""A bare 429 may pass, as a 503 may; a quota that is named does not."""

_NOT_EXCEEDED = (
    r"(?i)\b(?:will|would|can|could|does|do|did|should|must|may|might)(?: not|n't)\b|\b(?:never|none|nothing|not) "
    r"(?:exceed|exhaust|insufficient)|\b(?:within|below|under|in|inside|without) (?:\w+ )?quotas?\b|\bbelow the\b"
)
"""Somebody only speaks of a quota."""

QUOTA_RULES = (
    Rule(
        id="quota_exceeded",
        title="quota exceeded",
        category=Category.QUOTA,
        origin="gcp",
        rank=80,
        patterns=(
            *grpc_renderings(EXHAUSTED),
            *_THROTTLED,
            Pattern(regex=r"(?i)\b(?:returned|with)\b.*\bcode 429\b", threshold=2),
            Pattern(regex=r"\bQuotaExceeded\w*\b|\bResourceExhausted\b|\bQUOTA_EXCEEDED\b|\bQuotaFailure\b"),
            Pattern(regex=r"\bRESOURCE_EXHAUSTED\b"),
            Pattern(regex=r"\b(?:userR|r)ateLimitExceeded\b|\bRateLimitError\b|\binsufficient_quota\b"),
            Pattern(regex=r"\b\w*LimitExceeded(?:Exception)?\b"),
            Pattern(
                regex=r"(?i)\bquotas?(?: limits?| metric)?:? ?(?:\W?[\w./ -]{1,80}\W )?(?:has been |have been |was |"
                r"is |are )?(?:exceeded|exhausted)\b",
                unless=_NOT_EXCEEDED,
            ),
            Pattern(
                regex=r"(?i)\b(?:exceed(?:ed|s|ing)?|exhausted) (?:the |your |its )?(?:\w+ ){0,2}quotas?\b",
                unless=_NOT_EXCEEDED,
            ),
            Pattern(regex=r"(?i)\bquota limit on \S+ requested: \d"),
            Pattern(regex=r"(?i)\b(?:insufficient|not enough) (?:\W?[\w-]{1,60}\W? )?quotas?\b", unless=_NOT_EXCEEDED),
            Pattern(
                regex=r"(?i)\bquotas?\b.*\b(?:exceed(?:ed|s|ing)?|exhausted|insufficient)\b|\b(?:exceed(?:ed|s|ing)?|"
                r"exhausted|insufficient|not enough)\b.*\bquotas?\b|\bquota limit\b.*\brequested\b",
                unless=_NOT_EXCEEDED,
                threshold=NEVER,
            ),
            Pattern(regex=r"(?i)\b(?:rate|request) limit\b.*\b(?:exceeded|reached)\b", threshold=2),
        ),
        explains="The request asks for more machines, accelerators or calls a minute than the project's quota leaves.",
        advice=(
            "Try again after {retry_after} s.\n"
            "Ask for more of {quota_metric} at "
            "`https://console.cloud.google.com/iam-admin/quotas?project={project}`, for region {region}.\n"
            "else: Ask for more of {quota_metric} at "
            "`https://console.cloud.google.com/iam-admin/quotas?project={project}`.\n"
            "else: Ask more rarely, or for more at "
            "`https://console.cloud.google.com/iam-admin/quotas?project={project}`.\n"
            "Or use another region, or wait until other jobs have ended."
        ),
        examples=(
            "google.api_core.exceptions.ResourceExhausted: 429 The following quota metrics exceed quota limits: gpus",
            "QuotaExceeded: limit of 8 GPUs reached",
            "ERROR: (gcloud.compute.instances.create) Quota 'NVIDIA_A100_GPUS' exceeded. Limit: 8.0.",
            '    "status": "RESOURCE_EXHAUSTED",',
            "rpc error: code = ResourceExhausted desc = Too many requests",
            "urllib.error.HTTPError: HTTP Error 429: Too Many Requests",
        ),
    ),
    Rule(
        id="accelerator_unavailable",
        title="no capacity for these machines now",
        category=Category.QUOTA,
        origin="gcp",
        rank=82,
        patterns=(
            Pattern(regex=r"\bZONE_RESOURCE_POOL_EXHAUSTED\w*\b|\bSTOCKOUT\b|\bInsufficientInstanceCapacity\b"),
            Pattern(regex=r"(?i)\bdoes(?: not|n't) (?:currently )?have (?:enough|sufficient) (?:resources|capacity)\b"),
            Pattern(regex=r"(?i)\bresources are insufficient in (?:region|zone)\b"),
            Pattern(regex=r"(?i)\bno (?:more )?capacity (?:is )?available\b"),
            Pattern(regex=r"\b0/\d+ nodes are available: .*\bInsufficient [\w./-]+"),
        ),
        explains="The zone has none of these machines to give at the moment; this is not the project's quota.",
        advice=(
            "Try another zone or region than {zone}, another accelerator, or again later.\n"
            "else: Try another zone or region, another accelerator, or again later."
        ),
        examples=(
            "The zone 'projects/acme-ml/zones/us-central1-a' does not have enough resources available.",
            "code: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
            "Resources are insufficient in region: us-west4. Please try a different region.",
        ),
    ),
)
