"""What to do about a cause, with the exact command. A fact enters the advice only if it has the form of such a name.

A rule's advice is made of lines. A line whose prose (what stands outside of backticks) asks for a fact is left out
where that is unknown; in a command, the unknown stands in capitals. A line that begins with `else: ` counts only where
none before it did, and one that begins with `if fact: `, after that, only where the fact is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fetchers.diagnosis.distributions import distribution_of
from fetchers.diagnosis.facts import FACT_MAX
from fetchers.diagnosis.machine_types import accelerators, carriers
from fetchers.diagnosis.model import Rule
from fetchers.diagnosis.roles import example_role_for, role_for

ELSE = "else: "
_IF = re.compile(r"if (\w+): ")
_PLACE = re.compile(r"\{(\w+)\}")
_COMMAND = re.compile(r"`[^`]*`")
_IMAGE = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<image_project>[a-z][\w.:-]*)/(?P<repository>[a-z][\w-]*)(?:/|$)"
)

FORMS: dict[str, str] = {
    "argument": r"-{0,2}\w[\w.-]*",
    "image": r"[a-z0-9][\w./-]*(?::[\w./-]+)?(?:@sha256:[0-9a-f]{8,64})?",
    "principal": r"[\w.+-]+@[\w.-]+",
    "exit_code": r"-?\d{1,3}",
    "quota_metric": r"[\w./-]+(?: [\w-]+)*",
    "accelerator": r"[\w-]+(?: [\w-]+)*",
    "requested": r"[\d.]+ [KMGT]i?B",
    "capacity": r"[\d.]+ [KMGT]i?B",
    "credentials": r"\w+(?: \w+)*",
    "memory_limit": r"\d+ ?[MG]iB?",
    "path": r"[\w.~/][\w./~@+-]*",
    "file": r"[\w.~/][\w./~@+-]*",
    "shared_memory": r"[\w/]+(?: \w+)*",
    "slurm": r"\w+(?: \w+)*",
    "bucket": r"[a-z0-9][a-z0-9._-]{1,220}",
    "resource": r"(?://)?\w[\w./:@+-]*|gs://[\w./-]+",
}
"""What a fact must look like, as a regular expression, to stand in an advice; else as `PLAIN`."""
PLAIN = r"\w[\w./:@+-]*"
"""No blank, no quote, nothing that a shell takes for more than a letter, and no dash in front."""

GOOGLES = ("googleapis.com", "google.com", "pkg.dev", "gcr.io", "run.app")
"""Ends of the hosts where Google's roles and logins count."""

SERVICES = {
    "anthropic": "Anthropic",
    "azure": "Azure",
    "boto3": "AWS",
    "botocore": "AWS",
    "openai": "OpenAI",
    "wandb": "W&B",
}
"""Whose client raises an exception, by the first word of its name."""

_THERE = frozenset({"PermissionError", "IsADirectoryError", "NotADirectoryError", "FileExistsError"})
"""Exceptions about something that is there."""

_IN_A_BUCKET = ("storage.objects.", "storage.multipartUploads.", "storage.buckets.get")

PLACEHOLDERS = {
    "member": "serviceAccount:SERVICE_ACCOUNT",
    "member_email": "SERVICE_ACCOUNT",
    "puller": "serviceAccount:SERVICE_AGENT",
    "submitter": "user:SUBMITTER",
    "image_at_google": "IMAGE",
    "memory": "MEMORY",
    "elsewhere": "ANOTHER SERVICE",
    "bucket_to_grant_on": "BUCKET",
    "distribution": "PACKAGE",
    "example_role": "A_WIDE_ROLE",
    "refused_path": "PATH",
    "directory": "PATH",
    "taken": "PATH",
    "missing": "PATH",
}
"""What stands for an unknown fact, where it is not simply its name in capitals."""


CONDITIONS = {
    "cloud_run": "where it is a Cloud Run job",
    "cuda": "where it is about CUDA",
    "device": "where an accelerator's memory is full",
    "shared_memory": "where shared memory is full",
    "slurm": "where Slurm runs it",
}
"""What the conditions of an advice's lines mean, for people."""

