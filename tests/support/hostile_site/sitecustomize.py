"""Python imports this at the start of every process that has this directory on its path: workers get other sources."""

import sys

if "fetchers.worker" in sys.orig_argv:
    from tests.support import hostile_source

    hostile_source.stand_in()
