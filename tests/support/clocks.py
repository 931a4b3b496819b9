"""The zone that this process lives in, for as long as a test wants another."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from unittest import mock


@contextlib.contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Live there."""
    try:
        with mock.patch.dict(os.environ, {"TZ": name}):
            time.tzset()
            yield
    finally:
        time.tzset()
