"""Names that Textual and Rich keep for themselves and that we use all the same: each of them is still there.

A new version may drop any of them. An override that nobody calls any more fails nowhere else: the terminal would be
read by two, or an error would print secrets.
"""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.style import Style
from textual import _compositor, _xterm_parser
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen

import monitor.ui

UI = Path(monitor.ui.__path__[0])

OVERRIDDEN = {
    "_display": App,
    "_fatal_error": App,
    "_run_input_thread": LinuxDriver,
    "_sigcont_application": LinuxDriver,
}
"""What Textual is to call, and ours is called instead."""

USED = {
    "_app": Driver,
    "_attach": DOMNode,
    "_auto_restart": Driver,
    "_batch_count": App,
    "_begin_update": App,
    "_check_bindings": App,
    "_close_messages_no_wait": MessagePump,
    "_closed": MessagePump,
    "_compositor": Screen,
    "_debug": Driver,
    "_driver": App,
    "_enable_bracketed_paste": LinuxDriver,
    "_enable_mouse_support": LinuxDriver,
    "_end_update": App,
    "_exception": App,
    "_exit": App,
    "_file": LinuxDriver,
    "_loop": Driver,
    "_make_ansi_codes": Style,
    "_mounted_event": MessagePump,
    "_must_signal_resume": LinuxDriver,
    "_patch_iflag": LinuxDriver,
    "_patch_lflag": LinuxDriver,
    "_post_message": MessagePump,
    "_running": MessagePump,
    "_sigtstp_application": LinuxDriver,
}
"""What we call or look at."""

IMPORTED = {
    "ChopsUpdate": _compositor,
    "CompositorUpdate": _compositor,
    "LayoutUpdate": _compositor,
    "XTermParser": _xterm_parser,
}
"""What is imported from private modules."""

IN_SHAPE = {
    _compositor.ChopsUpdate: ("chops", "spans"),
    _compositor.LayoutUpdate: ("strips", "region"),
    _xterm_parser.XTermParser: ("feed", "tick"),
}
"""What we look at in those."""


def private(name: str) -> bool:
    """Whether a name is its owner's own."""
    return name.startswith("_") and not name.startswith("__")


def has(owner: type, name: str) -> bool:
    """Whether a class has a method or a class variable of that name, or gives each of its objects one."""
    return (
        hasattr(owner, name)
        or re.search(rf"\bself\.{name}\b\s*(?::[^=\n]+)?=[^=]", inspect.getsource(owner)) is not None
    )


def trees() -> Iterator[ast.Module]:
    """Every module of the screen."""
    for path in UI.rglob("*.py"):
        yield ast.parse(path.read_text())


@pytest.mark.parametrize(("name", "owner"), [*OVERRIDDEN.items(), *USED.items()], ids=[*OVERRIDDEN, *USED])
def test_what_we_override_or_use_is_there(name: str, owner: type) -> None:
    """In the class that we have it from."""
    assert has(owner, name)


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_we_override_is_called(name: str) -> None:
    """By the package itself: a method that nobody calls may as well be gone."""
    called = re.compile(rf"(?:self|app|_app|target)\.{name}\b")
    package = Path(inspect.getfile(App)).parent
    assert any(called.search(path.read_text()) for path in package.rglob("*.py"))


@pytest.mark.parametrize("name", IMPORTED)
def test_what_we_import_from_private_modules_is_there(name: str) -> None:
    """Under the name that we know it by, with what we look at in it."""
    found = getattr(IMPORTED[name], name)
    assert all(has(found, part) for part in IN_SHAPE.get(found, ()))


def test_these_tables_are_complete() -> None:
    """Whoever uses one more private name puts it into them."""
    ours = {"_replace"}  # of a named tuple, and no secret
    theirs: set[str] = set()
    for node in (node for tree in trees() for node in ast.walk(tree)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                ours.add(name)
            case ast.Attribute(attr=name, ctx=context) if private(name):
                (ours if isinstance(context, ast.Store) else theirs).add(name)
            case _:
                pass
    assert theirs - ours == set(USED)


def test_nothing_is_overridden_by_chance() -> None:
    """A method of ours that happens to have the name of a private one of Textual's would be called in its place."""
    found = {
        name
        for module in pkgutil.walk_packages(monitor.ui.__path__, "monitor.ui.")
        for ours in vars(importlib.import_module(module.name)).values()
        if inspect.isclass(ours) and ours.__module__ == module.name
        for name, value in vars(ours).items()
        if private(name) and inspect.isfunction(value)
        if any(name in vars(base) for base in ours.__mro__[1:] if base.__module__.startswith(("textual", "rich")))
    }
    assert found == set(OVERRIDDEN)


def test_imports_from_private_modules_are_in_the_table() -> None:
    """As above."""
    found = {
        name.name
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and re.match(r"(?:textual|rich)(?:\.\w+)*\._", node.module or "")
        for name in node.names
    }
    assert found == set(IMPORTED)


@pytest.mark.parametrize("package", ["textual", "rich"])
def test_no_version_is_installed_that_these_names_were_not_read_in(package: str) -> None:
    """The next one but a mend of this one is kept out until somebody has looked at it."""
    wanted = tomllib.loads((UI.parents[1] / "pyproject.toml").read_text())["project"]["dependencies"]
    [bounds] = [
        re.fullmatch(rf"{package}>=(\d+)\.(\d+),<(\d+)\.(\d+)", line) for line in wanted if line.startswith(package)
    ]
    assert bounds is not None
    first, below = ((int(bounds[at]), int(bounds[at + 1])) for at in (1, 3))
    assert below == (first[0], first[1] + 1)
    assert first <= tuple(map(int, importlib.metadata.version(package).split(".")[:2])) < below
