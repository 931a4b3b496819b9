"""What Google Cloud, or any service that speaks its statuses, says about a request that it refused or failed."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule
from fetchers.diagnosis.rules_status import (
    BAD_GATEWAY,
    BAD_REQUEST,
    CONFLICT,
    EXHAUSTED,
    FORBIDDEN,
    GATEWAY_TIMEOUT,
    INTERNAL,
    MISSING,
    PRECONDITION,
    REQUEST_TIMEOUT,
    UNAUTHENTICATED,
    UNAVAILABLE,
    Status,
    grpc_renderings,
    http_renderings,
    renderings,
)

_OTHER_4XX = r"4(?:0[25-79]|1\d|2[0-8]|3[1-9]|51)"
"""Statuses of a refusal that have no rule of their own."""

_THROTTLED = tuple(Pattern(regex=p.regex, unless=p.unless, threshold=2) for p in http_renderings(EXHAUSTED))
"""A bare 429 may pass, as a 503 may; a quota that is named does not."""

_NOT_OFFERED = (
    r"\b(?:unsupported|unavailable|invalid|unknown|incompatible|no longer|cannot|too (?:small|large)|must be|"
    r"(?:is|are|was|were|does|do|could)(?: not\b|n't\b)|not (?:\w+ )?(?:supported|available|valid|allowed|permitted|"
    r"offered|accepted|compatible|found))"
)
"""What is said of a machine type that cannot be had."""

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
            Pattern(regex=rf"(?i)\bmachine[ _-]?types?(?:uri)?\b[ :=]*{_MACHINE}.*{_NOT_OFFERED}", unless=_NOT_KNOWN),
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
            Pattern(regex=rf"(?i)\binstance[ _-]type\b.*{_NOT_OFFERED}", unless=_NOT_KNOWN),
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
            "else: Choose a machine type that the service offers there.\n"
            "What a place offers: `gcloud compute machine-types list --filter=zone~{region}`, and with "
            "accelerators `gcloud compute accelerator-types list --filter=zone~{region}`."
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
        id="permission_denied",
        title="permission denied",
        category=Category.PERMISSION,
        origin="gcp",
        rank=75,
        patterns=(
            *renderings(FORBIDDEN),
            *renderings(UNAUTHENTICATED),
            Pattern(
                regex=r"(?i)\bpermission \W{0,3}(?P<permission>[a-z]\w+(?:\.\w+){1,3})\W{0,3} (?:was |"
                r"is )?(?:denied|required)\b"
            ),
            Pattern(
                regex=r"(?i)\b(?:required|missing|lacks?|lacking|"
                r"needs?) (?:the )?(?:required )?(?:IAM )?permissions?:? "
                r"\W?(?P<permission>[a-z]\w+\.\w+\.\w+)"
            ),
            Pattern(
                regex=r"(?i)\bdo(?:es)? ?n[o']t have (?:the )?\W?(?P<permission>[a-z]\w+\.\w+\.\w+)\W? ("
                r"?:access|permission)\b"
            ),
            Pattern(regex=r"(?i)\bdo(?:es)? ?n[o']t have (?:\w+ ){0,3}permissions?\b"),
            Pattern(regex=r"(?i)\b(?:insufficient|missing)\b[^.]*\b(?:permissions?|authentication scopes)\b"),
            Pattern(regex=r"(?i)\bnot authorized to (?:perform|access|act)\b"),
            Pattern(regex=r"(?i)\bis forbidden from (?:access|us|read|writ)ing\b"),
            Pattern(regex=r"\bAccessDenied(?:Exception)?\b|\bIAM_PERMISSION_DENIED\b|\bSERVICE_DISABLED\b"),
            Pattern(regex=r"\bBILLING_DISABLED\b"),
            Pattern(regex=r"\bACCESS_TOKEN_SCOPE_INSUFFICIENT\b|\baccessNotConfigured\b"),
            Pattern(regex=r"(?i)\bhas not been used in project \S+ before or it is disabled\b"),
            Pattern(regex=r"(?i)\bdenied: (?:permission|requested access)\b|^denied: "),
            Pattern(regex=r"(?i)\bpermission on the resource\b"),
            Pattern(regex=r"(?i)\brequires (?:the )?\W?(?P<permission>[a-z]\w+\.\w+\.\w+)\W? permission\b"),
            Pattern(regex=r"(?i)\bthe caller does not have permission\b"),
            Pattern(regex=r"(?i)\bbilling (?:account )?(?:is )?(?:disabled|not enabled|must be enabled)\b"),
        ),
        explains=(
            "The account that made the call lacks a permission on the resource, or the API or the project's billing is "
            "switched off. Only a change of roles or settings helps."
        ),
        advice=(
            "Whoever asked is not known there ({credentials}): sign in with `gcloud auth "
            "application-default login`, or give the job a service account or a key that may.\n"
            "else: The API {service} is switched off; enable it: `gcloud services enable {service} "
            "--project={project}`.\n"
            "else: Whoever submits may not act as {account}; let them: `gcloud iam service-accounts "
            "add-iam-policy-binding {account} --member={submitter} --role=roles/iam.serviceAccountUser`.\n"
            "else: Grant a role that holds {permission}: `gcloud projects add-iam-policy-binding "
            "{project} --member={member} --role={role}`.\n"
            "else: Find the account and the permission in the message, and grant the role that holds it: "
            "`gcloud projects add-iam-policy-binding {project} --member={member} --role={role}`."
        ),
        examples=(
            "google.api_core.exceptions.PermissionDenied: 403 Permission 'aiplatform.customJobs.create' denied.",
            "ERROR: (gcloud.run.jobs.execute) PERMISSION_DENIED: The caller does not have permission",
            "    status = StatusCode.PERMISSION_DENIED",
            "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://storage.example.com/b/acme",
            'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource',
            "wandb.sdk.lib.retry: (Error 403: Forbidden)",
            "train@acme-ml.iam.gserviceaccount.com does not have storage.objects.get access to the object.",
        ),
    ),
    Rule(
        id="unauthenticated",
        title="credentials missing or not accepted",
        category=Category.PERMISSION,
        origin="gcp",
        rank=56,
        patterns=(
            Pattern(regex=r"\bDefaultCredentialsError\b|\bNoCredentialsError\b|\bExpiredToken(?:Exception)?\b"),
            Pattern(regex=r"(?i)\byour default credentials were not found\b"),
            Pattern(regex=r"(?i)\bcould not automatically determine credentials\b"),
            Pattern(regex=r"(?i)\breauthentication (?:is needed|failed|required)\b"),
            Pattern(regex=r"(?i)\bYou do not currently have an active account\b"),
            Pattern(regex=r"(?i)\binvalid[_ ]grant\b|\btoken has been expired or revoked\b"),
            Pattern(regex=r"(?i)\brequest had invalid authentication credentials\b"),
            Pattern(regex=r"(?i)\bpermission denied \(publickey\)|\bauthentication failed for '"),
            Pattern(regex=r"(?i)\bcould not read Username for\b"),
            Pattern(regex=r"(?i)\b(?:invalid|incorrect) api[ _-]?key\b|\bauthentication (?:failed|required)\b"),
        ),
        explains="The call carried no credentials, or such as are expired or revoked.",
        advice=(
            "Sign in again: for Google Cloud with `gcloud auth application-default login`, or give the "
            "job a service account (`--service-account={member_email}`); for any other service renew its "
            "key or token."
        ),
        examples=(
            "google.auth.exceptions.DefaultCredentialsError: Your default credentials were not found.",
            "ERROR: (gcloud.builds.list) You do not currently have an active account selected.",
            "Reauthentication is needed. Please run `gcloud auth application-default login` to reauthenticate.",
        ),
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
        id="quota_exceeded",
        title="quota exceeded",
        category=Category.QUOTA,
        origin="gcp",
        rank=80,
        patterns=(
            *grpc_renderings(EXHAUSTED),
            *_THROTTLED,
            Pattern(regex=r"(?i)\b(?:returned|with)\b.*\bcode 429\b", threshold=2),
            Pattern(regex=r"\bQuotaExceeded\w*\b|\bResourceExhausted\b|\bQUOTA_EXCEEDED\b|\bQuotaFailure\b"),
            Pattern(regex=r"\bRESOURCE_EXHAUSTED\b"),
            Pattern(regex=r"\b(?:userR|r)ateLimitExceeded\b|\bRateLimitError\b|\binsufficient_quota\b"),
            Pattern(regex=r"\b\w*LimitExceeded(?:Exception)?\b"),
            Pattern(regex=r"(?i)\bquotas?\b.*\b(?:exceed(?:ed|s|ing)?|exhausted|insufficient)\b"),
            Pattern(regex=r"(?i)\b(?:exceed(?:ed|s|ing)?|exhausted|insufficient|not enough)\b.*\bquotas?\b"),
            Pattern(regex=r"(?i)\bquota limit\b.*\brequested\b"),
            Pattern(regex=r"(?i)\b(?:rate|request) limit\b.*\b(?:exceeded|reached)\b", threshold=2),
        ),
        explains="The request asks for more machines, accelerators or calls a minute than the project's quota leaves.",
        advice=(
            "Try again after {retry_after} s.\n"
            "Ask for more of {quota_metric} at "
            "`https://console.cloud.google.com/iam-admin/quotas?project={project}`, for region {region}.\n"
            "else: Ask for more of {quota_metric} at "
            "`https://console.cloud.google.com/iam-admin/quotas?project={project}`.\n"
            "else: Ask more rarely, or for more at "
            "`https://console.cloud.google.com/iam-admin/quotas?project={project}`.\n"
            "Or use another region, or wait until other jobs have ended."
        ),
        examples=(
            "google.api_core.exceptions.ResourceExhausted: 429 The following quota metrics exceed quota limits: gpus",
            "QuotaExceeded: limit of 8 GPUs reached",
            "ERROR: (gcloud.compute.instances.create) Quota 'NVIDIA_A100_GPUS' exceeded. Limit: 8.0.",
            '    "status": "RESOURCE_EXHAUSTED",',
            "rpc error: code = ResourceExhausted desc = Too many requests",
            "urllib.error.HTTPError: HTTP Error 429: Too Many Requests",
        ),
    ),
    Rule(
        id="accelerator_unavailable",
        title="no capacity for these machines now",
        category=Category.QUOTA,
        origin="gcp",
        rank=82,
        patterns=(
            Pattern(regex=r"\bZONE_RESOURCE_POOL_EXHAUSTED\w*\b|\bSTOCKOUT\b|\bInsufficientInstanceCapacity\b"),
            Pattern(regex=r"(?i)\bdoes(?: not|n't) (?:currently )?have (?:enough|sufficient) (?:resources|capacity)\b"),
            Pattern(regex=r"(?i)\bresources are insufficient in (?:region|zone)\b"),
            Pattern(regex=r"(?i)\bno (?:more )?capacity (?:is )?available\b"),
            Pattern(regex=r"\b0/\d+ nodes are available: .*\bInsufficient [\w./-]+"),
        ),
        explains="The zone has none of these machines to give at the moment; this is not the project's quota.",
        advice=(
            "Try another zone or region than {zone}, another accelerator, or again later.\n"
            "else: Try another zone or region, another accelerator, or again later."
        ),
        examples=(
            "The zone 'projects/acme-ml/zones/us-central1-a' does not have enough resources available.",
            "code: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
            "Resources are insufficient in region: us-west4. Please try a different region.",
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
            "Grant a role that holds {permission}: `gcloud projects add-iam-policy-binding {project} "
            "--member={member} --role={role}`.\n"
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
