"""Pulls facts (machine type, principal, image, …) out of the lines of a cause. Pure; believes no line."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import re2

FACT_MAX = 200
"""Characters of a fact that are kept: nothing that names a thing is longer."""
LINE_MAX = 4_000
"""Characters of a line that are looked at."""
NEAR = 12
"""Lines that are looked at, the cause's own included."""

_QUOTE = r"[\"'`\\\[( ]*"
_NAME = r"[A-Za-z0-9][\w.-]*"

_SERVICES = (
    "aiplatform|artifactregistry|bigquery|cloudbuild|cloudkms|compute|container|iam|logging|monitoring|pubsub|"
    "resourcemanager|run|secretmanager|serviceusage|storage"
)
_BAD_FILE = "permission denied|is a directory|not a directory|no space left on device|file exists"
_IMAGE_OF = "image|manifest for|pull access denied for|reference"

NEARBY: tuple[str, ...] = (
    # machines and accelerators
    rf"(?i)\bmachine[ _-]?type(?: with name)?\W{{0,4}}{_QUOTE}(?P<machine_type>[a-z]\d?\w*-[a-z]\w*(?:-\w+)*)",
    r"\bmachineTypes/(?P<machine_type>[a-z][\w-]*\w)",
    r"\b(?P<machine_type>(?:[acegmnt]\d[a-z]?|ct\d\w*)-[a-z]+\w*-\d+[tg]?)\b",
    r"\b(?P<accelerator>NVIDIA_(?:TESLA_)?[A-Z]+\d+\w*|NVIDIA_RTX_\w+|TPU_V\w+|TPU_LITEPOD)\b",
    r"\b(?P<accelerator>nvidia-(?:tesla-)?[a-z]+\d+\w*|nvidia-rtx-[\w-]+)\b",
    r"\b(?P<accelerator>(?:[Nn][Vv][Ii][Dd][Ii][Aa] |Tesla )[A-Z]\d{1,3}S?)\b",
    r"\b(?P<accelerator>[HABV][12]00)\b",
    r"(?i)\baccelerator_?count\b\W{1,4}(?P<accelerator_count>\d{1,4})\b",
    # places
    r"\b(?P<zone>(?:us|europe|asia|australia|africa|me|northamerica|southamerica)-[a-z]+\d{1,2}-[a-f])\b",
    r"\b(?P<region>(?:us|europe|asia|australia|africa|me|northamerica|southamerica)-[a-z]+\d{1,2})\b",
    # who, what for, on what
    r"\b(?P<service_account>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.gserviceaccount\.com)\b",
    r"(?i)\b(?:user|account|principal|member|caller)\W{1,3}(?:user:)?(?P<principal>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)\b",
    r"\b(?P<principal>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.gserviceaccount\.com)\b",
    r"(?i)\bpermissions?\b\W{1,5}(?P<permission>[a-z]\w+\.\w+\.[a-zA-Z]+)\b",
    rf"(?:^|[^.\w])(?P<permission>(?:{_SERVICES})\.[a-zA-Z]+\.[a-zA-Z]+)\b",
    r"\b(?P<role>roles/[a-z]+(?:\.\w+)+)\b",
    r"(?i)\bresource\b[:=]? *\\*['\"](?P<resource>(?://)?[\w./:@%*-]+)",
    r"\b(?P<resource>projects/[\w./:@-]*\w)",
    r"\b(?P<resource>gs://[\w./-]*[\w/])",
    r"(?i)\bbucket\b:? *\\*['\"]?(?P<resource>[a-z0-9][\w.-]+[a-z0-9])\\*['\"]? (?:does not|was not|not)\b",
    r"\bprojects?[/ :=]+\\*['\"]?(?P<project>[a-z][a-z0-9-]{4,28}[a-z0-9])\b",
    r"\bprojects?[/ :=]+\\*['\"]?(?P<project_number>\d{6,15})\b",
    r"@(?P<project>[a-z][a-z0-9-]{4,28}[a-z0-9])\.iam\.gserviceaccount\.com\b",
    # APIs that are switched off
    r"\bapis/(?:api|library)/(?P<service>[a-z][\w.-]*\.googleapis\.com)\b",
    r"(?i)\"service\W{1,5}(?P<service>[a-z][\w.-]*\.googleapis\.com)\b",
    # quotas
    r"\b(?P<quota_metric>[a-z]+\.googleapis\.com/[a-z]+_\w+)\b",
    r"(?i)\bquota(?: metric)?\b[: ]*\\*['\"`](?P<quota_metric>[A-Za-z][\w -]*)\\*['\"`]",
    r"(?i)\\*['\"`](?P<quota_metric>[A-Z][\w-]+)\\*['\"`] quota\b",
    r"\bquota limit on (?P<quota_metric>[A-Za-z]\w+)",
    r"(?i)\b(?:limit|allowed|available)\b[\"']?[:=]? +(?P<quota_limit>\d[\d.]*)\b",
    # images
    r"\b(?P<image>[a-z0-9-]+-docker\.pkg\.dev/[\w./-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{8,64})?)",
    r"\b(?P<image>(?:[a-z]+\.)?gcr\.io/[\w./-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{8,64})?)",
    rf"(?i)\b(?:{_IMAGE_OF})\b:? *\\*['\"`]?(?P<image>[a-z0-9][\w.-]*(?:/[\w.-]+)+(?::[\w.-]+)?)",
    # W&B
    r"\bentity[\"']?[:=] ?[\"']?(?P<entity>[A-Za-z0-9][\w-]*)\b",
    r"\bfor entity (?P<entity>[A-Za-z0-9][\w-]*)\b",
    rf"\b(?:run\.googleapis\.com/|jobs/|Cloud Run [Jj]ob ){_QUOTE}(?P<job>[a-z][a-z0-9-]{{0,60}}[a-z0-9])\b",
)
"""What the cause's line or one near it may name; the nearest counts, and in a line the first pattern."""

