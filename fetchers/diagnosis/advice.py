"""What to do about a cause, with the exact command. A fact enters the advice only if it has the form of such a name.

A rule's advice is made of lines. A line whose prose (what stands outside of backticks) asks for a fact is left out
where that is unknown; in a command, the unknown stands in capitals. A line that begins with `else: ` counts only where
none before it did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fetchers.diagnosis.facts import FACT_MAX
from fetchers.diagnosis.machine_types import accelerators, carriers
from fetchers.diagnosis.model import Rule
from fetchers.diagnosis.roles import role_for

ELSE = "else: "
_PLACE = re.compile(r"\{(\w+)\}")
_COMMAND = re.compile(r"`[^`]*`")
_IMAGE = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<image_project>[a-z][\w.:-]*)/(?P<repository>[a-z][\w-]*)(?:/|$)"
)

FORMS: dict[str, str] = {
    "principal": r"[\w.+-]+@[\w.-]+",
    "exit_code": r"-?\d{1,3}",
    "quota_metric": r"[\w./-]+(?: [\w-]+)*",
    "accelerator": r"[\w-]+(?: [\w-]+)*",
    "requested": r"[\d.]+ [KMGT]i?B",
    "capacity": r"[\d.]+ [KMGT]i?B",
    "credentials": r"\w+(?: \w+)*",
    "memory_limit": r"\d+ ?[MG]iB?",
    "path": r"[\w.~/][\w./~@+-]*",
    "resource": r"(?://)?\w[\w./:@+-]*|gs://[\w./-]+",
}
"""What a fact must look like, as a regular expression, to stand in an advice; else as `PLAIN`."""
PLAIN = r"\w[\w./:@+-]*"
"""No blank, no quote, nothing that a shell takes for more than a letter, and no dash in front."""

PLACEHOLDERS = {
    "member": "serviceAccount:SERVICE_ACCOUNT",
    "member_email": "SERVICE_ACCOUNT",
    "puller": "serviceAccount:SERVICE_AGENT",
    "submitter": "user:SUBMITTER",
    "image_at_google": "IMAGE",
    "memory": "MEMORY",
}
"""What stands for an unknown fact, where it is not simply its name in capitals."""


def advise(rule: Rule, facts: Mapping[str, str]) -> str:
    """The rule's advice with the facts filled in; never raises."""
    known = {name: value for name, value in facts.items() if _has_its_form(name, value)}
    known |= {name: value for name, derive in DERIVED.items() if name not in known and (value := derive(known))}
    given: list[str] = []
    for line in rule.advice.splitlines():
        text = line.removeprefix(ELSE)
        if (text != line and given) or not _asked_for(text) <= known.keys():
            continue
        given.append(_PLACE.sub(lambda place: known.get(place[1]) or placeholder(place[1]), text))
    return " ".join(given)


def in_general(rule: Rule) -> list[str]:
    """All that may be advised for the rule, one thing an item, with every fact in capitals."""
    lines = (line.removeprefix(ELSE) for line in rule.advice.splitlines())
    return [_PLACE.sub(lambda place: placeholder(place[1]), line) for line in lines]


def placeholder(name: str) -> str:
    """What stands in a command for a fact that is not known."""
    return PLACEHOLDERS.get(name, name.upper())


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


def _accelerators(facts: Mapping[str, str]) -> str:
    return ", ".join(accelerators(facts.get("machine_type", "")))


def _machine_types(facts: Mapping[str, str]) -> str:
    return ", ".join(carriers(facts.get("accelerator", "")))


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
    "machine_types": _machine_types,
    "accelerators": _accelerators,
    "region": _region,
    "location": _part_of_image("location"),
    "repository": _part_of_image("repository"),
    "image_project": _part_of_image("image_project"),
    "memory": _twice_the_memory,
}
"""Facts that follow from others, where nothing says them."""
