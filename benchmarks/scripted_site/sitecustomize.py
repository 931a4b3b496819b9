"""Put on PYTHONPATH by `benchmarks.cockpit`: the engine's process runs a script instead; the screen is the real one."""

from __future__ import annotations

import os
import sys

if "monitor.engine" in sys.orig_argv and "SCRIPT" in os.environ:
    import scripted_engine  # type: ignore[import-not-found]  # it stands beside this file

    scripted_engine.main(int(sys.orig_argv[-2]), os.environ["SCRIPT"])
    os._exit(0)
