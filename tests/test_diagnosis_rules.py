"""The rules: what each finds, what none may call a failure, what a cause names, and what is advised.

Every line here is of our own making, in the manner of the systems that print such lines.
"""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
import re2

from fetchers.diagnosis import LogReader, diagnose
from fetchers.diagnosis.advice import DERIVED, FORMS, PLAIN, advise, in_general
from fetchers.diagnosis.facts import ABOUT, NEARBY, OWN, facts_of
from fetchers.diagnosis.healthy import HARMLESS, PROGRESS, SUCCESS, SURVIVED
from fetchers.diagnosis.machine_types import CARRIERS, accelerators, carriers
from fetchers.diagnosis.model import NEVER, Category
from fetchers.diagnosis.roles import ROLE_OF, role_for
from fetchers.diagnosis.rules import RULES
from monitor import error_catalogue

ROOT = Path(__file__).resolve().parent.parent

FOUNDING = {
    "machine_type_unsupported": (
        "Machine type n1-standard-3 is not supported",
        'Machine type "a2-x" in zone is not supported.',
    ),
    "invalid_argument": ("google.api_core.exceptions.InvalidArgument: 400 bad pool", "InvalidArgument: 400"),
    "permission_denied": ("google.api_core.exceptions.PermissionDenied: 403 no", "PermissionDenied: 403"),
    "not_found": ("google.api_core.exceptions.NotFound: 404 no such thing", "NotFound: 404"),
    "quota_exceeded": ("QuotaExceeded", "ResourceExhausted", "google.api_core.exceptions.ResourceExhausted: 429 GPUs"),
    "repeated_failures": ("FAILED", "FAILURE", "FATAL", "step 1 FAILED\nstep 2 FAILED\nstep 3 FAILED"),
    "python_exception": (
        "Traceback (most recent call last):\n  File \"train.py\", line 3, in <module>\n    main()\nKeyError: 'lr'",
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    '
            "g()\nacme.data.EmptySplitException: none left"
        ),
    ),
    "http_error": (
        "HttpError: <HttpError 400 when requesting https://example.com/jobs",
        "HttpError: <HttpError 404 when requesting https://example.com/jobs",
        "googleapiclient.errors.HttpError: <HttpError 451 when requesting https://example.com/jobs",
    ),
    "service_error": (
        "ServiceUnavailable: 503 try later",
        "google.api_core.exceptions.InternalServerError: 500 Internal error encountered.",
        "HTTP Error 503",
        "An internal error occurred.",
        "HttpError: <HttpError 500 when requesting https://example.com/jobs",
        "HttpError: <HttpError 408 when requesting https://example.com/jobs",
        "502 Bad Gateway",
    ),
    "wandb_init": ("Failed to initialize", "wandb: ERROR Failed to start the run", "Unable to connect to api.wandb.ai"),
    "image_pull": ("ImagePullBackOff", "ErrImagePull", "Failed to pull image"),
    "out_of_memory": ("CUDA out of memory", "OOMKilled", "oom-killer: python invoked"),
    "disk_full": ("no space left on device", "[Errno 28] No space left on device"),
    "preempted": ("spot instance reclaimed", "The instance was preempted."),
    "deadline_exceeded": ("DEADLINE_EXCEEDED", "context deadline exceeded"),
    "collective_failure": ("NCCL error in: ProcessGroupNCCL.cpp:1025", "ncclSystemError"),
    "process_killed": ("died with <Signals.SIGKILL: 9>", "Bus error (core not dumped)", "Killed"),
}
"""The founding patterns of each rule, and plain ways to print them."""

