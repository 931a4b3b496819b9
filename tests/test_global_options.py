"""The reader of global options, held against click: what the one understands, the other understands alike."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from monitor.command_line import program
from monitor.global_options import alone
from monitor.invocation import Invocation

OPTIONS = ("--demo", "--utc", "--no-color", "--config", "--config=", "--config=a b", "--demo=1", "--conf", "--version")
OTHERS = ("ls", "config", "-h", "-", "--", "", "=", "a.toml", "-a.toml", "--config=-a", "--utc ")
WORDS = st.sampled_from(OPTIONS + OTHERS) | st.text(max_size=6) | st.text(max_size=6).map("--config={}".format)


def as_click_reads(args: list[str]) -> dict[str, object] | None:
    """What click makes of the line; null where it holds anything else, or is wrong."""
    try:
        context = program.make_context("monitor", list(args), obj=Invocation())
    except (click.ClickException, click.exceptions.Exit):
        return None
    with context:
        return None if context.args or context._protected_args else context.params


@given(st.lists(WORDS, max_size=5))
def test_what_is_read_without_click_is_what_click_reads(args: list[str]) -> None:
    """Every option has the value that it would have; no line is taken that click refuses or sees a command in."""
    found = alone(args)
    if found is not None:
        unset = {"config_path": None, "demo": False, "utc": False, "no_color": False}
        assert as_click_reads(args) == unset | found


@given(st.permutations(["--demo", "--utc", "--no-color", "--config=a.toml"]), st.integers(0, 4))
def test_options_in_any_order_need_no_click(args: list[str], number: int) -> None:
    """Else the first frame would wait for it."""
    assert len(alone(args[:number]) or {}) == number


def test_half_an_option_and_a_path_that_looks_like_one_are_left_to_click() -> None:
    """It knows how to complain."""
    assert [alone(args) for args in (["--config"], ["--config", "--demo"], ["--config=-x"])] == [None] * 3
    assert alone(["--config", "a.toml", "--config", "b.toml"]) == {"config_path": "b.toml"}
