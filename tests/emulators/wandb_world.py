"""What a W&B server knows, small enough to be written down in a test, and how GraphQL looks into it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulators.wandb_printed import Printed

LAUNCH_PROJECT = "model-registry"
"""The project that holds every launch queue of an entity."""


@dataclass
class Run:
    """One run. `odd` replaces fields of the server's answer, for what no healthy server would say."""

    id: str
    state: str = "running"
    name: str | None = None
    created: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    heartbeat: datetime | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    group: str | None = None
    job_type: str | None = None
    tags: Sequence[str] = ()
    user: str | None = "research"
    sweep: str | None = None
    commit: str | None = None
    printed: Printed = field(default_factory=lambda: Printed(file=False))
    odd: Mapping[str, Any] = field(default_factory=dict)

    def node(self, files: str = "") -> dict[str, Any]:
        """The run as the server answers it; its files are below the address `files`."""
        return {
            "__typename": "Run",
            "id": f"UnVuOnYxOg{self.id}",
            "projectId": "1",
            "name": self.id,
            "displayName": self.name or self.id,
            "state": self.state,
            "createdAt": _stamp(self.created),
            "heartbeatAt": _stamp(self.heartbeat),
            "config": json.dumps({key: {"value": value} for key, value in self.config.items()}),
            "summaryMetrics": json.dumps(self.summary),
            "systemMetrics": "{}",
            "historyKeys": None,
            "historyLineCount": len(self.history),
            "group": self.group,
            "jobType": self.job_type,
            "tags": list(self.tags),
            "commit": self.commit,
            "sweepName": self.sweep,
            "readOnly": False,
            "description": None,
            "notes": None,
            "user": self.user and {"__typename": "User", "name": self.user.title(), "username": self.user},
            "sampledHistory": self._sampled,
            "history": lambda samples=500: [json.dumps(row) for row in _sample(self.history, samples)],
            "events": [],
            **self.printed.node(f"{files}/{self.id}"),
            **self.odd,
        }

    def _sampled(self, specs: Sequence[str]) -> list[list[dict[str, Any]]]:
        answers = []
        for spec in map(json.loads, specs):
            keys = spec["keys"]
            rows = [{key: row[key] for key in keys} for row in self.history if all(key in row for key in keys)]
            answers.append(_sample(rows, spec.get("samples", 500)))
        return answers


