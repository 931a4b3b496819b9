"""A viewer without a screen that lets its engine die: `python -m tests.support.kills_viewer CONFIG`.

It hears the engine through the program's own link. Once that has noticed that the engine has ended, and cleared up
after it, no other is started, so that whoever is still alive belonged to the one that died.
"""

from __future__ import annotations

import asyncio
import sys

from monitor.changes import EngineEnded
from monitor.invocation import Invocation
from monitor.link import EngineProcess


async def main(config: str) -> None:
    """Hear the engine until it has ended, and do nothing from then on."""
    async for change in EngineProcess(Invocation(config_path=config).start()).changes():
        if isinstance(change, EngineEnded):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
