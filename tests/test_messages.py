"""Frames: what is packed is read again, however the bytes are split, and nonsense is an error of its own kind."""

from __future__ import annotations

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.errors import Failure, FrameError
from fetchers.messages import (
    MAX_FRAME,
    CallEnded,
    CallStarted,
    FetchEnded,
    Message,
    Note,
    Page,
    Ready,
    ScopeComplete,
    ScopeFailed,
    ScopeStarted,
    from_worker,
    pack,
)
from fetchers.records import Reason
from tests.support.records import NOON, record

ABOUT = {"table": "runner", "generation": 7, "scope": "us-east1"}
EVERY: tuple[Message, ...] = (
    Ready(source="runner", pid=1, import_s=0.5),
    msgspec.convert({**ABOUT, "at": NOON, "type": "ScopeStarted"}, ScopeStarted),
    Page(
        table="runner",
        generation=7,
        scope="us-east1",
        at=NOON,
        records=(record("a", reason=Reason(text="no"), detail={"n": 1, "x": 0.5, "b": True, "none": None}),),
    ),
    ScopeComplete(table="runner", generation=7, scope="us-east1", at=NOON),
    ScopeFailed(table="runner", generation=7, scope="us-east1", at=NOON, failure=Failure(kind="timeout", text="no")),
    FetchEnded(table="runner", generation=7, stuck=True),
    CallStarted(id=1, table="runner", generation=7, method="ListExecutions", scope="us-east1", page=2, at=NOON),
    CallEnded(id=1, at=NOON, error="no"),
    Note(level="error", text="\x1b[31mred\x00 \ud7ff"),
)


@given(st.data())
def test_messages_survive_the_wire_however_it_cuts_them(data: st.DataObject) -> None:
    """Any sequence of messages, split into any chunks, is read as the same sequence."""
    sent = data.draw(st.lists(st.sampled_from(EVERY), max_size=6))
    stream = b"".join(map(pack, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    frames, got = from_worker(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += list(frames.feed(stream[begin:end]))
    assert got == sent


@given(st.binary(max_size=64))
def test_nonsense_is_a_frame_error_and_nothing_else(body: bytes) -> None:
    """A frame that holds anything but a message raises `FrameError`, never another exception."""
    try:
        list(from_worker().feed(struct.pack(">I", len(body)) + body))
    except FrameError:
        return
    assert msgspec.msgpack.decode(body)["type"] in {type(message).__name__ for message in EVERY}


def test_a_frame_over_the_limit_is_refused_at_its_head() -> None:
    """One gigabyte announced is refused after four bytes, before any of it is kept."""
    with pytest.raises(FrameError, match="over the limit"):
        list(from_worker().feed(struct.pack(">I", 1 << 30)))


def test_a_message_over_the_limit_is_not_sent() -> None:
    """The sender finds out, not the reader."""
    with pytest.raises(FrameError, match="Note of"):
        pack(Note(level="info", text="x" * (MAX_FRAME + 1)))


def test_half_a_frame_is_not_a_message() -> None:
    """Silence after half a frame yields nothing and raises nothing."""
    frames = from_worker()
    assert list(frames.feed(pack(EVERY[0])[:-1])) == []