UNNAMED = frozenset({"machine_types", "accelerators"})
"""Facts that are lists out of our own tables: without them a sentence about them says nothing."""


class _Line(NamedTuple):
    """A line of an advice."""

    text: str
    otherwise: bool
    """Whether it counts only where none before it did."""
    condition: str
    """A fact that must be known, though the text does not ask for it."""
    asks: set[str]
    """All facts that must be known."""


def advise(rule: Rule, facts: Mapping[str, str]) -> str:
    """The rule's advice with the facts filled in; never raises."""
    known = well_formed(facts)
    if "permission" in known:
        known.pop("role", None)  # A role that somebody named beside it need not be the one that holds it.
    known |= {name: value for name, derive in DERIVED.items() if name not in known and (value := derive(known))}
    given: list[str] = []
    for line in map(_line, rule.advice.splitlines()):
        if not (line.otherwise and given) and line.asks <= known.keys():
            given.append(_PLACE.sub(lambda place: known.get(place[1]) or placeholder(place[1]), line.text))
    return " ".join(given)


def in_general(rule: Rule) -> list[str]:
    """All that may be advised for the rule, one thing an item, with every fact in capitals and when it counts."""
    lines = [_line(text) for text in rule.advice.splitlines()]
    return [_in_general(line) for line in lines if not line.asks & UNNAMED]


def _in_general(line: _Line) -> str:
    text = _PLACE.sub(lambda place: placeholder(place[1]), line.text)
    words = f"{CONDITIONS[line.condition]}: {text[:1].lower()}{text[1:]}" if line.condition else text
    if line.otherwise:
        return f"Else: {words}"
    return words[:1].upper() + words[1:] if line.condition else words


def _line(written: str) -> _Line:
    text = written.removeprefix(ELSE)
    found = _IF.match(text)
    condition = found[1] if found else ""
    text = text[found.end() :] if found else text
    return _Line(text, written.startswith(ELSE), condition, _asked_for(text) | ({condition} - {""}))


def placeholder(name: str) -> str:
    """What stands in a command for a fact that is not known."""
    return PLACEHOLDERS.get(name, name.upper())


def well_formed(facts: Mapping[str, str]) -> dict[str, str]:
    """Those of the facts that have the form of such a name: what else a log put in their place is none."""
    return {name: value for name, value in facts.items() if _has_its_form(name, value)}


def _has_its_form(name: str, value: str) -> bool:
    return len(value) <= FACT_MAX and re.fullmatch(FORMS.get(name, PLAIN), value, re.ASCII) is not None


def _asked_for(line: str) -> set[str]:
    """The facts without which the line makes no sense: those of its prose."""
    return set(_PLACE.findall(_COMMAND.sub("", line)))


# --- what follows from other facts -----------------------------------------------------------------------------------


def _member(facts: Mapping[str, str]) -> str:
    principal = facts.get("principal", "")
    kind = "serviceAccount" if principal.endswith(".gserviceaccount.com") else "user"
    return f"{kind}:{principal}" if principal else ""


def _puller(facts: Mapping[str, str]) -> str:
    return _member(facts) if facts.get("principal", "").endswith(".gserviceaccount.com") else ""


def _account_acted_as(facts: Mapping[str, str]) -> str:
    """The service account that somebody may not use: its name is what such a denial names."""
    acts = facts.get("permission", "").lower() == "iam.serviceaccounts.actas"
    return facts.get("service_account") or placeholder("member_email") if acts else ""


def _submitter(facts: Mapping[str, str]) -> str:
    """Who may not act as the service account: somebody else than it."""
    return "" if facts.get("principal") == facts.get("service_account") else _member(facts)


def _bucket_to_grant_on(facts: Mapping[str, str]) -> str:
    """The bucket, where a role on it alone is enough: more is nobody's to ask for."""
    held = facts.get("permission", "").startswith(_IN_A_BUCKET) and _role(facts)
    return facts.get("bucket", "") if held else ""


