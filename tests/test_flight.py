"""One fetch on its way: how long it has."""

from __future__ import annotations

from fetchers.messages import Fetch
from monitor.flight import HARD_AFTER_SOFT_S, Flight

FETCH = Fetch(table="runner", generation=1, scopes=("us-east1", "us-west1"), soft_deadline_s=4.5)


def test_a_fetch_has_its_own_time_from_when_it_is_sent() -> None:
    """A worker that takes long to load costs the fetch nothing."""
    flight = Flight(FETCH, sent=10.0)
    assert flight.rest(10.0) is FETCH
    assert flight.hard_deadline == 10.0 + 4.5 + HARD_AFTER_SOFT_S


def test_a_fetch_that_somebody_waits_for_ends_before_the_time_is_up() -> None:
    """What loading took is taken from it, so that the worker itself can still say why it has no answer."""
    flight = Flight(FETCH, sent=3.0, until=5.0)
    rest = flight.rest(3.0)
    assert rest.scopes == FETCH.scopes
    assert 3.0 + rest.soft_deadline_s < flight.hard_deadline == 5.0


def test_a_worker_that_is_ready_at_the_last_moment_is_still_asked() -> None:
    """It has a tenth of a second, so that the call is made, and is in the log."""
    assert Flight(FETCH, sent=4.99, until=5.0).rest(4.99).soft_deadline_s == 0.1
