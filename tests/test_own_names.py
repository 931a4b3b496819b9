"""A command that mends a record names what the record knows of itself, and nothing that is no name."""

from __future__ import annotations

import pytest

from fetchers.records import Reason
from monitor.own_names import with_own_names
from tests.support.records import record

ACCOUNT = "launcher@acme-ml.iam.gserviceaccount.com"
ROW = record(detail={"service_account": ACCOUNT, "job": "vertex-ai-launcher"})


def advice(text: str, row: object = ROW, project: str | None = "acme-ml") -> str | None:
    """What becomes of an advice."""
    return with_own_names(Reason(text="denied", advice=text), row, project).advice  # type: ignore[arg-type]


def test_a_command_names_project_region_job_and_the_account_that_ran() -> None:
    """Only in commands, and the account only where a role is granted to it."""
    assert advice("In PROJECT `gcloud run jobs update JOB --region=REGION --project=PROJECT`.") == (
        "In PROJECT `gcloud run jobs update vertex-ai-launcher --region=us-east1 --project=acme-ml`."
    )
    grant = "`gcloud projects add-iam-policy-binding PROJECT --member=serviceAccount:SERVICE_ACCOUNT --role=ROLE`"
    assert advice(grant) == (
        f"`gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:{ACCOUNT} --role=ROLE`"
    )
    other = "`gcloud iam service-accounts add-iam-policy-binding SERVICE_ACCOUNT --role=ROLE`"
    assert advice(other) == other


def test_what_is_not_known_stays_in_capitals() -> None:
    """Runs have no region; a build's scope may be `global`; a reason without advice stays as it is."""
    run = record(table="completed", scope="acme/arr")
    assert advice("`gcloud x --region=REGION --project=PROJECT`", run, None) == (
        "`gcloud x --region=REGION --project=PROJECT`"
    )
    assert advice("`gcloud x --region=REGION`", record(table="builds", scope="global")) == "`gcloud x --region=REGION`"
    assert with_own_names(Reason(text="x"), ROW, "acme-ml") == Reason(text="x")


@pytest.mark.parametrize("hostile", ["$(id)", "a b", "-x", "a;b", "a`b", "a\nb", "", "\u202e"])
def test_what_is_no_name_goes_into_no_command(hostile: str) -> None:
    """Also a label of somebody else's job is data."""
    row = record(detail={"service_account": hostile, "job": hostile})
    text = "`gcloud run jobs update JOB --member=serviceAccount:SERVICE_ACCOUNT`"
    assert advice(text, row) == text
