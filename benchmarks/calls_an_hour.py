"""API calls of one table in a simulated hour with 3 of 18 regions in use, beside asking everything every 30 s.

The real schedule on a clock moved by hand; every answer takes a second, and the dice of the jitter are seeded.
"""

from __future__ import annotations

import random
from collections import defaultdict

from fetchers.settings import DEFAULT_REGIONS
from monitor.pace import Outcome
from monitor.schedule import Schedule
from monitor.tables import TablePlan

HOUR_S = 3600.0
ANSWER_S = 1.0
IN_USE = 3


def simulated_hour() -> dict[str, list[float]]:
    """When each region was asked, seconds since the beginning."""
    schedule, now, asked = Schedule(random.Random(1)), 0.0, defaultdict[str, list[float]](list)  # noqa: S311
    schedule.add("runner", TablePlan(), DEFAULT_REGIONS, now)
    busy = set(DEFAULT_REGIONS[:IN_USE])
    while (due := schedule.next_due()) is not None and due < HOUR_S:
        now = max(now, due)
        scopes = schedule.due(now).get("runner", ())
        schedule.asked("runner", scopes, now)
        for scope in scopes:
            schedule.called("runner")
            asked[scope].append(now)
        now += ANSWER_S
        schedule.ended(
            "runner", {scope: Outcome(rows=5, pending=1) if scope in busy else Outcome() for scope in scopes}
        )
    return asked


def main() -> None:
    """Print the row."""
    asked = simulated_hour()
    calls = sum(map(len, asked.values()))
    everything = len(DEFAULT_REGIONS) * int(HOUR_S / TablePlan().interval_s)
    gaps = [
        b - a for region in DEFAULT_REGIONS[:IN_USE] for a, b in zip(asked[region], asked[region][1:], strict=False)
    ]
    print("| what | ours | beside | ratio |\n|---|---|---|---|")
    print(f"| calls in an hour, {IN_USE} of 18 regions in use | {calls} | {everything} | {calls / everything:.2f} |")
    print(f"| seconds between two looks at a region in use | {min(gaps):.1f} to {max(gaps):.1f} | 30 | |")


if __name__ == "__main__":
    main()