def _sample(rows: Sequence[Any], samples: int) -> list[Any]:
    return list(rows[:: max(1, -(-len(rows) // max(1, samples)))])


@dataclass
class QueueItem:
    """One item of a launch queue; `run` is the id of the run that an agent has made of it."""

    id: str
    state: str = "PENDING"
    created: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    spec: Mapping[str, Any] = field(default_factory=dict)
    run: str | None = None
    priority: int | None = None
    error: str | None = None
    odd: Mapping[str, Any] = field(default_factory=dict)

    def node(self) -> dict[str, Any]:
        """The item as the server answers it."""
        error: dict[str, Any] = {
            "__typename": "RunQueueItemError",
            "message": self.error,
            "stage": "agent",
            "filePaths": [],
        }
        return {
            "__typename": "RunQueueItem",
            "id": self.id,
            "state": self.state,
            "createdAt": _stamp(self.created),
            "runSpec": json.dumps(self.spec),
            "associatedRunId": self.run,
            "priority": self.priority,
            "error": error if self.error else None,
            **self.odd,
        }


@dataclass
class Queue:
    """A launch queue. `modern` servers tell more of an item than its id, state and run."""

    items: list[QueueItem] = field(default_factory=list)
    modern: bool = True

    def node(self, name: str) -> dict[str, Any]:
        """The queue as the server answers it."""
        return {
            "__typename": "RunQueue",
            "id": f"queue-{name}",
            "name": name,
            "access": "PROJECT",
            "defaultResourceConfigID": None,
            "prioritizationMode": "V0",
            "externalLinks": None,
            "runQueueItems": lambda first=100, **_: _edges([self._shown(item) for item in self.items[:first]]),
            "runQueueItem": lambda id: next((self._shown(item) for item in self.items if item.id == id), None),  # noqa: A006 - the server's word
        }

    def _shown(self, item: QueueItem) -> dict[str, Any]:
        node = item.node()
        kept = node if self.modern else ("__typename", "id", "state", "associatedRunId")
        return {key: node[key] for key in kept}


@dataclass
class Artifact:
    """One version of an artifact collection."""

    collection: str
    type: str = "dataset"
    version: int = 0
    aliases: Sequence[str] = ("latest",)
    state: str = "COMMITTED"
    size: int = 1024
    created: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def answers_to(self, alias: str) -> bool:
        """Whether `collection:alias` means this version."""
        return alias in (f"v{self.version}", *self.aliases)


@dataclass
class Project:
    """Runs and artifacts of one project."""

    runs: list[Run] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)


@dataclass
class World:
    """Everything, by entity; it may be changed while the server runs."""

    user: str = "research"
    entity: str = "acme"
    projects: dict[tuple[str, str], Project] = field(default_factory=dict)
    queues: dict[tuple[str, str], Queue] = field(default_factory=dict)
    _url: str = ""

    def run(self, entity: str, project: str, run: str) -> Run | None:
        """The run of that id."""
        found = self.projects.get((entity, project), Project()).runs
        return next((one for one in found if one.id == run), None)

    def project(self, entity: str = "acme", name: str = "arr") -> Project:
        """The project, made where there is none."""
        return self.projects.setdefault((entity, name), Project())

    def queue(self, entity: str = "acme", name: str = "vertex") -> Queue:
        """The launch queue, made where there is none."""
        return self.queues.setdefault((entity, name), Queue())

    def root(self, url: str = "") -> dict[str, Any]:
        """The root of every query to the server at `url`."""
        self._url = url
        features = [{"__typename": "ServerFeature", "name": "SERVER_FEATURE_UNSPECIFIED", "isEnabled": False}]
        return {
            "viewer": self._viewer(),
            "serverInfo": {
                "__typename": "ServerInfo",
                "features": features,
                "cliVersionInfo": json.dumps({"min_cli_version": "0.8.0", "max_cli_version": "0.31.0"}),
                "latestLocalVersionInfo": None,
            },
            "project": self._project,
            "model": self._project,
            "entity": self._entity,
            "models": lambda entityName=None, **_: self._projects(entityName),  # noqa: N803 - the server's word
        }

    def _viewer(self) -> dict[str, Any]:
        return {
            "__typename": "User",
            "id": "user-1",
            "name": self.user.title(),
            "username": self.user,
            "email": f"{self.user}@example.com",
            "admin": False,
            "entity": self.entity,
            "flags": "{}",
            "deletedAt": None,
            "teams": _edges([{"__typename": "Team", "id": "team-1", "name": self.entity}]),
            "apiKeys": _edges([]),
        }

    def _entity(self, name: str) -> dict[str, Any] | None:
        if not any(entity == name for entity, _ in [*self.projects, *self.queues]):
            return None
        return {
            "__typename": "Entity",
            "id": f"entity-{name}",
            "name": name,
            "projects": lambda **_: self._projects(name),
        }

    def _projects(self, entity: str | None) -> dict[str, Any]:
        return _edges([self._project(name, owner) for owner, name in self.projects if owner == entity])

    def _project(self, name: str, entityName: str | None = None) -> dict[str, Any] | None:  # noqa: N803 - the server's word
        entity = entityName or self.entity
        project = self.projects.get((entity, name))
        queues = {queue: held for (owner, queue), held in self.queues.items() if owner == entity}
        if project is None and not (name == LAUNCH_PROJECT and queues):
            return None
        shown = _ShownProject(entity, name, project or Project(), queues if name == LAUNCH_PROJECT else {}, self._url)
        return shown.node()


@dataclass
class _ShownProject:
    entity: str
    name: str
    project: Project
    queues: Mapping[str, Queue]
    url: str

    def _files(self) -> str:
        return f"{self.url}/files/{self.entity}/{self.name}"

    def node(self) -> dict[str, Any]:
        return {
            **self._identity(),
            "createdAt": "2026-01-01T00:00:00Z",
            "readOnly": False,
            "isBenchmark": False,
            "access": "PROJECT",
            "entityName": self.entity,
            "user": None,
            "runCount": lambda filters=None: len(self._filtered(filters)),
            "runs": self._runs,
            "run": lambda name: next((run.node(self._files()) for run in self.project.runs if run.id == name), None),
            "runQueue": lambda name: self.queues[name].node(name) if name in self.queues else None,
            "runQueues": [queue.node(name) for name, queue in self.queues.items()],
            "artifactType": self._artifact_type,
            "artifactTypes": lambda **_: _edges([self._artifact_type(name) for name in sorted(self._types())]),
            "artifactCollectionMembership": self._membership,
            "artifactCollection": self._collection,
        }

    def _identity(self) -> dict[str, Any]:
        owner = {"__typename": "Entity", "id": f"entity-{self.entity}", "name": self.entity}
        return {
            "__typename": "Project",
            "id": f"project-{self.name}",
            "internalId": "1",
            "name": self.name,
            "entity": owner,
        }

    def _filtered(self, filters: str | None) -> list[Run]:
        wanted = matcher(json.loads(filters) if filters else {})
        return [run for run in self.project.runs if wanted(run)]

    def _runs(
        self, filters: str | None = None, after: str | None = None, first: int = 50, order: str | None = None
    ) -> dict[str, Any]:
        runs = _sorted(self._filtered(filters), order or "+created_at")
        start = int(after.removeprefix("after-")) if after else 0
        return _edges(
            [run.node(self._files()) for run in runs[start : start + first]], start, more=start + first < len(runs)
        )

    def _types(self) -> set[str]:
        return {artifact.type for artifact in self.project.artifacts}

    def _artifact_type(self, name: str) -> dict[str, Any] | None:
        if name not in self._types():
            return None
        collections = sorted({artifact.collection for artifact in self.project.artifacts if artifact.type == name})
        return {
            "__typename": "ArtifactType",
            "id": f"type-{name}",
            "name": name,
            "description": None,
            "createdAt": "2026-01-01T00:00:00Z",
            "artifactCollection": self._collection,
            "artifactCollections": lambda **_: _edges([self._collection(found) for found in collections]),
        }

    def _collection(self, name: str) -> dict[str, Any] | None:
        versions = [artifact for artifact in self.project.artifacts if artifact.collection == name]
        if not versions:
            return None
        return {
            "__typename": "ArtifactSequence",
            "id": f"collection-{name}",
            "name": name,
            "description": None,
            "state": "READY",
            "createdAt": _stamp(versions[0].created),
            "updatedAt": _stamp(versions[-1].created),
            "project": self._identity(),
            "defaultArtifactType": {"__typename": "ArtifactType", "name": versions[0].type},
            "tags": _edges([]),
            "artifacts": lambda **_: {
                **_edges([self._artifact(version) for version in versions]),
                "totalCount": len(versions),
            },
        }

    def _artifact(self, artifact: Artifact) -> dict[str, Any]:
        return {
            "__typename": "Artifact",
            "id": f"artifact-{artifact.collection}-{artifact.version}",
            "artifactSequence": self._collection(artifact.collection),
            "artifactType": {"__typename": "ArtifactType", "name": artifact.type},
            "versionIndex": artifact.version,
            "description": None,
            "metadata": "{}",
            "ttlDurationSeconds": -2,
            "ttlIsInherited": True,
            "tags": [],
            "historyStep": None,
            "state": artifact.state,
            "size": artifact.size,
            "digest": "0" * 32,
            "digestAlgorithm": "MANIFEST_MD5",
            "commitHash": None,
            "fileCount": 1,
            "createdAt": _stamp(artifact.created),
            "updatedAt": None,
            "aliases": self._aliases(artifact),
        }

    def _aliases(self, artifact: Artifact) -> list[dict[str, Any]]:
        shown = {"__typename": "ArtifactAlias", "artifactCollection": None}
        return [{**shown, "id": f"alias-{alias}", "alias": alias} for alias in artifact.aliases]

    def _membership(self, name: str) -> dict[str, Any] | None:
        collection, _, alias = name.partition(":")
        for artifact in self.project.artifacts:
            if artifact.collection == collection and artifact.answers_to(alias or "latest"):
                return {
                    "__typename": "ArtifactCollectionMembership",
                    "id": f"membership-{name}",
                    "versionIndex": artifact.version,
                    "createdAt": _stamp(artifact.created),
                    "aliases": self._aliases(artifact),
                    "artifactCollection": self._collection(collection),
                    "artifact": self._artifact(artifact),
                }
        return None


def _edges(nodes: Sequence[Any], start: int = 0, *, more: bool = False) -> dict[str, Any]:
    edges = [
        {"__typename": "Edge", "node": node, "cursor": f"after-{start + at + 1}", "version": f"v{at}"}
        for at, node in enumerate(nodes)
    ]
    end = edges[-1]["cursor"] if edges else None
    info = {"__typename": "PageInfo", "endCursor": end, "hasNextPage": more}
    return {"__typename": "Connection", "edges": edges, "pageInfo": info, "totalCount": len(edges)}


def _stamp(time: datetime | None) -> str | None:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def _sorted(runs: list[Run], order: str) -> list[Run]:
    keys: dict[str, Callable[[Run], datetime]] = {
        "created_at": lambda run: run.created,
        "heartbeat_at": lambda run: run.heartbeat or run.created,
    }
    return sorted(runs, key=keys[order.lstrip("+-")], reverse=order.startswith("-"))


# --- filters, in the words of MongoDB ----------------------------------------------------------------------------

_FIELDS: dict[str, Callable[[Run], Any]] = {
    "state": lambda run: run.state,
    "name": lambda run: run.id,
    "displayName": lambda run: run.name or run.id,
    "display_name": lambda run: run.name or run.id,
    "createdAt": lambda run: _stamp(run.created),
    "group": lambda run: run.group,
    "jobType": lambda run: run.job_type,
    "username": lambda run: run.user,
    "tags": lambda run: list(run.tags),
}

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: value == wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$in": lambda value, wanted: any(one in wanted for one in (value if isinstance(value, list) else [value])),
    "$nin": lambda value, wanted: value not in wanted,
    "$gt": lambda value, wanted: value is not None and value > wanted,
    "$gte": lambda value, wanted: value is not None and value >= wanted,
    "$lt": lambda value, wanted: value is not None and value < wanted,
    "$lte": lambda value, wanted: value is not None and value <= wanted,
    "$exists": lambda value, wanted: (value is not None) == wanted,
    "$regex": lambda value, wanted: re.search(wanted, value or "") is not None,
}


def matcher(filters: Mapping[str, Any]) -> Callable[[Run], bool]:
    """Whether a run is meant by filters such as `{"state": {"$in": ["running"]}}`."""
    tests = [_test(key, wanted) for key, wanted in filters.items()]
    return lambda run: all(test(run) for test in tests)


def _test(key: str, wanted: Any) -> Callable[[Run], bool]:
    if key in ("$and", "$or", "$nor"):
        parts = [matcher(part) for part in wanted]
        if key == "$and":
            return lambda run: all(part(run) for part in parts)
        return lambda run: any(part(run) for part in parts) == (key == "$or")
    operators = wanted if isinstance(wanted, dict) else {"$eq": wanted}
    return lambda run: all(_OPERATORS[name](_field(key, run), value) for name, value in operators.items())


def _field(key: str, run: Run) -> Any:
    if key.startswith("config."):
        return run.config.get(key.removeprefix("config.").removesuffix(".value"))
    if key.startswith("summary_metrics."):
        return run.summary.get(key.removeprefix("summary_metrics."))
    return _FIELDS[key](run)


# --- a world to begin with ---------------------------------------------------------------------------------------


PRINTING = "".join(f"step {step} loss {1 / (step + 1):.4f}\n" for step in range(100))
"""What a run prints that has nothing to complain of."""

PRINTED = {
    "failed": PRINTING
    + "Traceback (most recent call last):\n"
    + '  File "/app/train.py", line 88, in <module>\n    main()\n'
    + '  File "/app/train.py", line 61, in main\n    batch = table["price"]\n'
    + "KeyError: 'price'\n",
    "crashed": PRINTING
    + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 15.77 GiB"
    + " of which 1.12 GiB is free.\n",
}
"""What a run printed before it ended in one of these states."""


def default_world(now: datetime) -> World:
    """A project `acme/arr` with runs in every state, its queue `vertex` and an artifact; the same for one `now`."""
    world = World()
    project = world.project()
    for at, state in enumerate(
        ("running", "running", "pending", "finished", "finished", "failed", "crashed", "killed")
    ):
        created = now - timedelta(minutes=30 * (at + 1))
        ended = state not in ("running", "pending")
        project.runs.append(
            Run(
                id=f"run{at:04d}",
                name=f"{state}-{at}",
                state=state,
                created=created,
                heartbeat=created + timedelta(minutes=25) if ended else now - timedelta(seconds=10),
                config={"lr": 0.1 / (at + 1), "image": "europe-docker.pkg.dev/acme-ml/train/arr:7"},
                summary={"loss": 1 / (at + 1), "_step": 100 * at, "_runtime": 1500},
                history=[{"_step": step, "loss": 1 / (step + 1)} for step in range(100)],
                group="nightly",
                job_type="train",
                tags=("baseline",),
                printed=Printed(PRINTED.get(state, PRINTING), file=state in ("finished", "failed")),
            )
        )
    spec = {"job": "acme/arr/job-train:v3", "author": "research", "name": "queued-train", "resource": "gcp-vertex"}
    world.queue().items += [
        QueueItem(id="item-1", created=now - timedelta(minutes=3), spec=spec, priority=2),
        QueueItem(id="item-2", created=now - timedelta(minutes=90), spec=spec, state="CLAIMED", run="run0000"),
    ]
    project.artifacts += [Artifact("images", version=at, aliases=["latest"] if at else []) for at in range(2)]
    return world
