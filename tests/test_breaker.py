"""The breaker: how soon a worker is started after others have died, and when none is."""

from __future__ import annotations

from monitor.breaker import OPEN_S, RESPAWN_S, Breaker


def broken(now: float = 0.0) -> Breaker:
    """One that has just opened."""
    breaker = Breaker()
    for _ in range(len(RESPAWN_S) + 1):
        breaker.died(now)
    return breaker


def test_the_first_deaths_are_followed_by_growing_pauses() -> None:
    """At once, then ever later, measured from the death."""
    breaker = Breaker()
    assert [breaker.died(100.0) for _ in RESPAWN_S] == [100.0 + pause for pause in RESPAWN_S]
    assert breaker.open_for(100.0) == 0


def test_one_death_more_opens_it_and_time_closes_it() -> None:
    """While it is open nothing is started; the wait that is told counts down to a trial."""
    breaker = broken(100.0)
    assert breaker.open_for(100.0) == OPEN_S[0]
    assert breaker.open_for(100.0 + OPEN_S[0] - 1) == 1
    assert breaker.open_for(100.0 + OPEN_S[0]) == 0


def test_trials_that_die_open_it_for_longer_up_to_a_limit() -> None:
    """Half a minute, a minute, and never more than the last step."""
    breaker = broken()
    for wait in [*OPEN_S[1:], OPEN_S[-1]]:
        assert breaker.died(0.0) is None
        assert breaker.open_for(0.0) == wait


def test_an_answer_forgets_every_death() -> None:
    """The next death is the first one again."""
    breaker = broken()
    breaker.answered()
    assert breaker.open_for(0.0) == 0
    assert breaker.died(50.0) == 50.0 + RESPAWN_S[0]


def test_who_asks_gets_a_trial_but_a_trial_that_dies_counts() -> None:
    """`relent` allows one start; it does not forget the deaths."""
    breaker = broken()
    breaker.relent()
    assert breaker.open_for(0.0) == 0
    assert breaker.died(0.0) is None
    assert breaker.open_for(0.0) == OPEN_S[1]
