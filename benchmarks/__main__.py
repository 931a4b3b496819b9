"""Every benchmark but the long ones of kills and memory, one after another: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

from benchmarks import calls_an_hour, cold_five_tables, first_frame, one_hangs

for benchmark in (first_frame, cold_five_tables, one_hangs, calls_an_hour):
    benchmark.main()
    print()
