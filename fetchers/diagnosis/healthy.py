"""Words that make a line harmless although it speaks of failure: data only. The reader weighs severity and place."""

from __future__ import annotations

HARMLESS: tuple[str, ...] = (
    r"(?i)\b(?:no|0|zero|without) (?:\w+ )?(?:errors?|failures?|failed|warnings?|exceptions?)\b",
    r"(?i)\b(?:errors?|failures?|failed|exceptions?)\b[ \"']*[:=] ?(?:0|none|null|false|\[\]|\{\})(?:\D|$)",
    r"(?i)\berror[ _-]?(?:rate|bars?|budget|margin|handling|handler|message|code table)\b",
    r'" [1-5]\d\d \d+(?: |$)',
)
"""RE2; a line in which one of these is found is never evidence of a failure."""

SURVIVED: tuple[str, ...] = (
    r"(?i)\bretry(?:ing)?\b|\bwill (?:be )?retr(?:y|ied)\b|\btry(?:ing)? again in\b|\bbacking off\b",
    r"(?i)\b(?:ignor(?:ed|ing)|skipp(?:ed|ing)|continuing|falling back|fallback|recovered)\b",
)
"""RE2; a failure in, or just before, such a line was survived if anything goes on after it."""

PROGRESS: tuple[str, ...] = (
    r"(?i)\b(?:step|epoch|iter(?:ation)?|batch)\b[ :=\[]*\d+",
    r"\b\d+(?:\.\d+)?(?:it/s|s/it|samples/s|tokens/s)\b",
    r"\b\d{1,3}%\|",
)
"""RE2; the program works: what came before did not end it."""

SUCCESS: tuple[str, ...] = (
    r"(?i)\b(?:completed|finished|succeeded|ended|exited|done) (?:successfully|without errors?)\b",
    r"(?i)\bsuccessfully \w+\b",
    r"(?i)\brun succeeded\b|\bBUILD SUCCESS\b|\bexit(?:ed)?(?: with)? (?:code|status)[ :=]*0\b",
    r"(?i)^(?:SUCCESS|PASSED|OK|Done\.?)$|\b\d+ passed\b",
)
"""RE2; the program, or the part that failed before, reached its goal."""