REAL = {
    "machine_type_unsupported": (
        'ERROR: (gcloud.ai.custom-jobs.create) INVALID_ARGUMENT: Machine type "n1-standard-3" is not supported.',
        "google.api_core.exceptions.InvalidArgument: 400 Unsupported machine type n2-megamem-8 for training.",
        (
            '    "message": "Invalid value for field \'resource.machineType\': '
            "'zones/us-east1-b/machineTypes/x1-large'.\","
        ),
        "Error: Machine type with name `g9-standard-4` does not exist in zone `us-central1-a`",
        'Accelerator type "NVIDIA_TESLA_V100" is not supported with machine type "g2-standard-12".',
        "googleapi: Error 400: Invalid machine type g2-standard-5 in zone europe-west4-b, badRequest",
        'rpc error: code = InvalidArgument desc = machine_type "a3-tiny" is not valid in region us-west1',
    ),
    "invalid_argument": (
        'E\n    status = StatusCode.INVALID_ARGUMENT\n    details = "display_name is empty"',
        (
            '{\n  "error": {\n    "code": 400,\n    "message": "Field replica_count must be positive.",\n'
            '    "status": "INVALID_ARGUMENT"\n  }\n}'
        ),
        "ERROR: (gcloud.run.jobs.create) INVALID_ARGUMENT: template.task_count must be at least 1",
        "io.grpc.StatusRuntimeException: INVALID_ARGUMENT: unknown field",
        "rpc error: code = InvalidArgument desc = empty parent",
        "google.api_core.exceptions.FailedPrecondition: 400 The endpoint is being deleted.",
        "requests.exceptions.HTTPError: 400 Client Error: Bad Request for url: https://api.example.com/v1/jobs",
        "Error creating job: googleapi: Error 400: The request was malformed., invalid",
    ),
    "permission_denied": (
        "google.api_core.exceptions.Forbidden: 403 GET https://storage.example.com/b/acme: no access.",
        '  "status": "PERMISSION_DENIED",',
        "ERROR: (gcloud.artifacts.docker.images.list) PERMISSION_DENIED: Permission denied on resource.",
        "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://api.example.com/v1/me",
        "train@acme-ml.iam.gserviceaccount.com does not have storage.objects.create access to the bucket.",
        "denied: Permission 'artifactregistry.repositories.uploadArtifacts' denied on resource (or it may not exist).",
        "Error: googleapi: Error 403: Required 'compute.networks.get' permission for 'projects/acme-ml'., forbidden",
        "aiohttp.client_exceptions.ClientResponseError: 403, message='Forbidden', url='https://api.example.com'",
        "Vertex AI API has not been used in project 123456789 before or it is disabled.",
        "rpc error: code = PermissionDenied desc = missing permission on secret",
        "google.api_core.exceptions.Unauthenticated: 401 Request had invalid authentication credentials.",
        "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://api.example.com/models",
    ),
    "not_found": (
        "    status = StatusCode.NOT_FOUND",
        "ERROR: (gcloud.ai.endpoints.describe) NOT_FOUND: Endpoint projects/1/locations/us-east1/endpoints/2 not found",
        "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: https://api.example.com/models/resnet",
        '    "code": 404,\n    "message": "The requested bucket is gone."',
        "googleapi: Error 404: The resource 'projects/acme-ml/global/networks/train' was not found, notFound",
        "com.example.api.JsonResponseException: 404 Not Found",
        "botocore.errorfactory.NoSuchKey: An error occurred (NoSuchKey) when calling GetObject",
        "rpc error: code = NotFound desc = secret version does not exist",
    ),
    "quota_exceeded": (
        '    "status": "RESOURCE_EXHAUSTED",',
        "ERROR: (gcloud.compute.instances.create) Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 1.0 in region us-east4.",
        "    details = \"Quota exceeded for quota metric 'Read requests' of service 'logging.example.com'\"",
        " - Insufficient 'SSD_TOTAL_GB' quota. Requested 900.0, available 250.0.",
        "rpc error: code = ResourceExhausted desc = too many builds at once",
        "openai.RateLimitError: Error code: 429 - You exceeded your current quota",
        "googleapi: Error 403: QUOTA_EXCEEDED - Quota limit 'CPUS' has been exceeded.",
        (
            "The following quota metrics exceed quota limits: "
            "aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus"
        ),
        "urllib.error.HTTPError: HTTP Error 429: Too Many Requests",
    ),
    "repeated_failures": (
        "tests/test_a.py::test_one FAILED [ 10%]\ntests/test_a.py::test_two FAILED [ 20%]",
        "FAIL: test_split (tests.test_data.SplitTest)\nRan 4 tests in 0.1s\n\nFAILED (failures=1)",
        'ERROR: build step 3 "gcr.io/cloud-builders/docker" failed: step exited with non-zero status: 1',
        "--- FAIL: TestTrainer (0.02s)\nFAIL\tacme.dev/trainer\t0.1s",
        "BUILD FAILURE: 2 modules",
        "make: *** [Makefile:7: train] Error 2",
        "FATAL: cannot read the manifest\nFATAL: cannot read the manifest\nFATAL: giving up",
    ),
    "python_exception": (
        (
            'Traceback (most recent call last):\n  File "t.py", line 1, in <module>\n    import nosuch\n'
            "ModuleNotFoundError: No module named 'nosuch'"
        ),
        (
            'Traceback (most recent call last):\n  File "t.py", line 9, in load\n    open(path)\n'
            "FileNotFoundError: [Errno 2] No such file or directory: '/data/train.csv'"
        ),
        (
            'Traceback (most recent call last):\n  File "t.py", line 4, in <module>\n    model.load_state_dict(s)\n'
            "RuntimeError: Error(s) in loading state_dict for Net:\n"
            "\tsize mismatch for fc.weight: copying a param with shape torch.Size([10, 2])"
        ),
        "TypeError: unsupported operand type(s) for +: 'int' and 'str'",
        "omegaconf.errors.ConfigKeyError: Key 'optim' is not in struct",
        'Traceback (most recent call last): File "/app/train.py", line 3, in <module> run() ValueError: empty split',
        "E   AssertionError: assert 3 == 4",
    ),
    "http_error": (
        'googleapiclient.errors.HttpError: <HttpError 403 when requesting https://run.example.com/jobs returned "No">',
        "requests.exceptions.HTTPError: 409 Client Error: Conflict for url: https://api.example.com/runs",
        "urllib.error.HTTPError: HTTP Error 410: Gone",
        "httpx.HTTPStatusError: Client error '422 Unprocessable Entity'\nresponse status code: 422",
        "AxiosError: Request failed with status code 413",
    ),
    "service_error": (
        "    status = StatusCode.UNAVAILABLE",
        "requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url: https://api.example.com/graphql",
        "google.api_core.exceptions.ServiceUnavailable: 503 The service is currently unavailable.",
        '    "code": 500,\n    "message": "Internal error encountered.",\n    "status": "INTERNAL"',
        "googleapi: Error 503: Backend Error, backendError",
        "ERROR: (gcloud.builds.submit) UNAVAILABLE: The service is currently unavailable.",
        "rpc error: code = Unavailable desc = connection closed before server preface received",
        "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        "HTTP 504: 504 Gateway Time-out",
        "Error 408: Request Timeout",
    ),
    "wandb_init": (
        "wandb: ERROR Failed to detect the name of this notebook",
        "wandb.errors.CommError: Run initialization has timed out after 90.0 sec.",
        "wandb.errors.UsageError: api_key not configured (no-tty). call wandb.login(key=[your_api_key])",
        "wandb.errors.errors.CommError: failed to upsert bucket: returned error 401: user is not logged in",
        '{"level":"ERROR","msg":"runupserter: failed to init run","error":"returned error 404: not found"}',
        "wandb: ERROR Run initialization has timed out after 60.0 sec.",
        "wandb: Unable to connect to https://api.wandb.ai, giving up",
        "wandb: ERROR It appears that you do not have permission to access the requested resource.",
    ),
    "image_pull": (
        'Failed to pull image "us-docker.pkg.dev/acme-ml/train/net:v9": rpc error: code = NotFound desc = not found',
        '  Warning  BackOff  3s (x4 over 60s)  kubelet  Back-off pulling image "acme/net:latest"',
        "docker: Error response from daemon: pull access denied for acme/net, repository does not exist.",
        "Error response from daemon: manifest for acme/net:v9 not found: manifest unknown: manifest unknown",
        "Image 'us-docker.pkg.dev/acme-ml/train/net:v9' not found.",
        "CannotPullContainerError: ref pull has been retried 5 times",
        "Error response from daemon: Head https://eu.gcr.io/v2/acme-ml/net/manifests/v9: unauthorized",
        'failed to resolve reference "gcr.io/acme-ml/net:v9": gcr.io/acme-ml/net:v9: not found',
    ),
    "out_of_memory": (
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 640.00 MiB. GPU 0 has a total "
            "capacity of 14.7 GiB"
        ),
        "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 17179869184 bytes.",
        "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor with shape[8,512]",
        "Memory cgroup out of memory: Killed process 4711 (python3) total-vm:33005924kB, anon-rss:31457280kB",
        "    Reason:       OOMKilled\n    Exit Code:    137",
        "Memory limit of 2048 MiB exceeded with 2101 MiB used. Consider increasing the memory limit.",
        "The replica workerpool0-0 ran out-of-memory and exited with a non-zero status of 137(SIGKILL).",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 72.0 GiB for an array with shape (98304, 98304)",
        (
            "RuntimeError: [enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: "
            "64000000000 bytes"
        ),
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ),
    "disk_full": (
        "OSError: [Errno 28] No space left on device",
        "write /workspace/model.safetensors: no space left on device",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "OSError: [Errno 122] Disk quota exceeded: '/home/train/ckpt.pt'",
        "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 1Gi.",
        "sqlite3.OperationalError: database or disk is full",
    ),
    "preempted": (
        "The replica workerpool0-0 was preempted.",
        "slurmstepd: error: *** STEP 12.0 ON n4 CANCELLED AT 2026-02-03T04:05:06 DUE TO PREEMPTION ***",
        "Pod was terminated in response to imminent node shutdown.",
        "Spot instance interruption notice received, 120 s left",
        "Operation compute.instances.preempted on instance train-3 has begun",
        "Your TPU node train-tpu has been preempted.",
    ),
    "deadline_exceeded": (
        "    status = StatusCode.DEADLINE_EXCEEDED",
        "google.api_core.exceptions.RetryError: Deadline of 120.0s exceeded while calling target function",
        "ERROR: context deadline exceeded",
        "Terminating task because it has reached the maximum timeout of 3600 seconds.",
        "slurmstepd: error: *** JOB 99 ON n1 CANCELLED AT 2026-02-03T04:05:06 DUE TO TIME LIMIT ***",
        "Job was active longer than specified deadline",
        "rpc error: code = DeadlineExceeded desc = stream terminated",
    ),
    "collective_failure": (
        (
            "[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=7, OpType=ALLREDUCE, "
            "Timeout(ms)=600000)"
        ),
        "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1970, unhandled system error",
        "torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. 3/4 clients joined.",
        "node7:77:98 [2] NCCL WARN Call to connect returned Connection refused, socket error",
        "MPI_ABORT was invoked on rank 0 in communicator MPI_COMM_WORLD with errorcode 1.",
        "[E ProcessGroupGloo.cpp:138] Gloo connectFullMesh failed with timeout",
        "RuntimeError: The client socket has timed out after 900s while trying to connect to (10.0.0.2, 29500).",
    ),
    "process_killed": (
        "ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: -9) local_rank: 2 (pid: 77)",
        "subprocess.CalledProcessError: Command '['python', 'train.py']' died with <Signals.SIGKILL: 9>.",
        "/bin/bash: line 1:    77 Killed                  python train.py --epochs 3",
        '    "exitCode": 137,',
        "Container terminated with exit code 137",
        "Fatal Python error: Bus error",
        "RuntimeError: DataLoader worker (pid 77) is killed by signal: Bus error.",
        "Command terminated by signal 9",
    ),
    "segmentation_fault": (
        "Segmentation fault (core dumped)",
        "Fatal Python error: Segmentation fault",
        "Container terminated with exit code 139",
        "Process 77 terminated by signal 11 (core dumped)",
        "Command died with <Signals.SIGSEGV: 11>.",
    ),
    "accelerator_unavailable": (
        "code: ZONE_RESOURCE_POOL_EXHAUSTED",
        "The zone 'projects/acme-ml/zones/us-east4-c' does not have enough resources available to fulfill it.",
        "Resources are insufficient in region: us-central1. Please try a different region.",
        "0/9 nodes are available: 9 Insufficient nvidia.com/gpu. preemption: none.",
        "An error occurred (InsufficientInstanceCapacity) when calling RunInstances",
    ),
    "unauthenticated": (
        "google.auth.exceptions.DefaultCredentialsError: Your default credentials were not found.",
        "git@example.com: Permission denied (publickey).",
        "Reauthentication failed. cannot prompt during non-interactive execution.",
        "ERROR: (gcloud.auth.print-access-token) You do not currently have an active account selected.",
        "google.auth.exceptions.RefreshError: ('invalid_grant: Bad Request', {'error': 'invalid_grant'})",
    ),
    "pip_install_failed": (
        "ERROR: Could not find a version that satisfies the requirement nosuch==9 (from versions: none)",
        "ERROR: No matching distribution found for nosuch==9",
        "  ERROR: Failed building wheel for flash-attn",
        "error: subprocess-exited-with-error",
        "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'",
    ),
    "dependency_conflict": (
        "ERROR: Cannot install a==1.0 and b==2.0 because these package versions have conflicting dependencies.",
        "ERROR: ResolutionImpossible: for help visit the documentation",
        "npm ERR! code ERESOLVE",
        "Found conflicting dependencies among these specifications",
        "Because b depends on a (<1), version solving failed.",
    ),
    "image_build_failed": (
        'ERROR: failed to solve: process "/bin/sh -c make -j" did not complete successfully: exit code: 2',
        "The command '/bin/sh -c apt-get install -y nosuch' returned a non-zero code: 100",
        "COPY failed: file not found in build context or excluded by .dockerignore: stat train.py",
        "error building image: error building stage: failed to execute command",
        'unable to prepare context: path "train" not found',
    ),
    "shell_command_not_found": (
        "/bin/sh: 1: torchrun: not found",
        "bash: nvcc: command not found",
        "entrypoint.sh: line 3: accelerate: command not found",
        "python: can't open file '/app/train.py': [Errno 2] No such file or directory",
        "The process exited with code 127",
    ),
    "exec_format_error": (
        "exec /usr/bin/python: exec format error",
        "standard_init_linux.go:228: exec user process caused: exec format error",
        "[Errno 8] Exec format error: './run.sh'",
        "The requested image's platform (linux/arm64) does not match the detected host platform (linux/amd64)",
        "/app/agent: cannot execute binary file: Exec format error",
    ),
    "container_start_failed": (
        "ERROR: (gcloud.run.deploy) The user-provided container failed to start and listen on the port",
        'OCI runtime create failed: exec: "train.sh": executable file not found in $PATH: unknown',
        "Warning  BackOff  Back-off restarting failed container CrashLoopBackOff",
        "Error: CreateContainerConfigError",
        "failed to create shim task: OCI runtime exec failed",
    ),
    "dns_failure": (
        "curl: (6) Could not resolve host: api.example.com",
        "dial tcp: lookup api.example.com on 10.0.0.10:53: no such host",
        "Error: getaddrinfo ENOTFOUND api.example.com",
        "Temporary failure in name resolution",
        'psql: could not translate host name "db" to address: Name or service not known',
    ),
    "connection_refused": (
        "dial tcp 10.0.0.7:5432: connect: connection refused",
        "Error: connect ECONNREFUSED 127.0.0.1:6379",
        "curl: (7) Failed to connect to 10.0.0.7 port 443: No route to host",
        "dial tcp 142.250.1.1:443: i/o timeout",
        "read tcp 10.0.0.2:40312->10.0.0.7:443: read: connection reset by peer",
    ),
    "tls_failure": (
        "Get https://example.com: x509: certificate signed by unknown authority",
        "curl: (60) SSL certificate problem: certificate has expired",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
        "remote error: TLS handshake failed",
        "net/http: TLS handshake timeout",
    ),
    "port_in_use": (
        "Error: listen EADDRINUSE: address already in use :::8080",
        "[Errno 98] Address already in use",
        "bind: address already in use",
        "Port 6006 is in use by another program.",
        "nginx: bind() to 0.0.0.0:80 failed (98: Address already in use)",
    ),
    "cuda_error": (
        "CUDA error: an illegal memory access was encountered",
        "Failed to initialize NVML: Driver/library version mismatch",
        "NVRM: Xid (PCI:0000:00:04): 79, GPU has fallen off the bus.",
        'docker: could not select device driver "" with capabilities: [[gpu]].',
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    ),
    "terminated": (
        "Received SIGTERM, exiting",
        "Container terminated with exit code 143",
        "torch elastic: Received Signals.SIGINT death signal, shutting down workers",
        "slurmstepd: *** JOB 7 ON n1 CANCELLED AT 2026-02-03T04:05:06 ***",
        "The job was cancelled by its owner.",
    ),
    "nan_loss": (
        "Loss is nan, stopping training",
        "Model diverged with loss = NaN.",
        "Loss is inf at step 20, aborting",
        "Stopping: non-finite loss in three batches",
        "training will exit because of nan gradients",
        "epoch 1 loss nan\nepoch 2 loss nan\nepoch 3 loss nan",
        'Traceback (most recent call last):\n  File "t.py", line 9, in <module>\nValueError: loss is nan; stopping',
    ),
    "launch_agent_failed": (
        "wandb: launch: ERROR Error fetching run queues for entity acme",
        "Failed to verify credentials",
        "Error fetching entity acme",
        "launch agent: no such queue",
        "wandb: launch: Error fetching run queue gpu",
    ),
    "launch_failed": (
        "wandb: launch: Error running job: run could not be submitted",
        "launch: Run abc failed",
        "wandb: launch: agent caught an exception",
        "wandb: launch: ERROR failed to submit the job",
        "wandb: launch: error in resource arguments",
    ),
    "native_error": (
        "panic: runtime error: invalid memory address",
        "thread 'main' panicked at src/main.rs:4:5:",
        "terminate called after throwing an instance of 'std::runtime_error'",
        'Exception in thread "main" java.lang.IllegalStateException: no plan',
        "kernel.cu:17:3: error: expected ';'",
    ),
    "already_exists": (
        "google.api_core.exceptions.AlreadyExists: 409 Repository train already exists.",
        "    status = StatusCode.ALREADY_EXISTS",
        "rpc error: code = AlreadyExists desc = the job is there",
        "ERROR: (gcloud.artifacts.repositories.create) ALREADY_EXISTS: the repository already exists",
        '    "status": "ALREADY_EXISTS",',
    ),
    "nonzero_exit": (
        "The replica workerpool0-0 exited with a non-zero status of 1.",
        "Container called exit(1).",
        "Task acme-train-x7 exited with code 3",
        "exit status 2",
        "process finished, returncode=1",
    ),
    "usage_error": (
        "train.py: error: argument --epochs: invalid int value: 'ten'",
        "Error: Missing option '--plan'.",
        "ERROR: (gcloud.run.jobs.create) unrecognized arguments: --regoin",
        "unknown flag: --no-such",
        "Could not override 'optim.lr'.",
    ),
    "failure_told": (
        "lookup for the plan failed",
        "the plan was rejected by the scheduler",
        "this layout is not supported here",
        "cannot go on without a plan",
        "batch is too small for eight replicas",
    ),
    "gated_model": (
        "OSError: You are trying to access a gated repo.",
        "huggingface_hub.errors.GatedRepoError: 403 Client Error. (Request ID: Root=1-7)",
        "Cannot access gated repo for url https://huggingface.co/acme-ai/large-7b/resolve/main/config.json.",
        "Access to model acme-ai/large-7b is restricted. You must have access to it and be authenticated.",
        "Access to dataset acme-ai/pictures is restricted and you are not in the authorized list.",
    ),
    "device_assert": tuple(
        f"/src/{file}: block: [{block},0,0], thread: [{thread},0,0]{comma} Assertion `{words}` failed."
        for file, block, thread, comma, words in (
            ("Indexing.cu:1284: indexSelectLargeIndex", 312, 64, "", "srcIndex < srcSelectDimSize"),
            ("Loss.cu:240: nll_loss_forward_reduce", 0, 7, "", "t >= 0 && t < n_classes"),
            ("IndexKernel.cu:92: operator()", 4, 31, ",", "index out of bounds"),
            ("ScatterGatherKernel.cu:144: operator()", 17, 96, ",", "idx_dim >= 0 && idx_dim < index_size"),
            ("Loss.cu:92: operator()", 0, 1, "", "input_val >= zero && input_val <= one"),
        )
    ),
    "error_reported": (
        "ERROR: the trainer could not read its plan",
        'time="10:00" level=fatal msg="no plan"',
        "Error: no plan given",
        "fatal: not a git repository",
        "Unable to open the shard",
    ),
}
"""What real systems print, by the rule that must answer."""

