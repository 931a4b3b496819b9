"""Which rows belong together, by what the fetchers write into links."""

from __future__ import annotations

import time
from datetime import timedelta

from fetchers.records import Record, State
from monitor.lineage import Named, Row, is_itself, named_by, resolve
from monitor.tables import TABLES
from tests.support.records import NOON, record

REPOSITORY = "us-docker.pkg.dev/acme-ml/arr/train"
DIGEST = "sha256:" + "ab" * 32


def _rows(*records: Record) -> dict[str, dict[str, Record]]:
    found: dict[str, dict[str, Record]] = {table: {} for table in TABLES}
    for item in records:
        found[item.table][TABLES[item.table].key(item)] = item
    return found


JOB = record("6231", "vertex", "us-central1", links={"wandb_run": "k3f9", "image": f"{REPOSITORY}@{DIGEST}"})
RUN = record("k3f9", "active", "acme/arr", links={"vertex_job": "projects/1/locations/us-central1/customJobs/6231"})
AGENT = record("launcher-x7", "runner", "us-east1", links={"execution": "launcher-x7", "image": f"{REPOSITORY}:v7"})


def _build(id_: str, minutes: float = -60, **more: object) -> Record:
    created = NOON + timedelta(minutes=minutes)
    detail = {"images": f"{REPOSITORY}:v7, {REPOSITORY}:latest", "digest": DIGEST}
    known = {"state": State.SUCCEEDED, "created": created, "started": created, "finished": created, "detail": detail}
    return record(id_, "builds", "global", **known | more)


def test_an_id_names_its_row_in_whichever_table_has_it() -> None:
    """A run is found while it is active and once it has completed; a job in any region."""
    ended = record("old", "completed", "acme/arr", state=State.FAILED)
    rows = _rows(JOB, RUN, AGENT, ended)
    assert resolve("wandb_run", "k3f9", rows) == Row("active", "k3f9")
    assert resolve("wandb_run", "old", rows) == Row("completed", "old")
    assert resolve("vertex_job", "6231", rows) == Row("vertex", "us-central1/6231")
    assert resolve("execution", "launcher-x7", rows) == Row("runner", "us-east1/launcher-x7")
    assert resolve("build", "nine", _rows(_build("nine"))) == Row("builds", "global/nine")


def test_a_full_resource_name_names_the_row_of_its_region_only() -> None:
    """The same number may be a job of another region."""
    rows = _rows(JOB, record("6231", "vertex", "us-east4"))
    for region in ("us-central1", "us-east4"):
        name = f"projects/1/locations/{region}/customJobs/6231"
        assert resolve("vertex_job", name, rows) == Row("vertex", f"{region}/6231")
    assert resolve("vertex_job", "projects/1/locations/asia-east1/customJobs/6231", rows) is None


def test_the_address_of_a_page_names_the_row_it_is_about() -> None:
    """A person writes into a configuration what the browser shows."""
    assert resolve("wandb_run", "https://wandb.ai/acme/arr/runs/k3f9?nw=1", _rows(RUN)) == Row("active", "k3f9")


def test_what_no_table_has_names_nothing() -> None:
    """An unknown id, an unknown kind of link, an empty value, an empty mirror."""
    rows = _rows(JOB, RUN)
    for kind, value in (("wandb_run", "6231"), ("pipeline", "k3f9"), ("vertex_job", ""), ("image", "")):
        assert resolve(kind, value, rows) is None
        assert resolve(kind, value, {}) is None


def test_an_image_names_the_build_that_made_it_by_tag_and_by_digest() -> None:
    """With its digest, each of its tags, or none, which means latest; never by the repository alone."""
    rows = _rows(_build("one"), _build("two", detail={"images": f"{REPOSITORY}:v8"}))
    for image in (f"{REPOSITORY}@{DIGEST}", f"{REPOSITORY}:v7@{DIGEST}", f"{REPOSITORY}:v7", REPOSITORY):
        assert resolve("image", image, rows) == Row("builds", "global/one")
    assert resolve("image", f"{REPOSITORY}:v8", rows) == Row("builds", "global/two")
    assert resolve("image", f"{REPOSITORY}:v9", rows) is None
    assert resolve("image", f"localhost:5000/x@{DIGEST}", rows) is None


def test_of_several_builds_of_a_tag_it_is_the_last_good_one_before_the_image_was_used() -> None:
    """A tag moves; a build that failed never moved it."""
    rows = _rows(_build("a", -90), _build("b", -60), _build("c", -30, state=State.FAILED), _build("d", 10))
    assert resolve("image", f"{REPOSITORY}:v7", rows, at=NOON) == Row("builds", "global/b")
    assert resolve("image", f"{REPOSITORY}:v7", rows) == Row("builds", "global/d")


def test_a_record_knows_who_names_it() -> None:
    """A run its job, a job its run, a build what runs on its image: each once, with the kind of link."""
    rows = _rows(JOB, RUN, AGENT, _build("one"))
    job, run, build = Row("vertex", "us-central1/6231"), Row("active", "k3f9"), Row("builds", "global/one")
    assert named_by(run, rows) == [Named(job, "wandb_run")]
    assert named_by(job, rows) == [Named(run, "vertex_job")]
    assert named_by(build, rows) == [Named(Row("runner", "us-east1/launcher-x7"), "image"), Named(job, "image")]
    assert named_by(Row("runner", "us-east1/launcher-x7"), rows) == []


def test_only_the_build_that_an_image_resolves_to_is_named_by_its_users() -> None:
    """Both directions agree, also where a tag was built twice."""
    rows = _rows(AGENT, _build("a", -90), _build("b", -60))
    assert named_by(Row("builds", "global/a"), rows) == []
    assert named_by(Row("builds", "global/b"), rows) == [Named(Row("runner", "us-east1/launcher-x7"), "image")]


def test_a_link_to_oneself_is_known_as_such() -> None:
    """What an execution is called, and what a build makes, leads nowhere else."""
    agent = Row("runner", "us-east1/launcher-x7")
    assert is_itself("execution", "launcher-x7", agent, AGENT)
    assert not is_itself("image", f"{REPOSITORY}:v7", agent, AGENT)
    assert is_itself("image", REPOSITORY, Row("builds", "global/one"), _build("one"))


def test_five_thousand_rows_are_walked_within_a_frame_or_two() -> None:
    """Opening a record is instant: well under a tenth of a second of work, on any machine that runs this."""
    jobs = [record(str(n), "vertex", "us-east1", links={"wandb_run": f"run{n}"}) for n in range(1000)]
    runs = [record(f"run{n}", "active", "acme/arr", links={"vertex_job": str(n)}) for n in range(1000)]
    agents = [record(f"x{n}", "runner", links={"execution": f"x{n}", "image": REPOSITORY}) for n in range(1000)]
    builds = [_build(f"b{n}", -n) for n in range(1000)]
    rows = _rows(*jobs, *runs, *agents, *builds)
    began = time.process_time()
    assert named_by(Row("vertex", "us-east1/500"), rows) == [Named(Row("active", "run500"), "vertex_job")]
    assert resolve("image", REPOSITORY, rows) == Row("builds", "global/b0")
    assert time.process_time() - began < 0.1
