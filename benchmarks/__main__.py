"""Every benchmark, one after another: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

from benchmarks import cold_five_tables, first_frame

for benchmark in (first_frame, cold_five_tables):
    benchmark.main()
    print()