HEALTHY = (
    "step 500 loss 4.03 lr 0.0003",
    "503 images in 404 folders, 500 of them for testing",
    "Epoch 3/10: 100%|##########| 500/500 [01:40<00:00, 5.00it/s, loss=0.429]",
    "{'loss': 0.5031, 'grad_norm': 4.04, 'epoch': 4.29}",
    "0 failed, 12 passed in 3.2s",
    "Finished: 0 errors, 0 warnings",
    "No errors found in 500 files",
    "error rate: 0.403",
    "word error rate 5.03 on 404 utterances",
    "mean squared error: 0.500",
    "tests/test_errors.py::test_permission_denied_is_reported PASSED [ 50%]",
    "test_failed_upload_is_retried (tests.test_upload.UploadTest) ... ok",
    "--- PASS: TestNotFoundError (0.00s)",
    "max_errors: 3",
    "on_failure: continue",
    "restart_policy: on-failure",
    '"retry_on_error": true, "error": null, "failed": 0',
    '127.0.0.1 - - [03/Feb/2026:04:05:06 +0000] "GET /favicon.ico HTTP/1.1" 404 153 "-" "curl/8"',
    'INFO:     10.0.0.1:40312 - "POST /predict HTTP/1.1" 500 Internal Server Error',
    'HTTP Request: GET https://api.example.com/v1/me "HTTP/1.1 403 Forbidden"',
    '{"remote_addr": "10.0.0.1", "request_method": "GET", "status": 404, "body_bytes_sent": 153}',
    "/app/train.py:12: FutureWarning: the old name fails with a FileNotFoundError in version 3",
    "UserWarning: CUDA initialization: Found no NVIDIA driver on your system.",
    "2026-02-03 04:05:06 W loader.cc:59] Could not load dynamic library 'libcudart.so.11.0'; no such file",
    "INFO retrying after error: connection reset by peer",
    "DEBUG cache miss for key errors/404",
    "        raise ValueError(f'unknown split {name}')",
    "    except FileNotFoundError:",
    "docs/errors.md:17: a `PermissionDenied: 403` means that a role is missing",
    "src/net.py:40:    raise TimeoutError('deadline exceeded')",
    "  --fail-fast           stop at the first FAILED test",
    "# when the build FAILED the next step is skipped",
    "Downloading nltk data: 404/500 MB, 5.03 MB/s",
    "Saved checkpoint-500 after 403 s",
    "Error handling is on; error messages go to stderr",
    "-rw-r--r-- 1 root root 503 Feb  3 04:05 error.log",
    "Process finished with exit code 0",
    "exitcode: 0, oom_killed: false",
    "machine_type: n1-standard-8, accelerator: NVIDIA_TESLA_T4, preemptible: true",
    "Pulling image us-docker.pkg.dev/acme-ml/train/net:v9",
    "Successfully pulled image in 4.04s",
    "wandb: Run history: train/error 0.500, val/error 0.403",
    "ERROR: pip's dependency resolver does not currently take into account all the packages that are installed.",
    "user requested shutdown",
    "Uploaded 429 files, skipped 0",
    "timeout: 503s, deadline: none, killed: 0",
    "Segmentation fault handler installed",
    "installed handler for SIGSEGV, SIGILL",
    "Watching for preemption notice",
    "a spot instance interruption handler is ready",
    "OOM killer is disabled on this host",
    "memory limit exceeded policy: restart",
    "argparse defaults: lr=0.1, max_memory_limit_exceeded=abort",
    "NCCL watchdog timeout is set to 600 s",
    "bus error counter: 0",
    "timed out jobs: 0",
    "deadline exceeded alerts are sent to the team",
    "rate limit exceeded responses are retried 5 times",
    "retry policy: DeadlineExceeded, ServiceUnavailable",
    "handles PermissionDenied: 403 by asking again",
    "CUDA error checking is enabled",
    "3 of 8 GPUs in quota, none exhausted quota",
    "usage stays below the quota limit, 3 GPUs requested",
    "disk is full of nice pictures",
)
"""What speaks of failures or holds their numbers, and is none."""


