"""Every benchmark of a few minutes, one after another: `python -m benchmarks`, or `make bench`.

Those of leaving, of kills and of memory take longer and run alone.
"""

from __future__ import annotations

import sys

from benchmarks import (
    bytes_sent,
    calls_an_hour,
    cold_five_tables,
    diagnosis_quality,
    diagnosis_speed,
    first_frame,
    idle_cpu,
    key_to_paint,
    loop_gaps,
    one_hangs,
    reasons_cold,
    simulated_day,
)

for benchmark in (first_frame, cold_five_tables, one_hangs, loop_gaps, calls_an_hour, diagnosis_quality):
    benchmark.main()
    print()
kept = True
for limited in (key_to_paint, bytes_sent, idle_cpu, reasons_cold, diagnosis_speed):
    kept = limited.main() and kept
    print()
sys.exit(not (simulated_day.main() and kept))
