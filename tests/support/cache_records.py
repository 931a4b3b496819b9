"""Records of every shape, for property tests."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from fetchers.records import Reason, Record, Scalar, State

texts = st.text(max_size=20)
times = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have none
scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), texts
)
reasons = st.builds(
    Reason,
    text=texts,
    rule=st.none() | texts,
    category=st.none() | texts,
    origin=st.none() | texts,
    fatal=st.booleans(),
    advice=st.none() | texts,
)
records = st.builds(
    Record,
    table=texts,
    id=texts,
    name=texts,
    state=st.sampled_from(State),
    raw_state=texts,
    scope=texts,
    created=st.none() | times,
    started=st.none() | times,
    finished=st.none() | times,
    reason=st.none() | reasons,
    url=st.none() | texts,
    links=st.dictionaries(texts, texts, max_size=3),
    detail=st.dictionaries(texts, scalars, max_size=5),
)
