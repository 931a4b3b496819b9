"""What goes wrong in machines and accelerators: memory, disks, signals, time limits, processes that lose each other."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule

_HANDLER = r"(?i)\bhandl(?:er|ers|ing|es)\b"
"""Somebody prepares for a signal."""

MACHINE_RULES = (
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
            Pattern(regex=r"(?i)\bspot\b.*\b(?:reclaimed|terminated)\b"),
            Pattern(
                regex=r"(?i)\bspot\b.*\b(?:reclamation|interruption|interrupted)\b|"
                r"\bpreemption (?:notice|signal|event)\b",
                threshold=NEVER,
            ),
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
            Pattern(regex=r"(?i)\b(?:context|request) deadline exceeded\b|\bdeadline of \S+ exceeded\b"),
            Pattern(regex=r"(?i)\bdeadline exceeded(?:[^\w\s]|$| (?:after|while|when|for|in|on)\b)"),
            Pattern(regex=r"(?i)\bdeadline exceeded\b", threshold=NEVER),
            Pattern(
                regex=r"(?i)\b(?:job|task|execution|build|step|replica|it)\b[^.]*\bexceeded (?:its|"
                r"the) \w*[^.]*(?:deadline|timeout|time)\b"
            ),
            Pattern(
                regex=r"(?i)\b(?:job|task|execution|build|step) timed out(?:[^\w\s]|$| (?:after|while|when|in|on)\b)"
            ),
            Pattern(regex=r"(?i)\b(?:job|task|execution|build|step) timed out\b", threshold=NEVER),
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
            "if slurm: Find what took so long, or ask Slurm for more time, with `--time=HOURS:00:00` of `sbatch`.\n"
            "else: Find what {job} waits for, or give it more time: `gcloud run jobs update {job} "
            "--task-timeout=SECONDS --region={region}`.\n"
            "else: Find what it waits for, or give it more time: a build by `timeout` in its configuration, a custom "
            "job by `scheduling.timeout`, a Cloud Run job by `--task-timeout`, a call by its own timeout."
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
            Pattern(regex=r"(?i)\bNCCL watchdog\b.*\b(?:timed out|hang|hung)\b"),
            Pattern(
                regex=r"(?i)\bNCCL watchdog\b.*\btimeout\b",
                unless=r"(?i)\btimeout (?:is|was|of|set|=|:)",
                threshold=NEVER,
            ),
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
            "Rank {rank} says so here: look at what it and the others printed before.\n"
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
        id="device_assert",
        title="index out of range on the accelerator",
        category=Category.EXCEPTION,
        origin="python",
        rank=66,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"\bblock: \[\d+, ?\d+, ?\d+\], thread: \[\d+, ?\d+, ?\d+\],? Assertion\b.*\bfailed\b"),
        ),
        explains=(
            "Code on the accelerator checked a value and ended the program: mostly a token id beyond the embedding, or "
            "a label beyond the number of classes. The Python line that is named is often a later one."
        ),
        advice=(
            "Run once with `CUDA_LAUNCH_BLOCKING=1`, or on the CPU, to see the line; compare the largest token id with "
            "the size of the embedding, and the labels with the number of classes."
        ),
        examples=("Indexing.cu:1284: block: [3,0,0], thread: [64,0,0] Assertion `index < size` failed.",),
    ),
    Rule(
        id="cuda_error",
        title="accelerator or its driver failed",
        category=Category.RESOURCES,
        origin="python",
        rank=39,
        patterns=(
            Pattern(
                regex=r"\bCUDA(?: driver)? error\b *(?:[^\w\s]|$|\d|in\b|at\b|code\b)|"
                r"\bcudaError[A-Z]\w+|\bCUDA_ERROR_[A-Z_]+\b"
            ),
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
            Pattern(regex=r"(?i)\bsegmentation fault(?:[^\w\s]|$| (?:\(|at|in|on|while)\b)|\bsegfault at\b"),
            Pattern(regex=r"\bSIGSEGV\b|\bSIGILL\b", unless=_HANDLER),
            Pattern(regex=r"(?i)\bsegmentation fault\b|\billegal instruction\b", unless=_HANDLER, threshold=NEVER),
            Pattern(regex=r"(?i)\bexit ?(?:code|status)\b\W{0,8}(?P<exit_code>-11|139|-4|132)\b"),
            Pattern(regex=r"(?i)\bsignal[ :=]+(?P<exit_code>11|4)\b(?:[ ,.)]|$)"),
        ),
        explains="Native code (a library, an extension, a driver) crashed; Python had no chance to say where.",
        advice=("Run with `PYTHONFAULTHANDLER=1` to see the Python line; check that library versions fit each other."),
        examples=("Segmentation fault (core dumped)", "Fatal Python error: Segmentation fault"),
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
