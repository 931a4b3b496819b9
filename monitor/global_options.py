"""The reader of a command line that holds nothing but global options: that of the dashboard.

The first frame waits for no command-line library. Whatever is not understood here without a doubt is left to it, and so
is every error.
"""

from __future__ import annotations

from collections.abc import Iterable

_FLAGS = {"--demo": "demo", "--utc": "utc", "--no-color": "no_color"}
"""Option → what it sets in an `Invocation`."""
_CONFIG = "--config"


def alone(args: Iterable[str]) -> dict[str, str | bool] | None:
    """What the options set, by the names of `Invocation`; null where there is anything else, or half an option."""
    found: dict[str, str | bool] = {}
    words = iter(args)
    for word in words:
        if word in _FLAGS:
            found[_FLAGS[word]] = True
            continue
        name, equals, value = word.partition("=")
        if name != _CONFIG:
            return None
        path = value if equals else next(words, "-")
        if path.startswith("-"):
            return None
        found["config_path"] = path
    return found
