"""What a run of a W&B server printed, a part at a time: its console lines, else its file `output.log`.

The server has the lines of every run, also of one that crashed; the file is there only where the run could end
properly, and on servers that are too old to be asked for lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from wandb.proto import wandb_api_pb2 as api

from fetchers.ask import Ask
from fetchers.base import LogText
from fetchers.errors import BadAnswer, Rejected
from fetchers.messages import LogEntry, LogPart
from fetchers.records import Record
from fetchers.wandb_download import download
from fetchers.wandb_online import OnlineRuns
from fetchers.wandb_output import OUTPUT, entries, page_of_file, place
from fetchers.wandb_records import moment, number, text

MOST_LINES = 20_000
"""Lines asked for at once; the server gives the newest of a run, and fewer where it finds that too much."""
MOST_TEXT = 2_000_000
"""Characters of one part."""
_LEAVES_S = 0.3
"""Seconds before the end of a call at which its download is ended, so that its thread has ended too."""

_LINE = "line:"
"""Begins the token of a part that is made of lines: those before this one are older."""
_BYTE = "byte:"

_LONGEST_URL = 4_000
_MOST_DIGITS = 19

_FILE = """
query RunOutputFile($entity: String!, $project: String!, $run: String!, $names: [String]) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { files(names: $names, first: 1) { edges { node { name url directUrl sizeBytes } } } }
  }
}
"""


@dataclass(frozen=True)
class File:
    """A file of a run: where it can be had."""

    url: str
    size: int
    """Bytes, as the server says."""


async def printed(server: OnlineRuns, ask: Ask, record: Record, part: LogPart) -> LogText:
    """One part of what the run printed, the end unless `part` names another; empty where W&B has nothing of it.

    Raises `FetchError`.
    """
    if not (part.token or "").startswith(_BYTE):
        try:
            found = await _lines(server, ask, record, part)
        except (Rejected, BadAnswer):
            if part.token is not None:
                raise
            found = LogText(())  # a server of old: the file says as much, where there is one
        if found.entries or part.token is not None:
            return found
    file = await _file(server, ask, record)
    return LogText(()) if file is None else await _page(server, ask, file, part)


# --- lines -------------------------------------------------------------------------------------------------------


async def _lines(server: OnlineRuns, ask: Ask, record: Record, part: LogPart) -> LogText:
    before = place(part.token, _LINE)
    wanted = part.most
    if before is not None:  # the server counts from the end, which may have moved
        newest = await _tail(server, ask, record, 1)
        wanted += max([newest.total_lines, *(line.number + 1 for line in newest.lines)]) - before
    answer = await _tail(server, ask, record, min(wanted, MOST_LINES))
    lines = [line for line in answer.lines if before is None or line.number < before][-part.most :]
    kept = _bounded(entries((line.number, moment(line.timestamp), line.content) for line in lines))
    if before and not kept:
        return LogText((_not_given(before, record),))
    first = int(kept[0].id) if kept else 0
    return LogText(kept, f"{_LINE}{first}" if first > 0 else None)


async def _tail(server: OnlineRuns, ask: Ask, record: Record, last: int) -> Any:
    entity, _, project = record.scope.partition("/")
    asked = api.ReadRunConsoleLogsRequest(entity=entity, project=project, run_id=record.id, last=last)
    request = api.ApiRequest(read_run_console_logs_request=asked)
    answer = await server.requested(ask, f"ConsoleLog {record.id}", 1, request)
    return answer.read_run_console_logs_response


def _bounded(found: tuple[LogEntry, ...]) -> tuple[LogEntry, ...]:
    """The newest of the entries that fit into one part."""
    left, first = MOST_TEXT, len(found)
    while first and left >= len(found[first - 1].text):
        first -= 1
        left -= len(found[first].text)
    return found[first:]


def _not_given(older: int, record: Record) -> LogEntry:
    url = record.detail.get("log_url")
    return LogEntry(text=f"{older:,} older lines, which W&B does not give this way: see {url}")


# --- file --------------------------------------------------------------------------------------------------------


async def _file(server: OnlineRuns, ask: Ask, record: Record) -> File | None:
    entity, _, project = record.scope.partition("/")
    variables = {"entity": entity, "project": project, "run": record.id, "names": [OUTPUT]}
    data = await server.asked(ask, f"RunFiles {record.id}", 1, _FILE, variables)
    return file_of(data, server.base_url)


def file_of(data: Any, base_url: str) -> File | None:
    """The file that the server's answer tells of, whatever is in it; null where it is none, or empty."""
    for name in ("project", "run", "files", "edges"):
        data = data.get(name) if isinstance(data, Mapping) else None
    node = data[0].get("node") if isinstance(data, list) and data and isinstance(data[0], Mapping) else None
    if not isinstance(node, Mapping) or node.get("name") != OUTPUT:
        return None
    url = text(node.get("directUrl"), _LONGEST_URL) or text(node.get("url"), _LONGEST_URL)
    size = _size(node.get("sizeBytes"))
    try:
        return File(urljoin(f"{base_url}/", url), size) if url and size else None
    except ValueError:
        return None


def _size(value: Any) -> int:
    """Bytes, which come as a number or as its digits; 0 for anything else."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < _MOST_DIGITS else 0
    found = number(value)
    return max(0, found) if isinstance(found, int) else 0


async def _page(server: OnlineRuns, ask: Ask, file: File, part: LogPart) -> LogText:
    key = (await server.service(ask)).api_key

    def read(start: int, end: int) -> bytes:
        left = max(_LEAVES_S, ask.left_s() - _LEAVES_S)
        data = download(file.url, start, end, key=key, home=server.base_url, deadline_s=left)
        if len(data) < end - start:  # what stands at the end would be missing, and nobody would look again
            raise BadAnswer(f"{OUTPUT} of {file.size:,} bytes: only {len(data):,} came of {end - start:,} asked for")
        return data

    return await ask.call(f"Download {OUTPUT}", 1, lambda: page_of_file(read, file.size, part))