def _elsewhere(facts: Mapping[str, str]) -> str:
    """Who refused it, where that is none of Google's services: no role and no login of theirs helps there."""
    host = facts.get("host", "")
    if host:
        return "" if host.endswith(GOOGLES) else host
    return SERVICES.get(facts.get("exception", "").partition(".")[0], "") or ("AWS" if "aws_operation" in facts else "")


def _path_of(exception: str) -> Callable[[Mapping[str, str]], str]:
    def read(facts: Mapping[str, str]) -> str:
        return facts.get("path", "") if _class(facts) == exception else ""

    return read


def _missing(facts: Mapping[str, str]) -> str:
    """The path that is not there: not one that may not be used, or is of another kind."""
    return "" if _class(facts) in _THERE else facts.get("path", "")


def _class(facts: Mapping[str, str]) -> str:
    return facts.get("exception", "").rpartition(".")[2]


def _cloud_run(facts: Mapping[str, str]) -> str:
    """What shows that it is a job of Cloud Run: its name, or a limit that only Cloud Run tells in these words."""
    return facts.get("job") or facts.get("memory_limit", "")


def _accelerator_name(facts: Mapping[str, str]) -> str:
    """As Compute Engine calls the accelerator that Vertex AI writes in capitals."""
    name = facts.get("accelerator", "").lower().replace("_", "-")
    return name if name.startswith("nvidia-") and " " not in name and not _fits(facts) else ""


def _image_at_google(facts: Mapping[str, str]) -> str:
    image = facts.get("image", "")
    return image if "pkg.dev/" in image or "gcr.io/" in image else ""


def _part_of_image(part: str) -> Callable[[Mapping[str, str]], str]:
    def read(facts: Mapping[str, str]) -> str:
        match = _IMAGE.match(facts.get("image", ""))
        return match[part] if match else ""

    return read


def _role(facts: Mapping[str, str]) -> str:
    return role_for(facts.get("permission", ""))


def _example_role(facts: Mapping[str, str]) -> str:
    return example_role_for(facts.get("permission", ""))


def _distribution(facts: Mapping[str, str]) -> str:
    return distribution_of(facts.get("module", ""))


def _accelerators(facts: Mapping[str, str]) -> str:
    return "" if _fits(facts) else ", ".join(accelerators(facts.get("machine_type", "")))


def _machine_types(facts: Mapping[str, str]) -> str:
    return "" if _fits(facts) else ", ".join(carriers(facts.get("accelerator", "")))


def _fits(facts: Mapping[str, str]) -> bool:
    """Whether nothing is wrong between machine type and accelerator: what is refused then is refused in this place."""
    accelerator = facts.get("accelerator", "")
    return not accelerator or facts.get("machine_type", "") in carriers(accelerator)


def _region(facts: Mapping[str, str]) -> str:
    return facts.get("zone", "").rpartition("-")[0]


def _twice_the_memory(facts: Mapping[str, str]) -> str:
    """A limit that has been too little, doubled, as Cloud Run writes it."""
    match = re.fullmatch(r"(\d+)([MG])iB?", facts.get("memory_limit", "").replace(" ", ""))
    return f"{int(match[1]) * 2}{match[2]}i" if match else ""


DERIVED: dict[str, Callable[[Mapping[str, str]], str]] = {
    "member": _member,
    "member_email": lambda facts: facts.get("principal", ""),
    "puller": _puller,
    "account": _account_acted_as,
    "submitter": _submitter,
    "image_at_google": _image_at_google,
    "role": _role,
    "example_role": _example_role,
    "bucket_to_grant_on": _bucket_to_grant_on,
    "elsewhere": _elsewhere,
    "distribution": _distribution,
    "missing": _missing,
    "refused_path": _path_of("PermissionError"),
    "directory": _path_of("IsADirectoryError"),
    "taken": _path_of("FileExistsError"),
    "cloud_run": _cloud_run,
    "accelerator_name": _accelerator_name,
    "machine_types": _machine_types,
    "accelerators": _accelerators,
    "region": _region,
    "location": _part_of_image("location"),
    "repository": _part_of_image("repository"),
    "image_project": _part_of_image("image_project"),
    "memory": _twice_the_memory,
}
"""Facts that follow from others, where nothing says them."""
