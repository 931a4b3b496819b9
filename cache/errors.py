"""The errors of the caches, under the root of the program's error tree.

MonitorError
└── CacheError       the cache did not do what it was asked; nothing but speed depends on it
    ├── Slow         no answer in time: the disk is slow or hangs
    └── Unusable     this file cannot be used at all, now or later
        └── Unfit    and is to be set aside: damaged, or of a newer schema
"""

from __future__ import annotations

from fetchers.errors import MonitorError


class CacheError(MonitorError):
    """The cache did not do what it was asked; trying again later is always right."""


class Slow(CacheError):
    """No answer in time."""


class Unusable(CacheError):
    """This file cannot be used."""


class Unfit(Unusable):
    """This file is damaged, or newer than this program: to be set aside."""
