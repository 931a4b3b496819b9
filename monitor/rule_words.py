"""Writes the words that the rules' patterns need, which take too long to work out at each start: `make docs` does it.

python -m monitor.rule_words > fetchers/diagnosis/words.py
"""

from __future__ import annotations

import sys
import textwrap

from fetchers.diagnosis.matcher import expression, fingerprint, searched

_WIDTH = 110


def render() -> str:
    """The module `fetchers/diagnosis/words.py`."""
    patterns = searched()
    pieces = textwrap.wrap(
        expression(patterns), _WIDTH, drop_whitespace=False, break_on_hyphens=False, replace_whitespace=False
    )
    lines = "\n".join(f"    {piece!r}" for piece in pieces)
    return f'''"""What makes a line worth reading, worked out from the rules; `make docs` writes it, a test compares.

Where it is not of the rules as they are, it is worked out anew.
"""

# ruff: noqa: E501 - generated
# fmt: off

FINGERPRINT = "{fingerprint(patterns)}"
"""Of the patterns that the expression is of."""

EXPRESSION = (
{lines}
)
"""One of these words stands in each line that a pattern fits."""
'''


if __name__ == "__main__":
    sys.stdout.write(render())
