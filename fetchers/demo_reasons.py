"""Why things fail in the demo: each rule of the diagnosis once, in the words that real systems print, as data.

What stands in braces is the record's own: `of` puts it in.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from fetchers.records import Reason

_LAUNCHER = "launcher@acme-ml.iam.gserviceaccount.com"
_GRANT = f"gcloud projects add-iam-policy-binding acme-ml --member=serviceAccount:{_LAUNCHER}"


def _reason(rule: str, category: str, origin: str, text: str, advice: str, *, fatal: bool = True) -> Reason:
    return Reason(text=text, rule=rule, category=category, origin=origin, fatal=fatal, advice=advice)


def done(jobs: int) -> Reason:
    """What a launcher says of itself that has ended well."""
    return Reason(text=f"✓ Completed: {jobs} job{'' if jobs == 1 else 's'}", origin="agent")


def of(reason: Reason, own: Mapping[str, object]) -> Reason:
    """The reason as it is told of one record."""
    advice = None if reason.advice is None else reason.advice.format_map(own)
    return replace(reason, text=reason.text.format_map(own), advice=advice)


REASONS: dict[str, Reason] = {
    reason.rule or reason.text: reason
    for reason in (
        _reason(
            "machine_type_unsupported",
            "config",
            "gcp",
            "InvalidArgument: 400 Machine type {machine} is not supported in {region}",
            "Choose a region that has it: `gcloud compute machine-types list --filter=name={machine}`",
        ),
        _reason(
            "invalid_argument",
            "config",
            "gcp",
            "InvalidArgument: 400 List of found errors: 1.Field: job_spec.worker_pool_specs[0].machine_spec."
            "accelerator_count; Message: 3 is not a valid count for {accelerator}",
            "Use 1, 2, 4 or 8: `gcloud ai custom-jobs create --help` shows --worker-pool-spec",
        ),
        _reason(
            "permission_denied",
            "permission",
            "gcp",
            "PermissionDenied: 403 Permission 'aiplatform.customJobs.create' denied on resource"
            " '//aiplatform.googleapis.com/projects/acme-ml/locations/{region}' (or it may not exist)",
            f"Let the launcher create jobs: `{_GRANT} --role=roles/aiplatform.user`",
        ),
        _reason(
            "not_found",
            "not-found",
            "gcp",
            "NotFound: 404 The staging bucket gs://acme-ml-evals-{region} does not exist",
            "Create it: `gcloud storage buckets create gs://acme-ml-evals-{region} --location={region}`",
        ),
        _reason(
            "quota_exceeded",
            "quota",
            "gcp",
            "ResourceExhausted: 429 The following quotas are exceeded: CustomModelTraining{gpu}GPUsPerProjectPerRegion",
            "Ask for more, or use another region: `gcloud alpha services quota list --consumer=projects/acme-ml"
            " --service=aiplatform.googleapis.com`",
        ),
        _reason(
            "repeated_failures",
            "repeated",
            "agent",
            "wandb: launch: FAILED 3 times in 50 lines: error running job {job}: exit status 2",
            "Read what the first one says: `gcloud run jobs executions logs read {execution} --region={region}`",
        ),
        _reason(
            "python_exception",
            "exception",
            "python",
            "KeyError: 'learning_rate' in train.py line 88",
            "Run it once on this machine before launching: `python -m arr.train --config CONFIG --max-steps 2`",
        ),
        _reason(
            "http_error",
            "service",
            "gcp",
            "HttpError: <HttpError 412 when requesting https://storage.googleapis.com/storage/v1/b/acme-ml-data/o"
            ' returned "At least one of the pre-conditions you specified did not hold.">',
            "Somebody else wrote the object meanwhile: `gcloud storage ls -L gs://acme-ml-data`",
        ),
        _reason(
            "service_error",
            "service",
            "gcp",
            "ServiceUnavailable: 503 The service is currently unavailable",
            "Try again in some minutes; the state of the services is on https://status.cloud.google.com",
            fatal=False,
        ),
        _reason(
            "wandb_init",
            "wandb",
            "wandb",
            "wandb: ERROR Failed to initialize: run initialization has timed out after 90.0 sec",
            "Check that the container reaches W&B: `curl -sS https://api.wandb.ai/healthz`, or set WANDB_MODE=offline",
        ),
        _reason(
            "image_pull",
            "image",
            "container",
            "ImagePullBackOff: Failed to pull image {image}: manifest unknown",
            "Build it, or correct the tag: `gcloud artifacts docker images list"
            " us-central1-docker.pkg.dev/acme-ml/train --include-tags`",
        ),
        _reason(
            "out_of_memory",
            "resources",
            "python",
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.40 GiB. GPU 0 has a total capacity of"
            " 79.15 GiB of which 1.12 GiB is free",
            "Halve the batch and double the accumulation: `--per-device-batch 4 --grad-accumulation 8`",
        ),
        _reason(
            "disk_full",
            "resources",
            "python",
            "OSError: [Errno 28] No space left on device: '/checkpoints/step_24000/optimizer.pt'",
            "Ask for a larger disk: `--worker-pool-spec=…,boot-disk-size=500`, or keep fewer checkpoints",
        ),
        _reason(
            "preempted",
            "resources",
            "gcp",
            "The spot machine was reclaimed after {ran}",
            "Resume from the last checkpoint: `wandb launch --queue vertex --resume-from latest`",
            fatal=False,
        ),
        _reason(
            "deadline_exceeded",
            "resources",
            "gcp",
            "The job was ended after its timeout of {timeout_s} s, at 92 % of its steps",
            "Give it longer: scheduling.timeout = 28800s in the queue's configuration",
        ),
        _reason(
            "collective_failure",
            "resources",
            "python",
            "NCCL watchdog: ALLREDUCE timed out after 600000 ms on rank 5: a peer has gone",
            "Look for the rank that ended first: `gcloud logging read 'labels.rank=5' --project acme-ml --limit 50`",
            fatal=False,
        ),
        _reason(
            "process_killed",
            "resources",
            "container",
            "Killed by SIGKILL (exit 137): the container used all of its 85 GB of memory",
            "Lower num_workers of the data loader, or take the next larger machine: a2-highgpu-2g",
        ),
    )
}
"""Rule → the reason that the demo gives for it."""

OTHERS: dict[str, Reason] = {
    "pip": _reason(
        "pip_install_failed",
        "image",
        "python",
        "step 1: ERROR: Could not find a version that satisfies the requirement torch==2.13.7",
        "See which there are: `pip index versions torch`",
    ),
    "push": _reason(
        "permission_denied",
        "permission",
        "gcp",
        "denied: Permission 'artifactregistry.repositories.uploadArtifacts' denied on resource"
        " 'projects/acme-ml/locations/us-central1/repositories/train'",
        "Let the builder push: `gcloud artifacts repositories add-iam-policy-binding train --location=us-central1"
        " --member=serviceAccount:cloud-build@acme-ml.iam.gserviceaccount.com --role=roles/artifactregistry.writer`",
    ),
    "base image": _reason(
        "image_pull",
        "image",
        "container",
        "failed to resolve source metadata for docker.io/nvidia/cuda:12.9.0-devel-ubuntu20.04: not found",
        "See which tags there are, and correct the FROM line of the Dockerfile",
    ),
    "build timeout": _reason(
        "deadline_exceeded",
        "resources",
        "gcp",
        "build timed out after {build_s} s in step 2: compiling flash-attn",
        "Give it longer: `timeout: 3600s` in cloudbuild.yaml, or use a wheel that is compiled already",
    ),
    "build internal": _reason(
        "service_error",
        "service",
        "gcp",
        "Build failed due to an internal error; please retry: INTERNAL 500",
        "Try again: `gcloud builds submit --config cloudbuild.yaml`",
        fatal=False,
    ),
    "expired": Reason(text="It waited {queue_s} s in its queue, which is all that queueTtl allows", origin="gcp"),
    "assertion": _reason(
        "python_exception",
        "exception",
        "python",
        "AssertionError: checkpoint has 32 layers, the configuration 40 (model.py line 214)",
        "Name the configuration that the checkpoint was trained with: `--config configs/llama-8b.yaml`",
    ),
    "nan": _reason(
        "nan_loss",
        "exception",
        "user",
        "FloatingPointError: loss is nan (lr 3e-3, no warm-up)",
        "Bound the sweep: `parameters.lr.max: 1e-3` in sweep.yaml, or clip gradients: `--max-grad-norm 1.0`",
    ),
    "partial": Reason(text="3 of 4 replicas wrote their shard, replica 2 wrote none", origin="gcp"),
    "shards": _reason(
        "python_exception",
        "exception",
        "python",
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x92 in shard 41 of 64 (4 tasks failed)",
        "Skip what is no UTF-8: `--on-decode-error skip`",
    ),
    "stopped": Reason(text="Cancelled by ml-platform@acme-ml.iam.gserviceaccount.com", origin="user"),
}
"""What the demo gives besides: other words of the same rules, and what the sources say themselves."""