def rule_of(text: str) -> str | None:
    """The rule that explains this log."""
    found = diagnose(text).finding
    return found.rule if found else None


def cases(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Each example with the rule that must answer."""
    return [(rule, text) for rule, texts in table.items() for text in texts]


# --- what is found ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "text"), cases(FOUNDING))
def test_every_founding_example_is_found(rule: str, text: str) -> None:
    """By its own rule."""
    assert rule_of(text) == rule


@pytest.mark.parametrize(("rule", "text"), cases(REAL))
def test_what_real_systems_print_is_found(rule: str, text: str) -> None:
    """In all renderings: gRPC, REST and JSON, gcloud, HTTP clients, containers, schedulers, frameworks."""
    assert rule_of(text) == rule


def test_every_rule_is_tried_in_five_renderings() -> None:
    """None stands in the table that is not."""
    assert set(REAL) == set(RULES)
    assert all(len(texts) >= 5 for texts in REAL.values())


@pytest.mark.parametrize(("rule", "text"), cases({rule.id: rule.examples for rule in RULES.values()}))
def test_the_examples_of_the_catalogue_are_found(rule: str, text: str) -> None:
    """They promise what the page shows."""
    assert rule_of(text) == rule


@pytest.mark.parametrize("code", ["400", "403", "404", "429", "500", "502", "503", "504"])
def test_a_number_alone_is_no_status(code: str) -> None:
    """Whatever it counts."""
    for text in (
        f"step {code}",
        f"{code} images",
        f"loss {code}",
        f"epoch 3: {code} batches in {code} s",
        f"lr 0.{code}",
    ):
        assert rule_of(text) is None, text


# --- what is healthy -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HEALTHY)
def test_no_rule_calls_a_healthy_line(text: str) -> None:
    """Neither as the reason of a death nor, three times over, as something to end a program for."""
    assert rule_of(text) is None
    assert LogReader().feed(f"{text}\n{text}\n{text}\n".encode()) == []


def test_a_guard_acts_at_once_and_waits_where_something_may_pass() -> None:
    """Thresholds of the founding table."""
    once = {rule: RULES[rule].threshold for rule in FOUNDING}
    assert once.pop("repeated_failures") == 3
    assert once.pop("service_error") == 2
    assert set(once.values()) == {1}
    windows = {rule: RULES[rule].window for rule in FOUNDING if RULES[rule].window != 100}
    assert windows == {"repeated_failures": 50, "python_exception": 50, "http_error": 50}


def test_what_only_explains_a_death_ends_no_program() -> None:
    """A guard leaves those alone, however often they come."""
    assert LogReader().feed(b"ERROR: no plan\nexit status 2\ncurl: (6) Could not resolve host: a.example\n" * 50) == []


WORDS = (
    "CUDA out of memory avoided by lowering batch size",
    "it was running out of memory before the fix",
    "quotas will not be exceeded this week",
    "insufficient for the quota of the plan",
    "we expect to have insufficient memory for larger batches",
    "disk is full at night mostly",
    "the task timed out jobs of last week",
    "preemption events were read",
    "spot market interruption rates of last year",
    "machine type n1-standard-4 does not support local SSD; using boot disk",
    "no such image folder, using the default",
)
"""What may explain a death, and is by itself no reason to end a program that lives."""


@pytest.mark.parametrize("text", WORDS)
def test_words_that_may_only_speak_of_a_cause_end_no_program(text: str) -> None:
    """However often they come."""
    assert LogReader().feed(f"{text}\n".encode() * 5) == []


# --- what a cause names ----------------------------------------------------------------------------------------------

FACTS = {
    "the account and what it may not do": (
        (
            "Permission 'aiplatform.customJobs.create' denied on resource "
            "'//aiplatform.googleapis.com/projects/acme-ml/"
            "locations/us-central1' for train@acme-ml.iam.gserviceaccount.com"
        ),
        {
            "permission": "aiplatform.customJobs.create",
            "principal": "train@acme-ml.iam.gserviceaccount.com",
            "project": "acme-ml",
            "region": "us-central1",
            "resource": "//aiplatform.googleapis.com/projects/acme-ml/locations/us-central1",
        },
    ),
    "the machine and the accelerator": (
        'Accelerator "NVIDIA_TESLA_T4" is not supported for machine type "a2-highgpu-1g" in zone us-central1-a',
        {
            "accelerator": "NVIDIA_TESLA_T4",
            "machine_type": "a2-highgpu-1g",
            "zone": "us-central1-a",
            "region": "us-central1",
        },
    ),
    "the quota": (
        "Quota 'NVIDIA_A100_GPUS' exceeded.  Limit: 8.0 in region europe-west4.",
        {"quota_metric": "NVIDIA_A100_GPUS", "quota_limit": "8.0", "region": "europe-west4"},
    ),
    "the image": (
        'Failed to pull image "europe-west4-docker.pkg.dev/acme-ml/train/net:v9": not found',
        {"image": "europe-west4-docker.pkg.dev/acme-ml/train/net:v9", "region": "europe-west4"},
    ),
    "the image by its address in the registry": (
        "Head https://europe-west4-docker.pkg.dev/v2/acme-ml/train/net/manifests/v9: Forbidden",
        {"image": "europe-west4-docker.pkg.dev/acme-ml/train/net:v9"},
    ),
    "the module": ("ModuleNotFoundError: No module named 'torchvision.ops'", {"module": "torchvision.ops"}),
    "the file": ("FileNotFoundError: [Errno 2] No such file or directory: '/data/a.csv'", {"path": "/data/a.csv"}),
    "the other side": (
        "HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded",
        {"host": "api.example.com", "port": "443"},
    ),
    "how it ended": ("failed (exitcode: -9) local_rank: 0", {"exit_code": "-9"}),
    "by which signal": ("died with <Signals.SIGKILL: 9>", {"signal": "SIGKILL"}),
    "the status": (
        "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://api.example.com/x",
        {"status": "403", "host": "api.example.com"},
    ),
    "the memory": ("Memory limit of 512 MiB exceeded with 530 MiB used", {"memory_limit": "512 MiB"}),
    "the service that is off": (
        (
            "Enable it by visiting "
            "https://console.developers.google.com/apis/api/run.googleapis.com/overview?project=123456789"
        ),
        {"service": "run.googleapis.com", "project_number": "123456789"},
    ),
    "the parameter that does not fit": ("size mismatch for fc.weight: copying a param", {"parameter": "fc.weight"}),
    "when to try again": ("429 RESOURCE_EXHAUSTED, retryDelay: 17s", {"retry_after": "17"}),
}


@pytest.mark.parametrize(("line", "facts"), FACTS.values(), ids=FACTS)
def test_what_a_line_names_is_known(line: str, facts: dict[str, str]) -> None:
    """By the names of `Finding.facts`, where one of the rules that a fact is about speaks."""
    about = frozenset(RULES).intersection(*(ABOUT[name] for name in facts if name in ABOUT))
    found = facts_of(min(about), [line])
    assert found | facts == found


def test_a_neighbour_names_what_the_line_does_not_and_no_more() -> None:
    """The nearest counts; what another line says of its own exit code or path is its own affair."""
    found = facts_of(
        "permission_denied",
        [
            "PERMISSION_DENIED: no",
            "in region us-east1",
            "in region us-west1",
            "exit code 7",
            "No such file or directory: 'x'",
        ],
    )
    assert found == {"region": "us-east1"}


def test_what_only_looks_like_a_fact_is_none() -> None:
    """A command of gcloud is no permission, nor is a host; an address is no quota; a verb is no entity."""
    for line in (
        "ERROR: (gcloud.compute.instances.create) Could not fetch resource",
        "POST https://storage.googleapis.com/upload/storage/v1/b/acme/o",
        "type.googleapis.com/google.rpc.QuotaFailure",
        "Requested entity was not found",
    ):
        assert not {"permission", "quota_metric", "entity"} & set(facts_of("not_found", [line])), line


def test_facts_of_nothing_are_none() -> None:
    """No line is no error, and an endless one is looked at as far as it matters."""
    assert facts_of("permission_denied", []) == {}
    assert facts_of("permission_denied", ["x" * 1_000_000]) == {}


# --- what is advised -------------------------------------------------------------------------------------------------


def advice_on(text: str) -> str:
    """What is advised for this log."""
    found = diagnose(text).finding
    assert found is not None
    return found.advice


ADVICE = {
    "a role by permission and account": (
        (
            "google.api_core.exceptions.PermissionDenied: 403 Permission 'aiplatform.customJobs.create' "
            "denied on resource "
            "'projects/acme-ml' for train@acme-ml.iam.gserviceaccount.com"
        ),
        (
            "Grant roles/aiplatform.user, which holds aiplatform.customJobs.create: "
            "`gcloud projects add-iam-policy-binding acme-ml "
            "--member=serviceAccount:train@acme-ml.iam.gserviceaccount.com --role=roles/aiplatform.user`."
        ),
    ),
    "a role for somebody unknown": (
        "Permission 'storage.objects.get' denied",
        (
            "Grant roles/storage.objectViewer, which holds storage.objects.get: "
            "`gcloud projects add-iam-policy-binding PROJECT "
            "--member=serviceAccount:SERVICE_ACCOUNT --role=roles/storage.objectViewer`."
        ),
    ),
    "to act as a service account": (
        "Permission 'iam.serviceAccounts.actAs' denied on service account train@acme-ml.iam.gserviceaccount.com",
        (
            "Whoever submits may not act as train@acme-ml.iam.gserviceaccount.com; let them: `gcloud iam "
            "service-accounts "
            "add-iam-policy-binding train@acme-ml.iam.gserviceaccount.com --member=user:SUBMITTER "
            "--role=roles/iam.serviceAccountUser`."
        ),
    ),
    "to let somebody act as a service account": (
        (
            "ERROR: (gcloud.run.deploy) User [ann@example.com] does not have permission to access namespace [acme-ml]: "
            "Permission 'iam.serviceaccounts.actAs' denied on service account 7-compute@developer.gserviceaccount.com"
        ),
        (
            "Whoever submits may not act as 7-compute@developer.gserviceaccount.com; let them: `gcloud iam "
            "service-accounts "
            "add-iam-policy-binding 7-compute@developer.gserviceaccount.com --member=user:ann@example.com "
            "--role=roles/iam.serviceAccountUser`."
        ),
    ),
    "an image of another registry": (
        "Error response from daemon: manifest for acme/train:v7 not found: manifest unknown",
        "Check that acme/train:v7 is there and may be read: `docker manifest inspect acme/train:v7`.",
    ),
    "a name that a module has not": (
        "ImportError: cannot import name 'packaging' from 'pkg_tools'",
        "pkg_tools has no packaging: install the version of its package that has it, or change the import.",
    ),
    "to enable an API": (
        (
            "PermissionDenied: 403 Cloud Run Admin API has not been used in project acme-ml before or it is "
            "disabled. Enable it "
            "by visiting "
            "https://console.developers.google.com/apis/api/run.googleapis.com/overview?project=acme-ml then retry."
        ),
        (
            "The API run.googleapis.com is switched off; enable it: `gcloud services enable "
            "run.googleapis.com --project=acme-ml`."
        ),
    ),
    "machines for the accelerator, and the other way round": (
        'InvalidArgument: 400 Accelerator "NVIDIA_TESLA_A100" is not supported for machine type "n1-standard-4".',
        (
            "Machine types that carry NVIDIA_TESLA_A100: a2-highgpu-1g, a2-highgpu-2g, a2-highgpu-4g, a2-highgpu-8g, "
            "a2-megagpu-16g. n1-standard-4 can carry: NVIDIA_TESLA_T4, NVIDIA_TESLA_V100, "
            "NVIDIA_TESLA_P100, NVIDIA_TESLA_P4. "
            "Zones that have nvidia-tesla-a100: `gcloud compute accelerator-types list "
            "--filter=name=nvidia-tesla-a100`."
        ),
    ),
    "more of a quota": (
        "Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 1.0 in region us-east4.",
        (
            "Ask for more of NVIDIA_L4_GPUS at "
            "`https://console.cloud.google.com/iam-admin/quotas?project=PROJECT`, for region "
            "us-east4. Or use another region, or wait until other jobs have ended."
        ),
    ),
    "to push an image or let it be read": (
        'Failed to pull image "europe-west4-docker.pkg.dev/acme-ml/train/net:v9": not found',
        (
            "Check that europe-west4-docker.pkg.dev/acme-ml/train/net:v9 is there, and push it if not: "
            "`gcloud artifacts docker "
            "images describe europe-west4-docker.pkg.dev/acme-ml/train/net:v9`. Let the puller read train: "
            "`gcloud artifacts "
            "repositories add-iam-policy-binding train --location=europe-west4 --project=acme-ml "
            "--member=serviceAccount:SERVICE_AGENT --role=roles/artifactregistry.reader`."
        ),
    ),
    "more memory": (
        "Memory limit of 512 MiB exceeded with 530 MiB used.",
        (
            "Give the job more memory: `gcloud run jobs update JOB --memory=1024Mi --region=REGION`; "
            "or let it hold less at a time."
        ),
    ),
    "a module": (
        "ModuleNotFoundError: No module named 'einops'",
        "Install einops, which brings einops, in the image: `pip install einops`.",
    ),
    "a checkpoint": (
        "RuntimeError: Error(s) in loading state_dict for Net:",
        "Load a checkpoint of the same architecture, or with `strict=False`: Net does not fit.",
    ),
}


@pytest.mark.parametrize(("text", "advice"), ADVICE.values(), ids=ADVICE)
def test_advice_is_exact(text: str, advice: str) -> None:
    """With the command, and what the log names filled in."""
    assert advice_on(text) == advice


HOSTILE = (
    "$(reboot)",
    "`id`",
    "a;b",
    "a b",
    "--all",
    "'",
    '"',
    "a|b",
    "a&b",
    "a\nb",
    "\x1b[31m",
    "x" * 5_000,
    "ä",
    "{x}",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_fact_that_has_not_the_form_of_one_enters_no_command(value: str) -> None:
    """Whatever a log calls its project: the advice is as if nothing were known."""
    for rule in RULES.values():
        named = {place for _, place, _, _ in string.Formatter().parse(rule.advice) if place}
        for fact in named | set(FORMS) | set(DERIVED):
            if re.fullmatch(FORMS.get(fact, PLAIN), value) is None:
                assert advise(rule, {fact: value}) == advise(rule, {}), (rule.id, fact)


def test_every_rule_has_an_advice_without_any_fact() -> None:
    """A placeholder in capitals stands for what is not known; no brace is left."""
    for rule in RULES.values():
        assert advise(rule, {}), rule.id
        assert not set("{}") & set(advise(rule, {}) + "".join(in_general(rule))), rule.id


def test_every_fact_that_an_advice_asks_for_can_be_known() -> None:
    """From a pattern, or from other facts."""
    sources = [*NEARBY, *OWN, *(pattern.regex for rule in RULES.values() for pattern in rule.patterns)]
    elsewhere = {"file", "line", "function", "rank"}
    known = {name for source in sources for name in re.findall(r"\(\?P<(\w+)>", source)} | set(DERIVED) | elsewhere
    for rule in RULES.values():
        asked = {place for _, place, _, _ in string.Formatter().parse(rule.advice) if place}
        assert asked <= known, rule.id


ROLES = {
    "artifactregistry.repositories.downloadArtifacts": "roles/artifactregistry.reader",
    "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
    "run.jobs.run": "roles/run.invoker",
    "aiplatform.datasets.get": "",
    "aiplatform.datasets.create": "",
    "storage.objects.list": "roles/storage.objectViewer",
    "storage.objects.setIamPolicy": "",
    "nosuch.things.do": "",
    "": "",
}


@pytest.mark.parametrize(("permission", "role"), ROLES.items())
def test_the_least_role_is_chosen(permission: str, role: str) -> None:
    """From the table; a role that is not known to hold it is none."""
    assert role_for(permission) == role


def test_roles_and_permissions_have_their_forms() -> None:
    """A typing error would make a command that cannot work."""
    assert all(re.fullmatch(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+", permission) for permission in ROLE_OF)
    assert all(re.fullmatch(r"roles/[a-z]+(\.[A-Za-z0-9]+)*", role) for role in ROLE_OF.values())


def test_accelerators_and_machines_agree() -> None:
    """What carries an accelerator can have it; all spellings of its name are one."""
    for accelerator, machines in CARRIERS.items():
        assert all(accelerator in accelerators(machine) for machine in machines), accelerator
    assert carriers("nvidia-tesla-a100") == carriers("NVIDIA_TESLA_A100") == carriers("A100")
    assert carriers("nvidia-l4") == CARRIERS["NVIDIA_L4"]
    assert carriers("ABACUS") == () == accelerators("e2-micro")


# --- the data --------------------------------------------------------------------------------------------------------


def test_rules_are_well_formed() -> None:
    """Ids in snake case, origins and categories of the design, and something to read in every field."""
    for name, rule in RULES.items():
        assert name == rule.id
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name)
        assert rule.origin in {"agent", "gcp", "wandb", "python", "container", "user"}
        assert isinstance(rule.category, Category)
        assert rule.title
        assert rule.explains.endswith(".")
        assert rule.advice.endswith(".")
        assert rule.patterns
        assert rule.examples
        assert 1 <= rule.threshold <= NEVER
    assert set(FOUNDING) <= set(RULES)


def test_every_expression_is_linear() -> None:
    """RE2 takes them all, so that no log can hold up the reader."""
    rules = [regex for rule in RULES.values() for pattern in rule.patterns for regex in (pattern.regex, pattern.unless)]
    for regex in (*rules, *HARMLESS, *SURVIVED, *PROGRESS, *SUCCESS, *NEARBY, *OWN):
        re2.compile(regex)


def test_the_catalogue_is_up_to_date() -> None:
    """`python -m monitor.error_catalogue > docs/errors.md` brings it up to date."""
    assert (ROOT / "docs" / "errors.md").read_text() == error_catalogue.catalogue()


def test_the_catalogue_has_a_section_for_every_rule() -> None:
    """With its examples, under the exit status of its category."""
    page = error_catalogue.catalogue()
    for rule in RULES.values():
        assert f"### {rule.id}\n" in page
        assert all(example.strip() in page for example in rule.examples)
        assert f"## {rule.category.value}: exit status {rule.category.exit_status}\n" in page
