"""The catalogue of errors, made from the rules.

`python -m monitor.error_catalogue > docs/errors.md` writes the page anew.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from fetchers.diagnosis.advice import in_general
from fetchers.diagnosis.model import NEVER, Category, Rule
from fetchers.diagnosis.rules import RULES

_WIDTH = 118

_INTRODUCTION = """\
# Errors

<!-- Made from the code: `python -m monitor.error_catalogue > docs/errors.md` -->

Why a program died, as `monitor` says it: in the `why` of a failed row, in `monitor why` and in `monitor explain`. Each
reason has a rule, and each rule a category. The specific beats the general, and the cause what follows from it: a log
that ends with `exited with code 137` after an out-of-memory error says `out_of_memory`.

A guard, which reads the log while it is written, ends a program at once for what can only fail again; the exit status
is the one that it leaves with. What may pass is counted first, and what only explains a death is no reason to end a
program that lives.

In commands, what `monitor` does not know stands in CAPITALS; what the log names is filled in.
"""

_CATEGORIES: Mapping[Category, str] = {
    Category.CONFIG: "What was asked for cannot be had: the request or the configuration must change.",
    Category.PERMISSION: "Somebody may not do it, or nobody knows who it is.",
    Category.QUOTA: "There is not enough of it, for this project or in this place.",
    Category.SERVICE: "A service, or the way to it, failed or refused.",
    Category.NOT_FOUND: "What was named is not there.",
    Category.EXCEPTION: "The program itself failed.",
    Category.REPEATED: "Many things failed, and nothing says why more exactly.",
    Category.WANDB: "W&B or its launch agent could not begin.",
    Category.IMAGE: "The container's image could not be fetched, built or started.",
    Category.RESOURCES: "The machine gave out: memory, disk, accelerators, time, or the machine itself.",
}


def catalogue() -> str:
    """The page, in Markdown."""
    parts = [_INTRODUCTION, _overview()]
    for category, meaning in _CATEGORIES.items():
        parts.append(f"## {category.value}: exit status {category.exit_status}\n\n{meaning}\n")
        parts.extend(_section(rule) for rule in _rules(category))
    return "\n".join(parts)


def _rules(category: Category) -> list[Rule]:
    """The category's rules, the most specific first."""
    return sorted((rule for rule in RULES.values() if rule.category is category), key=lambda rule: -rule.rank)


def _overview() -> str:
    rows = (
        f"| [`{rule.id}`](#{rule.id}) | {rule.title} | {category.value} | {category.exit_status} |"
        for category in _CATEGORIES
        for rule in _rules(category)
    )
    return "\n".join(("| rule | what happened | category | exit status |", "|---|---|---|---|", *rows, ""))


def _section(rule: Rule) -> str:
    return "\n".join(_section_lines(rule))


def _section_lines(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}"
    yield ""
    yield f"**{rule.title.capitalize()}.** It looks like:"
    yield ""
    yield "```text"
    yield from (example.strip() for example in rule.examples)
    yield "```"
    yield ""
    yield textwrap.fill(f"{rule.explains} {_guard(rule)}", _WIDTH)
    yield ""
    yield "What to do:"
    yield ""
    for advice in in_general(rule):
        yield f"- {advice}"
    yield ""


def _guard(rule: Rule) -> str:
    """When a guard acts on it, in a sentence."""
    if rule.threshold >= NEVER:
        return "A guard leaves the program alone."
    if rule.threshold == 1:
        return "A guard acts at once."
    return f"A guard acts when it comes {rule.threshold} times within {rule.window} lines."


if __name__ == "__main__":
    print(catalogue(), end="")  # noqa: T201 - this is what it is for
