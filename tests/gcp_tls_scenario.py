"""Run by a test in a process of its own, because gRPC reads its trusted certificates once: what TLS and tokens do.

Prints one JSON object of what was observed.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fetchers.errors import FetchError
from fetchers.runner import RunnerFetcher
from tests.emulators import google_world as world_of
from tests.emulators.faults import Fault
from tests.emulators.google import GoogleEmulator
from tests.emulators.tokens import certificate, service_account, token_server
from tests.gcp_asking import R1, records_of, settings_for


async def scenario(folder: Path) -> dict[str, Any]:
    """Ask over TLS with good credentials, with refused ones, and with a certificate that nobody vouches for."""
    trusted, stranger = certificate(), certificate()
    (folder / "roots.pem").write_bytes(trusted[1])
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(folder / "roots.pem")
    async with token_server() as tokens:
        path = service_account(folder / "adc.json", tokens.url)
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(path)
        found = await asked(GoogleEmulator(tls=trusted))
        return found | {"tokens": tokens.given, "stranger": await failed(GoogleEmulator(tls=stranger))}


async def asked(google: GoogleEmulator) -> dict[str, Any]:
    """Three fetches: answered, refused as unauthenticated, answered again; and one of `mine`."""
    await google.start()
    google.world.executions[R1].append(world_of.execution(R1, datetime.now(UTC), world_of.SUCCEEDED))
    fetcher = RunnerFetcher(settings_for(google.endpoint))
    answers = [len(await records_of(fetcher, R1)) for _ in range(2)]
    google.board.fail(Fault.UNAUTHENTICATED)
    refused = await failure(fetcher)
    google.board.mend()
    answers.append(len(await records_of(fetcher, R1)))
    mine = RunnerFetcher(settings_for(google.endpoint, mine=True))
    answers.append(len(await records_of(mine, R1)))
    sent = [metadata.get("authorization") for _, metadata in google.seen]
    await fetcher.close()
    await mine.close()
    await google.stop()
    return {"answers": answers, "sent": sent, "refused": refused}


async def failed(google: GoogleEmulator) -> dict[str, Any]:
    """How a fetch from this server fails, and how many calls reached it."""
    await google.start()
    fetcher = RunnerFetcher(settings_for(google.endpoint))
    error = await failure(fetcher)
    await fetcher.close()
    await google.stop()
    return {"error": error, "calls": google.board.count()}


async def failure(fetcher: RunnerFetcher) -> list[str]:
    """Kind and text of the error of one fetch."""
    try:
        await records_of(fetcher, R1, deadline_s=5)
    except FetchError as error:
        return [error.kind, str(error)]
    return []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(asyncio.run(scenario(Path(name)))))
