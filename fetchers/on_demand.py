"""Packages that import what is asked of them when it is asked, where their own `__init__` imports everything they have.

Google's client for Vertex AI holds forty services in one package; one of them is wanted. Without the others it costs
half the time and half the memory. Python 3.15 does this by itself, for packages that say they can bear it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


class _OnDemand(ModuleType):
    """A package of which nothing has been run yet."""

    def __getattr__(self, name: str) -> Any:
        """Give a submodule; for any other name become the ordinary package, with all that it imports."""
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self.__name__}.{name}"
        if importlib.util.find_spec(full) is not None:
            return importlib.import_module(full)
        self.__class__ = ModuleType  # type: ignore[assignment] # what a module may change, mypy does not know
        if (spec := self.__spec__) is not None and spec.loader is not None:
            spec.loader.exec_module(self)
        return getattr(self, name)


def import_on_demand(*packages: str) -> None:
    """Put off what the `__init__` of each package does; those that are imported already stay as they are.

    A package comes after the one that it is in. Its public names are there as ever: the first that is no submodule has
    the whole package imported.
    """
    for package in packages:
        spec = None if package in sys.modules else importlib.util.find_spec(package)
        if spec is not None:
            module = importlib.util.module_from_spec(spec)
            module.__class__ = _OnDemand
            sys.modules[package] = module
            parent, _, name = package.rpartition(".")
            setattr(sys.modules[parent], name, module)
