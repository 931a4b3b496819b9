"""Pulls facts (machine type, principal, image, …) out of the lines of a cause. Pure; believes no line."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
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
    rf"\b(?:jobs/|Cloud Run [Jj]ob ){_QUOTE}(?P<job>[a-z][a-z0-9-]{{0,60}}[a-z0-9])\b",
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
    r"\burl ?[:=] ?\\*['\"]?https?://(?P<host>[\w.-]+)",
    r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|[Rr]equesting|[Gg]et) \\*[\"']?https?://(?P<host>[\w.-]+)",
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
    # storage
    r"/b/(?P<bucket>[a-z0-9][a-z0-9._-]+[a-z0-9])(?:/|\?|\b$)",
    r"\bgs://(?P<bucket>[a-z0-9][a-z0-9._-]+[a-z0-9])",
    r"\bprojects/_/buckets/(?P<bucket>[a-z0-9][a-z0-9._-]+[a-z0-9])",
    r"\bstorage\.googleapis\.com/(?P<bucket>[a-z0-9][a-z0-9._-]*[.-][a-z0-9._-]*[a-z0-9])/",
    # whose memory, whose rule
    r"\b(?P<device>CUDA|HIP|XPU|MPS|NPU|GPU|HBM)\b",
    r"(?i)\b(?P<shared_memory>shared memory|bus error|SIGBUS|/dev/shm)\b",
    r"\b(?P<cuda>CUDA) (?:kernel )?error\b",
    r"\b(?P<slurm>slurmstepd|DUE TO TIME LIMIT)\b",
    r"\bAn error occurred \(\w+\) when calling the (?P<aws_operation>\w+) operation\b",
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
        unsaid = _WHO if rule in _REFUSED and line is not lines[0] and not _DETAIL.match(line) else frozenset()
        for regex in _compiled(NEARBY):
            _take(found, regex, line[:LINE_MAX], unsaid)
    return _once({name: value for name, value in found.items() if rule in ABOUT.get(name, (rule,))})


_WHO = frozenset({"permission", "principal", "project", "role", "service_account"})
"""Facts of whom is to be given what. Only the refusal itself tells them: anybody may write a line beside it."""

_DETAIL = re.compile(r"\W*(?:details?|status|message|reason|metadata|domain|permission|resource|service)\b[\"' ]*[:=]")
"""A line of an answer that is printed over several."""

NEVER_ENDING = {"permission": ".com", "accelerator": "_GPUS", "job": "overview"}
"""Ends by which something is known not to be such a fact: a host is no permission, a quota no accelerator, a page of
the console no job."""

_REFUSED = ("permission_denied", "unauthenticated", "http_error")
_STARVED = ("quota_exceeded", "accelerator_unavailable")
_CLOUD = ("machine_type_unsupported", "invalid_argument", "not_found", "already_exists", "deadline_exceeded")
_MACHINES = ("machine_type_unsupported", "invalid_argument", "http_error", *_STARVED)
_IMAGES = ("image_pull", "image_build_failed", "container_start_failed", "exec_format_error")
_ROOM = ("out_of_memory", "process_killed")

ABOUT: dict[str, frozenset[str]] = {
    name: frozenset(rules)
    for names, rules in (
        ("machine_type accelerator accelerator_count", _MACHINES),
        ("permission role service project_number", (*_REFUSED, "image_pull")),
        ("bucket", _REFUSED),
        ("resource", (*_REFUSED, *_CLOUD)),
        ("quota_metric quota_limit", _STARVED),
        ("image", (*_IMAGES, *_REFUSED, "not_found")),
        ("credentials aws_operation", _REFUSED),
        ("requested capacity device memory_limit shared_memory", _ROOM),
        ("cuda", ("python_exception",)),
        ("slurm", ("deadline_exceeded",)),
        ("job", (*_REFUSED, *_CLOUD, *_ROOM, *_STARVED, *_IMAGES)),
        ("retry_after", (*_STARVED, "service_error")),
        ("entity", ("wandb_init", "launch_agent_failed", "launch_failed")),
        ("parameter", ("python_exception",)),
        ("principal service_account", (*_REFUSED, *_CLOUD, *_STARVED, "image_pull")),
    )
    for name in names.split()
}
"""Rules by the facts that only they speak of: elsewhere, what looks like one is mostly about something else."""


def _once(facts: dict[str, str]) -> dict[str, str]:
    """Without the second name of one account: who was refused, unless it is the account that nobody may act as."""
    if facts.get("principal") != facts.get("service_account"):
        return facts
    acts = facts.get("permission", "").lower() == "iam.serviceaccounts.actas"
    return {name: value for name, value in facts.items() if name != ("principal" if acts else "service_account")}


def _take(found: dict[str, str], regex: Any, line: str, unsaid: Collection[str] = ()) -> None:
    named = (item for match in regex.finditer(line) for item in match.groupdict().items() if item[0] not in unsaid)
    for name, value in named:
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