OWN: tuple[str, ...] = (
    r"(?i)\bexit(?:ed)?(?:[ _-]|with|a|non|zero)*(?:code|status)\b\W{0,8}?(?:of )?(?P<exit_code>-?\d{1,3})\b",
    r"\b(?P<signal>SIG(?:KILL|TERM|INT|SEGV|BUS|ABRT|HUP|ILL|FPE))\b",
    r"^(?P<exception>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt))(?::|$)",
    r"\bNo module named '?(?P<module>[A-Za-z_][\w.]*)",
    r"\bcannot import name '(?P<symbol>\w+)' from '(?P<module>[\w.]+)'",
    r"(?i)\bno such file or directory: b?['\"](?P<path>[^'\"]{1,180})['\"]",
    rf"(?i)\b(?:{_BAD_FILE}): ['\"](?P<path>[^'\"]{{1,180}})['\"]",
    r"(?i)\bwrite (?P<path>/[\w./-]+): no space\b",
    r"\b[Cc]an(?:'t|not) open (?:file )?'(?P<path>[^']{1,180})'",
    r"(?i)\bsize mismatch for (?P<parameter>[\w.]+)",
    r"(?i)\b(?:missing|unexpected) key\(s\) in state_dict: \"(?P<parameter>[\w.]+)\"",
    r"\bloading state_dict for (?P<parameter>\w+)",
    r"\bhost='(?P<host>[\w.-]+)', port=(?P<port>\d{1,5})",
    r"(?i)\bresolve(?: host(?:name)?)?:? ['\"]?(?P<host>[a-z0-9][\w-]*(?:\.[\w-]+)+)",
    r"\blookup (?P<host>[A-Za-z0-9][\w.-]+)",
    r"\b(?:tcp|connect(?:ing|ion)? to|host) (?P<host>[A-Za-z0-9][\w.-]*\.[\w.-]*\w):(?P<port>\d{1,5})\b",
    r"\bfor url: https?://(?P<host>[\w.-]+)",
    r"(?i)\bport (?P<port>\d{2,5})\b",
    r"\b0\.0\.0\.0:(?P<port>\d{2,5})\b",
    r"\b(?P<credentials>401 (?:Client Error|Unauthorized)|UNAUTHENTICATED|Unauthenticated)\b",
    r"\bHttpError (?P<status>[45]\d\d)\b",
    r"(?i)\b(?:Error|status(?:[ _]code)?|HTTP|code)\b[\"']?[ :=]+(?P<status>[45]\d\d)\b",
    r"\b(?P<status>[45]\d\d) (?:Client|Server) Error\b",
    r"\b[A-Z]\w+: (?P<status>[45]\d\d)\b",
    r"(?i)\bretry[- _]?(?:after|in|delay)\b[\"']?[ :=]+[\"']?(?P<retry_after>\d+(?:\.\d+)?) ?s?\b",
    r"(?i)\bMemory limit of (?P<memory_limit>\d+ ?[MG]iB?)\b",
    r"(?i)\btried to allocate (?P<requested>[\d.]+ [KMGT]i?B)\b",
    r"(?i)\btotal capacity of (?P<capacity>[\d.]+ [KMGT]i?B)\b",
    rf"(?i)\brequirement (?P<module>{_NAME})",
)
"""What counts only in the cause's own line: a neighbour's path or exit code would mislead."""

_CLIPPED = ".,;:'\"`\\/)]}"
"""What a sentence may put after a name."""


def facts_of(rule: str, lines: Sequence[str]) -> dict[str, str]:
    """What the lines name, by the names of `Finding.facts`: the cause's own line first, then its neighbours."""
    found: dict[str, str] = {}
    own = lines[0][:LINE_MAX] if lines else ""
    for regex in _compiled(OWN):
        _take(found, regex, own)
    for line in lines[:NEAR]:
        for regex in _compiled(NEARBY):
            _take(found, regex, line[:LINE_MAX])
    return {name: value for name, value in found.items() if name not in IRRELEVANT.get(rule, ())}


NEVER_ENDING = {"permission": ".com", "accelerator": "_GPUS"}
"""Ends by which something is known not to be such a fact: a host is no permission, a quota no accelerator."""

IRRELEVANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("invalid_argument", "not_found", "http_error", "permission_denied"), ("quota_limit",)),
    "python_exception": ("machine_type", "accelerator", "image", "quota_limit", "resource", "permission", "status"),
    "repeated_failures": ("machine_type", "accelerator", "quota_limit", "resource", "permission", "status"),
}
"""Facts that mislead where a general rule speaks, by its id: what stands near is mostly about something else."""


def _take(found: dict[str, str], regex: Any, line: str) -> None:
    match = regex.search(line)
    if match is None:
        return
    for name, value in match.groupdict().items():
        clipped = (value or "").rstrip(_CLIPPED)
        if clipped and len(clipped) <= FACT_MAX and not clipped.endswith(NEVER_ENDING.get(name, "\0")):
            found.setdefault(name, _pulled(clipped) if name == "image" else clipped)


def _pulled(image: str) -> str:
    """The image as one pulls it, where it is named by its address in the registry's protocol."""
    host, served, rest = image.partition("/v2/")
    name, _, tag = rest.partition("/manifests/")
    return f"{host}/{name}{'@' if tag.startswith('sha256') else ':'}{tag}" if served and tag else image


@functools.cache
def _compiled(regexes: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(re2.compile(regex) for regex in regexes)
