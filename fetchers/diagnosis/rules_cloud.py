"""What Google Cloud, or any service that speaks its statuses, says about a request that it refused or failed."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule
from fetchers.diagnosis.rules_access import GRANT
from fetchers.diagnosis.rules_status import (
    BAD_GATEWAY,
    BAD_REQUEST,
    CONFLICT,
    GATEWAY_TIMEOUT,
    INTERNAL,
    MISSING,
    PRECONDITION,
    REQUEST_TIMEOUT,
    UNAVAILABLE,
    Status,
    grpc_renderings,
    http_renderings,
    renderings,
)

_OTHER_4XX = r"4(?:0[25-79]|1\d|2[0-8]|3[1-9]|51)"
"""Statuses of a refusal that have no rule of their own."""

_NOT_OFFERED = (
    r"\b(?:unsupported|unavailable|invalid|unknown|incompatible|no longer|cannot|too (?:small|large)|must be|"
    r"(?:is|are|was|were|does|do|could)(?: not\b|n't\b)|not (?:\w+ )?(?:supported|available|valid|allowed|permitted|"
    r"offered|accepted|compatible|found))"
)
"""What is said of a machine type that cannot be had."""

_REFUSED = (
    r"\b(?:unsupported|unavailable|invalid|unknown|incompatible|no longer|could not be found|"
    r"does not (?:exist|have enough)|"
    r"(?:is|are|was|were)(?: not\b|n't\b)|not (?:\w+ )?(?:supported|available|valid|allowed|permitted|offered|accepted|"
    r"compatible|found))"
)
"""The same, said so that nothing else can be meant."""

_NOT_KNOWN = (
    r"(?i)\b(?:determin|detect|fetch|quer(?:y|ied)|retriev|report|log|chang)\w*\b.*\bmachine[ _-]?type\b|warning: |"
    r"\bfield selection\b|'fields'"
)
"""Somebody only wanted to know which machine type it is."""

_MACHINE = r"[\"'`(\[]*(?P<machine_type>[a-z]\d?\w*-[a-z]\w*(?:-\w+)*)?"

CLOUD_RULES = (
    Rule(
        id="machine_type_unsupported",
        title="machine type not supported",
        category=Category.CONFIG,
        origin="gcp",
        rank=90,
        patterns=(
            Pattern(regex=rf"(?i)\bmachine[ _-]?types?(?:uri)?\b[ :=]*{_MACHINE}.*{_REFUSED}", unless=_NOT_KNOWN),
            Pattern(
                regex=rf"(?i)\bmachine[ _-]?types?(?:uri)?\b[ :=]*{_MACHINE}.*{_NOT_OFFERED}",
                unless=_NOT_KNOWN,
                threshold=NEVER,
            ),
            Pattern(
                regex=r"(?i)\b(?:unsupported|unavailable|invalid|unknown|unrecogni[sz]ed|incompatible|"
                r"no such|no available|"
                r"no matching|no|could not find|cannot use|not an? \w+)(?: \w+)? (?:machine|instance)[ _-]?types?\b"
                rf"[ :=]*{_MACHINE}",
                unless=_NOT_KNOWN,
            ),
            Pattern(regex=r"(?i)\binvalid (?:value|choice)\b.*\bmachine[_-]?type|\binvalid \S*\.machineType"),
            Pattern(
                regex=r"(?i)\b(?:not (?:supported|available|compatible|allowed)|cannot be used)\b[^.]*"
                r"\b(?:machine|instance)[ _-]?types?\b",
                unless=_NOT_KNOWN,
            ),
            Pattern(regex=rf"(?i)\binstance[ _-]type\b.*{_REFUSED}", unless=_NOT_KNOWN),
            Pattern(regex=rf"(?i)\binstance[ _-]type\b.*{_NOT_OFFERED}", unless=_NOT_KNOWN, threshold=NEVER),
            Pattern(regex=r"\b(?:Invalid|Unsupported)(?:Machine|Instance)Type\b"),
            Pattern(regex=rf"\bmachineTypes/(?P<machine_type>[a-z][\w-]+)\b.*{_NOT_OFFERED}"),
            Pattern(
                regex=r"(?i)\b(?P<machine_type>(?:[acegmnt]\d[a-z]?|ct\d\w*)-[a-z]+\w*-\w+)\b.*\bis not "
                r"(?:a )?(?:supported|valid|available)\b"
            ),
            Pattern(
                regex=r"(?i)\baccelerator(?:[ _-]?type)?s?\b.*\b(?:not (?:supported|available|compatible|allowed) "
                r"(?:for|with|by|on|in)|can only be attached|cannot be attached)\b"
            ),
            Pattern(regex=r"(?i)\bcannot attach\b.*\b(?:accelerator|gpu)|\b(?:accelerator|gpu) count must be\b"),
            Pattern(regex=r"(?i)\bfeatures are not compatible for creating instance\b"),
        ),
        explains=(
            "The service does not offer this machine type, or not with this accelerator, in that region or zone. Every "
            "further attempt will be refused in the same way."
        ),
        advice=(
            "Machine types that carry {accelerator}: {machine_types}.\n"
            "{machine_type} can carry: {accelerators}.\n"
            "Zones that have {accelerator_name}: `gcloud compute accelerator-types list "
            "--filter=name={accelerator_name}`.\n"
            "else: Use a region that has {machine_type}, or another machine type; where it is offered, if at all, says "
            "`gcloud compute machine-types list --filter=name={machine_type}`.\n"
            "else: Choose a machine type that the service offers there."
        ),
        examples=(
            'google.api_core.exceptions.InvalidArgument: 400 Machine type "n1-standard-3" is not supported.',
            "Machine type n2-highgpu-8g is not supported for custom training.",
            'googleapi: Error 400: Accelerator "NVIDIA_TESLA_T4" is not supported for machine type "a2-highgpu-1g"',
            "Unsupported machine type: e2-micro",
            "Invalid value for field 'resource.machineType': 'zones/us-east1-b/machineTypes/n9-standard-4'.",
            "Machine type with name `n1-giant-1` does not exist in zone `europe-west4-a`",
        ),
    ),
    Rule(
        id="invalid_argument",
        title="request refused as invalid",
        category=Category.CONFIG,
        origin="gcp",
        rank=55,
        patterns=(
            *renderings(BAD_REQUEST),
            *grpc_renderings(PRECONDITION),
            *grpc_renderings(Status(400, "OUT_OF_RANGE", "OutOfRange", 11, "out of range")),
            Pattern(regex=r"(?i): invalid argument$"),
            Pattern(regex=r"\bInvalid value for field '"),
            Pattern(regex=r"(?i)\brequest contains an invalid argument\b"),
            Pattern(regex=r"(?i)\b(?:Error|Argument|ERROR)\b.*\binvalid json payload received\b"),
        ),
        explains="A field of the request has a value that the service does not accept; trying again changes nothing.",
        advice=("Correct the field that the message names, then submit again: the same request is refused every time."),
        examples=(
            "google.api_core.exceptions.InvalidArgument: 400 The request has an invalid worker pool.",
            "ERROR: (gcloud.ai.custom-jobs.create) INVALID_ARGUMENT: replica_count must be positive",
            "rpc error: code = InvalidArgument desc = display name must not be empty",
            '    "status": "INVALID_ARGUMENT",',
            "Error 400: Invalid value for field 'region': 'us-middle1'., badRequest",
        ),
    ),
    Rule(
        id="already_exists",
        title="exists already",
        category=Category.CONFIG,
        origin="gcp",
        rank=54,
        threshold=NEVER,
        patterns=grpc_renderings(CONFLICT),
        explains="Something of this name is there already, or is being changed by somebody else at this moment.",
        advice=(
            "Choose another name, or use or delete {resource}.\n"
            "else: Choose another name, or use or delete what has it."
        ),
        examples=("google.api_core.exceptions.AlreadyExists: 409 Repository train already exists.",),
    ),
    Rule(
        id="not_found",
        title="not found",
        category=Category.NOT_FOUND,
        origin="gcp",
        rank=60,
        patterns=(
            *renderings(MISSING),
            Pattern(regex=r"^(?:Error|ERROR): Not Found\b|\bnotFound$"),
            Pattern(regex=r"(?i)\bno such object: |\bthe specified (?:bucket|key|blob|container) does not exist\b"),
            Pattern(regex=r"\bNoSuch(?:Key|Bucket)\b|\bBlobNotFound\b|\bBucketNotFoundException\b"),
            Pattern(regex=r"^CommandException: (?:One or more|No) URLs matched\b"),
            Pattern(regex=r"\b(?:Repository|Entry|Revision)NotFoundError\b"),
            Pattern(regex=r"(?i)\brequested entity was not found\b|\bresource '[^']+' was not found\b"),
            Pattern(
                regex=r"(?i)\b(?:error|fatal|failed|failure)\b.*\b(?P<kind>bucket|project|dataset|table|"
                r"repository|secret|"
                r"service account|network|subnetwork|queue|artifact|endpoint|model)\b.*\b(?:not found|"
                r"does not exist|could not be found)\b"
            ),
            Pattern(
                regex=r"(?i)\bthe (?:bucket|project|dataset|secret|service account|queue) \S+ does not exist\b",
                unless=r"(?i)\b(?:creat|mak)(?:e|es|ed|ing)\b",
            ),
        ),
        explains="What the request names does not exist: its name, project or region is wrong, or it was deleted.",
        advice=(
            "Check the name, the project and the region of {resource}, or create it.\n"
            "else: Check the name, the project and the region in the message, or create what it names."
        ),
        examples=(
            "google.api_core.exceptions.NotFound: 404 The bucket acme-staging does not exist.",
            "ERROR: (gcloud.builds.describe) NOT_FOUND: Requested entity was not found.",
            "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: https://api.example.com/v1/models/7",
            "No such object: acme-data/train/part-0001.parquet",
        ),
    ),
    Rule(
        id="http_error",
        title="request refused",
        category=Category.SERVICE,
        origin="gcp",
        window=50,
        rank=76,
        patterns=(
            Pattern(regex=r"<HttpError (?P<status>4(?:0[0-79]|1\d|2[0-8]|[3-9]\d))\b"),
            Pattern(regex=rf"\b(?P<status>{_OTHER_4XX}) Client Error\b"),
            Pattern(
                regex=rf"(?i)\bHTTP(?:Error|Exception|_error)?:? (?:error |"
                rf"status )?(?:code )?(?P<status>{_OTHER_4XX})\b(?:[: ,.]|$)"
            ),
            Pattern(regex=rf"(?i)\bstatus(?: |_)?code:? (?P<status>{_OTHER_4XX})\b"),
            Pattern(regex=rf"\bgoogleapi: Error (?P<status>{_OTHER_4XX}): "),
        ),
        explains="A service answered that the request itself is wrong; trying again unchanged brings the same answer.",
        advice=(
            "{elsewhere} refused it: read its answer, and correct the request, the name, or the key that the job gives "
            "it. The same request is refused every time.\n"
            f"{GRANT}"
            "else: Read the status and the message: correct the request, the name, or the account it is "
            "made with. The same request is refused every time."
        ),
        examples=(
            'googleapiclient.errors.HttpError: <HttpError 400 when requesting https://example.com returned "Bad">',
            "HttpError: <HttpError 404 when requesting https://ml.example.com/v1/jobs/train_7?alt=json>",
            "requests.exceptions.HTTPError: 409 Client Error: Conflict for url: https://api.example.com/v1/jobs",
            "urllib.error.HTTPError: HTTP Error 410: Gone",
        ),
    ),
    Rule(
        id="service_error",
        title="service failed or away",
        category=Category.SERVICE,
        origin="gcp",
        rank=52,
        threshold=2,
        patterns=(
            *renderings(UNAVAILABLE),
            *renderings(INTERNAL),
            *http_renderings(BAD_GATEWAY),
            *http_renderings(GATEWAY_TIMEOUT),
            *http_renderings(REQUEST_TIMEOUT),
            *grpc_renderings(Status(409, "ABORTED", "Aborted", 10, "aborted")),
            Pattern(regex=r"\bServiceUnavailable(?:Error|Exception)?\b|\bInternalServerError\b|\bServerError\b:?"),
            Pattern(regex=r"<HttpError (?P<status>5\d\d|408|429)\b|<Response \[5\d\d\]>"),
            Pattern(regex=r"(?i)\ban internal error (?:has )?occurred\b|\binternal error encountered\b"),
            Pattern(regex=r"(?i)\binternal error\. |\bfailed (?:due to|because of) an? internal error\b"),
            Pattern(regex=r"(?i)\bencountered a temporary error and could not complete your request\b"),
            Pattern(regex=r"(?i)\binternal server error\b|\bbackend ?error\b|\b50[234] Deadline\b"),
            Pattern(regex=r"(?i)\bservice is (?:currently |temporarily )?unavailable\b|\bservice unavailable\b"),
            Pattern(regex=r"(?i)\bupstream connect error\b|\bfailed to connect to all addresses\b"),
        ),
        explains="The service itself failed or was away. One such answer may pass; several in a row end the job.",
        advice="Submit again; if it lasts, look at https://status.cloud.google.com.",
        examples=(
            "google.api_core.exceptions.ServiceUnavailable: 503 The service is currently unavailable.",
            "500 Internal error encountered.",
            "googleapiclient.errors.HttpError: <HttpError 503 when requesting https://example.com>",
            "requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url: https://api.example.com",
            "io.grpc.StatusRuntimeException: UNAVAILABLE: io exception",
            "HTTP 500: internal server error",
        ),
    ),
)
