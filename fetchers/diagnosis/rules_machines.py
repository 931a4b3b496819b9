"""What goes wrong in machines and accelerators: memory, disks, signals, time limits, processes that lose each other."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule

MACHINE_RULES = (
    Rule(
        id="out_of_memory",
        title="out of memory",
        category=Category.RESOURCES,
        origin="container",
        rank=92,
        patterns=(
            Pattern(regex=r"(?i)\b(?:CUDA|HIP|XPU|MPS|NPU|GPU)\b[\w :().-]*\bout of memory\b"),
            Pattern(regex=r"\bOutOfMemoryError\b|\bCUDA_ERROR_OUT_OF_MEMORY\b|\bcudaErrorMemoryAllocation\b"),
            Pattern(regex=r"\bCUBLAS_STATUS_ALLOC_FAILED\b|\bCUDNN_STATUS_ALLOC_FAILED\b"),
            Pattern(regex=r"\bOOM ?[Kk]ill(?:ed|er|ing)\b", unless=r"(?i)oom[-_]?kill\w*[:= ]+(?:false|0)\b"),
            Pattern(regex=r"\boom[-_]?kill(?:er)?\b", unless=r"(?i)oom[-_]?kill\w*[:= ]+(?:false|0)\b"),
            Pattern(regex=r"\bOOM[-_]kill", unless=r"(?i)oom[-_]?kill\w*[:= ]+(?:false|0)\b"),
            Pattern(regex=r"(?i)\bresource exhausted: out(?: of memory\b|\s*$)"),
            Pattern(regex=r"(?i)\bout of memory\b[:,]? (?:kill|while|when|on|in|error|occurred|\()"),
            Pattern(regex=r"(?i)^out of memory$|: out of memory$"),
            Pattern(regex=r"(?i)\b(?:ran|run|running) out[ -]of[ -]memory\b"),
            Pattern(regex=r"(?i)\bout-of-memory (?:handler|event|error|condition)\b"),
            Pattern(regex=r"\bMemoryError\b|(?i:\bcannot allocate memory\b)|\bstd::bad_alloc\b"),
            Pattern(regex=r"\bheap out of memory\b"),
            Pattern(
                regex=r"(?i)\bmemory (?:limit|usage|request)\b.*\bexceed(?:ed|s)\b|\bexceed(?:ed|s|ing)\b.*"
                r"\bmemory limits?\b"
            ),
            Pattern(
                regex=r"\bOOM when allocating\b|(?i:\bRESOURCE_EXHAUSTED: .*\b(?:out of memory|OOM|allocat\w+|HBM)\b)"
            ),
            Pattern(
                regex=r"(?i:\b(?:can't|unable to|failed to|could not) allocate (?:memory|[\d.]+ ?[KMGT]i?B|\d+ bytes))"
            ),
            Pattern(regex=r"(?i)\bnot enough memory\b|\bthe node was low on resource: memory\b"),
            Pattern(regex=r"(?i)\binsufficient memory\b"),
            Pattern(regex=r"\bKilled process \d+ \([^)]*\)|\bkilled by signal: Killed\b"),
            Pattern(regex=r"(?i)\bkilled\b.*\b(?:out[ -]of[ -]memory|memory pressure|using too much memory)\b"),
            Pattern(regex=r"(?i)\bran out of (?:input )?memory in memory space\b|\bout of shared memory\b"),
        ),
        explains=(
            "The machine or the accelerator had no memory left for what the program asked, and the program or the "
            "system gave up. It will happen again unless something gets smaller or larger."
        ),
        advice=(
            "It asked for {requested} where the accelerator holds {capacity}.\n"
            "Lower the batch size, accumulate gradients or shard the model; or take a machine or an "
            "accelerator with more memory (a Cloud Run job: `gcloud run jobs update {job} "
            "--memory={memory} --region={region}`)."
        ),
        examples=(
            "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
            "RuntimeError: CUDA error: out of memory",
            "    Reason:       OOMKilled",
            "Out of memory: Killed process 4121 (python3) total-vm:90312344kB",
            "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes.",
            "Memory limit of 512 MiB exceeded with 530 MiB used.",
            "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.batch.",
        ),
    ),
    Rule(
        id="disk_full",
        title="no space left on disk",
        category=Category.RESOURCES,
        origin="container",
        rank=93,
        patterns=(
            Pattern(regex=r"(?i)\bno space left on (?:the )?(?:device|disk)\b|\bdisk quota exceeded\b|\bENOSPC\b"),
            Pattern(regex=r"(?i)\b(?:disk|volume|filesystem|file system|device) is full\b|\bSQLITE_FULL\b"),
            Pattern(regex=r"(?i)\b(?:not enough|insufficient|out of) (?:free |available )?disk ?(?:space)?\b"),
            Pattern(regex=r"(?i)\blow on resource: ephemeral-storage\b"),
            Pattern(regex=r"(?i)\bexceeds? (?:the )?(?:local )?ephemeral[ -]storage\b"),
        ),
        explains="A file system is full: the disk, or in a container the memory that its files live in.",
        advice=(
            "Ask for a larger boot disk (`bootDiskSizeGb` of the worker pool), keep fewer checkpoints, "
            "or write to a bucket instead of {path}.\n"
            "else: Ask for a larger boot disk (`bootDiskSizeGb` of the worker pool), keep fewer "
            "checkpoints, or write to a bucket."
        ),
        examples=(
            "OSError: [Errno 28] No space left on device: 'checkpoint.pt'",
            "write /var/lib/docker/tmp/layer.tar: no space left on device",
            "The node was low on resource: ephemeral-storage.",
        ),
    ),
    Rule(
        id="preempted",
        title="machine taken away",
        category=Category.RESOURCES,
        origin="gcp",
        rank=88,
        patterns=(
            Pattern(
                regex=r"(?i)\b(?:instances?|nodes?|machines?|workers?|workerpool\S*|vms?|jobs?|replicas?|"
                r"tpus?|tasks?|pods?|spot)\b.*\b(?:was|were|been|being|got|is) preempted\b"
            ),
            Pattern(regex=r"(?i)\bpreempted (?:by|due|because)\b|\bcompute\.instances\.preempted\b"),
            Pattern(regex=r"(?i)\bdue to preemption\b|\btermination is imminent\b|\bjob preempted\b"),
            Pattern(regex=r"(?i)\bspot\b.*\b(?:reclaimed|terminated|reclamation|interruption|interrupted)\b"),
            Pattern(regex=r"(?i)\bpreemption (?:notice|signal|event)\b"),
            Pattern(regex=r"(?i)\bimminent node shutdown\b|\bstate[:=]? *\W?PREEMPTED\b"),
            Pattern(
                regex=r"(?i)\bnode is shutting(?: down)?, evicting\b|\brejected\b.*\bnode is shutting down\b|"
                r"\bterminated: preempted\b|\bcompute engine preemption\b"
            ),
            Pattern(regex=r"(?i)\bterminated by (?:a )?(?:host )?maintenance\b"),
            Pattern(regex=r"(?i)\bdue to (?:a )?(?:host |scheduled )?maintenance\b"),
        ),
        explains="A spot machine was reclaimed, a job of higher priority took its place, or its host was serviced.",
        advice="Submit again and resume from the last checkpoint, or use machines that are not spot.",
        examples=(
            "Instance gke-train-1 was preempted.",
            "slurmstepd: error: *** JOB 81 ON node7 CANCELLED AT 2026-01-05T10:00:00 DUE TO PREEMPTION ***",
            "Pod was terminated in response to imminent node shutdown.",
            "The replica workerpool1-0 was preempted.",
        ),
    ),
    Rule(
        id="deadline_exceeded",
        title="took longer than it was given",
        category=Category.RESOURCES,
        origin="gcp",
        rank=62,
        patterns=(
            Pattern(regex=r"\bDEADLINE_EXCEEDED\b|\bDeadlineExceeded\b", unless=r"\b504 Gateway\b"),
            Pattern(regex=r"\bactiveDeadlineSeconds\b.*\bexceeded\b", unless=r"\b504 Gateway\b"),
            Pattern(regex=r"(?i)\b(?:context |request )?deadline exceeded\b|\bdeadline of \S+ exceeded\b"),
            Pattern(
                regex=r"(?i)\b(?:job|task|execution|build|step|replica|it)\b[^.]*\bexceeded (?:its|"
                r"the) \w*[^.]*(?:deadline|timeout|time)\b"
            ),
            Pattern(regex=r"(?i)\b(?:job|task|execution|build|step) timed out\b"),
            Pattern(regex=r"(?i)\bdue to time limit\b|\bactive longer than specified deadline\b"),
            Pattern(regex=r"(?i)\bexceeded the maximum execution time\b"),
            Pattern(
                regex=r"(?i)\b(?:reached|exceeded)\b.*\b(?:maximum timeout|task timeout|configured timeout|"
                r"max(?:imum)? (?:run|wait)[- ]?time|time limit)\b"
            ),
            Pattern(regex=r"(?i)\b(?:configured|maximum|task) timeout\b.*\b(?:was )?(?:reached|exceeded)\b"),
            Pattern(
                regex=r"(?i)\b(?:job|task|execution|build|step|action)\b.*\b(?:has timed out|was timed out|"
                r"timed out after)\b"
            ),
            Pattern(
                regex=r"(?i)\b(?:ended|stopped|killed|cancell?ed|terminated|aborted)\b.*\b(?:after|because of|due to) "
                r"(?:its|the|a) (?:\w+ )?(?:timeout|time ?limit|deadline)\b"
            ),
            Pattern(
                regex=r"(?i)\b(?:ran|running|took|taken) (?:for )?longer than (?:its|the) (?:\w+ )?(?:timeout|limit)\b"
            ),
            Pattern(regex=r"(?i)^TIMEOUT$"),
        ),
        explains="A call, a task or a job did not end within the time that it was given.",
        advice=(
            "Find what it waits for, or give it more time: a Cloud Run job with `gcloud run jobs update "
            "{job} --task-timeout=SECONDS --region={region}`, a build with `timeout:` in its "
            "configuration, a custom job with `scheduling.timeout`."
        ),
        examples=(
            "google.api_core.exceptions.DeadlineExceeded: 504 Deadline Exceeded",
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            "Terminating task because it has reached the maximum timeout of 600 seconds.",
            "error: *** JOB 17 ON n1 CANCELLED AT 2026-01-05T10:00:00 DUE TO TIME LIMIT ***",
        ),
    ),
    Rule(
        id="collective_failure",
        title="accelerators lost each other",
        category=Category.RESOURCES,
        origin="python",
        rank=70,
        patterns=(
            Pattern(regex=r"(?i)\bwatchdog caught collective operation timeout\b|\bcollective operation timeout\b"),
            Pattern(regex=r"\bNCCL (?:error|failure|communicator was aborted)\b"),
            Pattern(regex=r"\bNCCL WARN .*(?:fail|[Ee]rror|closed|timeout)"),
            Pattern(regex=r"\bnccl(?:UnhandledCuda|System|Internal|Remote|InvalidUsage|InvalidArgument)(?:Error)?\b"),
            Pattern(regex=r"(?i)\bunhandled (?:system|cuda) error\b|\bDistBackendError\b|\bDistStoreError\b"),
            Pattern(regex=r"(?i)\bDistNetworkError\b"),
            Pattern(regex=r"(?i)\bNCCL watchdog\b.*\b(?:timed out|timeout|hang|hung)\b"),
            Pattern(regex=r"(?i)\bNCCL operations have failed or timed out\b"),
            Pattern(regex=r"(?i)\bProcessGroup(?:NCCL|Gloo)\b.*\b(?:timeout|abort|terminated|error)\w*\b"),
            Pattern(regex=r"\bRendezvous(?:Connection|Timeout|Closed)Error\b|(?i:\brendezvous (?:failed|timed out))"),
            Pattern(regex=r"(?i)\bclient socket has timed out after\b|\bException raised from \w*nccl\w*watchdog\b"),
            Pattern(regex=r"(?i)\bTCPStore\b.*\b(?:timeout|failed|broken|closed)\b"),
            Pattern(regex=r"(?i)\bConnection closed by (?:remote )?(?:peer|localRank)\b"),
            Pattern(regex=r"(?i)\bgloo\b.*\b(?:connectFullMesh failed|connection (?:closed|reset)|timed out)\b"),
            Pattern(regex=r"\bMPI_ABORT was invoked\b|\bMPI_ERR\w+|(?i:\bhorovod has been shut down\b)"),
            Pattern(regex=r"(?i)\bbarrier timed out\b"),
            Pattern(
                regex=r"\b[Tt]imed out initializing process group\b|"
                r"\bsetting up NCCL communicator\b.*\b(?:error|reset|closed|failed|timed out|timeout)\b"
            ),
            Pattern(regex=r"(?i)\bcoordination (?:service|agent)\b.*\b(?:error|timeout|timed out|fail\w*|unhealthy)\b"),
            Pattern(regex=r"(?i)\bslice health check failed\b"),
        ),
        explains="Processes that train together stopped hearing each other: one died or hung, or the network failed.",
        advice=(
            "Look for the first process that failed: its own error is the cause. Where one step is only "
            "slow, raise the timeout of `init_process_group`; `NCCL_DEBUG=INFO` shows more."
        ),
        examples=(
            "[Rank 3] Watchdog caught collective operation timeout: WorkNCCL(OpType=ALLREDUCE)",
            "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1970, unhandled system error",
            "torch.distributed.DistStoreError: Timed out after 301 seconds waiting for clients. 1/2 clients joined.",
            "RuntimeError: [3] is setting up NCCL communicator: ncclSystemError: system call failed",
        ),
    ),
    Rule(
        id="cuda_error",
        title="accelerator or its driver failed",
        category=Category.RESOURCES,
        origin="python",
        rank=39,
        patterns=(
            Pattern(regex=r"\bCUDA(?: driver)? error\b|\bcudaError[A-Z]\w+|\bCUDA_ERROR_[A-Z_]+\b"),
            Pattern(regex=r"\bAcceleratorError\b"),
            Pattern(regex=r"\bC(?:UBLAS|UDNN|USOLVER|UFFT)_STATUS_[A-Z_]+\b", unless=r"_STATUS_SUCCESS\b"),
            Pattern(regex=r"(?i)\bdevice-side assert\b|\billegal memory access\b|\bno kernel image is available\b"),
            Pattern(regex=r"(?i)\bCUDA driver version is insufficient\b|\bNVIDIA driver on your system is too old\b"),
            Pattern(regex=r"(?i)\bno CUDA(?:-capable)? (?:GPUs?|devices?) (?:are|is) (?:available|detected)\b"),
            Pattern(regex=r"(?i)\bfound no NVIDIA driver\b"),
            Pattern(regex=r"\bFailed to initialize NVML\b|\bNVIDIA-SMI has failed\b"),
            Pattern(regex=r"\bnvidia-container-cli: \S+ error\b"),
            Pattern(regex=r"(?i)\bcould not select device driver\b.*\bgpu\b|\bNVRM: Xid\b"),
            Pattern(regex=r"(?i)\buncorrectable ECC error\b"),
            Pattern(regex=r"(?i)\btorch not compiled with CUDA enabled\b"),
            Pattern(regex=r"(?i)\bunable to initialize backend '(?:tpu|cuda|gpu)'"),
            Pattern(regex=r"\bTPU initialization failed\b"),
        ),
        explains="The accelerator refused work: a wrong index on the device, no or a too old driver, or a fault of it.",
        advice=(
            "Run once with `CUDA_LAUNCH_BLOCKING=1` to see the call that failed. Where the driver is "
            "missing or too old, use an image built for the machine's CUDA version, and make sure that "
            "the job asks for an accelerator."
        ),
        examples=(
            "CUDA error: device-side assert triggered",
            "no CUDA-capable device is detected",
            "Failed to initialize NVML: Driver/library version mismatch",
        ),
    ),
    Rule(
        id="segmentation_fault",
        title="crashed in native code",
        category=Category.RESOURCES,
        origin="container",
        rank=64,
        patterns=(
            Pattern(regex=r"(?i)\bsegmentation fault\b|\bsegfault at\b|\bSIGSEGV\b|\bSIGILL\b"),
            Pattern(regex=r"(?i)\billegal instruction\b"),
            Pattern(regex=r"(?i)\bexit ?(?:code|status)\b\W{0,8}(?P<exit_code>-11|139|-4|132)\b"),
            Pattern(regex=r"(?i)\bsignal[ :=]+(?P<exit_code>11|4)\b(?:[ ,.)]|$)"),
        ),
        explains="Native code (a library, an extension, a driver) crashed; Python had no chance to say where.",
        advice=("Run with `PYTHONFAULTHANDLER=1` to see the Python line; check that library versions fit each other."),
        examples=("Segmentation fault (core dumped)", "Fatal Python error: Segmentation fault"),
    ),
    Rule(
        id="process_killed",
        title="killed from outside",
        category=Category.RESOURCES,
        origin="container",
        rank=58,
        patterns=(
            Pattern(
                regex=r"(?i)\bexit(?:ed)?[ _-]?(?:with )?(?:code|status)\b(?: is)?\W{0,8}(?P<exit_code>-9|137|-7|135)\b"
            ),
            Pattern(
                regex=r"(?i)\b(?P<signal>SIGKILL|SIGBUS)\b",
                unless=r"(?i)\b(?:send(?:ing)?|will|before|timeout.*|grace\w*)\b.*\bSIGKILL\b",
            ),
            Pattern(regex=r"(?i)\bbus error\b"),
            Pattern(regex=r"(?i)\b(?:by |with |on |got )?signal[ :=]+(?P<exit_code>9|7)\b(?:[ ,.)(]|$)"),
            Pattern(regex=r"(?i)\bsignal: killed\b"),
            Pattern(regex=r"^(?:\S+: line \d+: +\d+ )?Killed(?:$| +[\w./]*(?:python|torchrun|bash|accelerate))"),
            Pattern(regex=r"(?i)\bDataLoader worker \(pid\(?s?\)? [\d, ]+\) (?:is killed|exited unexpectedly)"),
        ),
        explains=(
            "The process was ended by a signal that it cannot handle: mostly because memory ran out, at times by "
            "whoever runs it. A bus error means that shared memory ran out."
        ),
        advice=(
            "Give it more memory (a Cloud Run job: `gcloud run jobs update {job} --memory={memory} "
            "--region={region}`), or find who ended it; for a bus error more shared memory or fewer "
            "DataLoader workers."
        ),
        examples=(
            "ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: -9) local_rank: 0",
            "      Exit Code:    137",
            "subprocess.CalledProcessError: Command 'python train.py' died with <Signals.SIGKILL: 9>.",
            "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory.",
        ),
    ),
    Rule(
        id="terminated",
        title="asked to end",
        category=Category.RESOURCES,
        origin="container",
        rank=25,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"(?i)\b(?:received|caught|got|signal)\b.*(?:\b|\.)(?P<signal>SIGTERM|SIGINT|SIGHUP)\b"),
            Pattern(regex=r"(?i)\bgot signal: (?:15|2)\b"),
            Pattern(regex=r"(?i)\bexit(?:ed)?[ _-]?(?:with )?(?:code|status)\b\W{0,8}(?P<exit_code>143|-15|130|-2)\b"),
            Pattern(regex=r"(?i)^(?:terminated|interrupted|aborted!?|cancell?ed)$|\b(?:was|been) cancell?ed by\b"),
            Pattern(regex=r"^KeyboardInterrupt$|\bCANCELLED AT \S+ \*\*\*"),
        ),
        explains="Somebody or something asked the program to end: a cancellation, a scale-down, a shutdown, Ctrl+C.",
        advice="Find who or what ended it, or submit again: nothing is wrong with the program itself.",
        examples=(
            "W0105 torch elastic agent: Received Signals.SIGTERM death signal, shutting down workers",
            "Container exited with code 143",
        ),
    ),
)
