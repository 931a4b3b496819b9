"""What is said where there is no more room: memory, shared memory, disks, and who is killed for it."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule

_AVOIDED = r"(?i)\b(?:avoid\w*|prevent\w*|never|would|without|below|instead of|if|in case)\b"
"""Somebody speaks of what might happen."""

_NOT_KILLED = r"(?i)oom[-_ ]?kill\w*[:= ]+(?:false|0|off|disabled|none)\b"

_FULL = r"(?i)\bis full of\b|\b(?:no|if|when|whether|until|before)\b.*\bis full\b"

_MORE_SHARED_MEMORY = (
    "Use fewer DataLoader workers (`num_workers`), or give the container more shared memory, with Docker by "
    "`--shm-size=8g`, in Kubernetes by an `emptyDir` with `medium: Memory` at `/dev/shm`."
)

_CLOUD_RUN = "`gcloud run jobs update {job} --memory={memory} --region={region}`"

MEMORY_RULES = (
    Rule(
        id="out_of_memory",
        title="out of memory",
        category=Category.RESOURCES,
        origin="container",
        rank=92,
        patterns=(
            Pattern(
                regex=r"(?i)\b(?:CUDA|HIP|XPU|MPS|NPU|GPU)\b[\w :().-]*\bout of memory"
                r"(?:\s*[.:;,!)\"']|\s*$| \(| (?:while|when|on|in|error|for)\b)"
            ),
            Pattern(
                regex=r"(?i)\b(?:CUDA|HIP|XPU|MPS|NPU|GPU)\b[\w :().-]*\bout of memory\b",
                unless=_AVOIDED,
                threshold=NEVER,
            ),
            Pattern(regex=r"\bOutOfMemoryError\b|\bCUDA_ERROR_OUT_OF_MEMORY\b|\bcudaErrorMemoryAllocation\b"),
            Pattern(regex=r"\bCUBLAS_STATUS_ALLOC_FAILED\b|\bCUDNN_STATUS_ALLOC_FAILED\b"),
            Pattern(regex=r"\bOOM[ _-]?[Kk]illed\b", unless=_NOT_KILLED),
            Pattern(regex=r"(?i)\b(?:invoked oom-killer|oom-kill(?:er)?:|oom-kill event)", unless=_NOT_KILLED),
            Pattern(regex=r"(?i)\boom[ _-]?kill(?:er|ing)?\b", unless=_NOT_KILLED, threshold=NEVER),
            Pattern(regex=r"(?i)\bresource exhausted: out(?: of memory\b|\s*$)"),
            Pattern(regex=r"(?i)\bout of memory\b[:,]? (?:kill|while|when|on|in|error|occurred|\()"),
            Pattern(regex=r"(?i)^out of memory$|: out of memory$"),
            Pattern(regex=r"(?i)\bran out[ -]of[ -]memory\b", unless=_AVOIDED),
            Pattern(
                regex=r"(?i)\b(?:run|running) out[ -]of[ -]memory\b|"
                r"\bout-of-memory (?:handler|event|error|condition)\b",
                unless=_AVOIDED,
                threshold=NEVER,
            ),
            Pattern(regex=r"\bMemoryError\b|(?i:\bcannot allocate memory\b)|\bstd::bad_alloc\b"),
            Pattern(regex=r"\bheap out of memory\b"),
            Pattern(regex=r"(?i)\bmemory limit of [\d.]+ ?[KMGT]i?B\b.*\bexceeded\b"),
            Pattern(regex=r"(?i)\bexceeded (?:the |its )?(?:\w+ )?memory limit\b|\bmemory limit exceeded\W?$"),
            Pattern(
                regex=r"(?i)\bmemory (?:limit|usage|request)\b.*\bexceed(?:ed|s)\b|\bexceed(?:ed|s|ing)\b.*"
                r"\bmemory limits?\b",
                unless=_AVOIDED,
                threshold=NEVER,
            ),
            Pattern(
                regex=r"\bOOM when allocating\b|(?i:\bRESOURCE_EXHAUSTED: .*\b(?:out of memory|OOM|allocat\w+|HBM)\b)"
            ),
            Pattern(
                regex=r"(?i:\b(?:can't|unable to|failed to|could not) allocate (?:memory|[\d.]+ ?[KMGT]i?B|\d+ bytes))"
            ),
            Pattern(regex=r"(?i)\bthe node was low on resource: memory\b"),
            Pattern(regex=r"(?i)\bnot enough memory\b|\binsufficient memory\b", unless=_AVOIDED, threshold=NEVER),
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
            "if device: Lower the batch size, accumulate gradients or shard the model; where much is reserved and not "
            "allocated, set `PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True`; or take an accelerator with more "
            "memory.\n"
            f"else: if shared_memory: {_MORE_SHARED_MEMORY}\n"
            f"else: if cloud_run: Give the job more memory: {_CLOUD_RUN}; or let it hold less at a time.\n"
            "else: Let it hold less at a time (a smaller batch, fewer DataLoader workers, data read in parts), or take "
            "a machine with more memory."
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
            Pattern(regex=r"(?i)\b(?:disk|volume|filesystem|file system) is full(?:[.:;,!)]|$)|\bSQLITE_FULL\b"),
            Pattern(
                regex=r"(?i)\b(?:disk|volume|filesystem|file system|device) is full\b", unless=_FULL, threshold=NEVER
            ),
            Pattern(
                regex=r"(?i)\b(?:not enough|insufficient|out of) (?:free |available )?disk space\b", unless=_AVOIDED
            ),
            Pattern(regex=r"(?i)\b(?:not enough|insufficient|out of) (?:free |available )?disk\b", threshold=NEVER),
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
                unless=r"(?i)\b(?:send(?:ing)?|will|before|timeout.*|grace\w*|handl\w+|ignor\w+)\b.*\bSIGKILL\b",
            ),
            Pattern(regex=r"(?i)\bbus error(?:[.:;,!)]|$| \(| encountered\b)"),
            Pattern(regex=r"(?i)\bbus error\b", threshold=NEVER),
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
            f"if shared_memory: {_MORE_SHARED_MEMORY}\n"
            f"else: if cloud_run: Mostly memory ran out; give the job more: {_CLOUD_RUN}; or let it hold less at a "
            "time.\n"
            "else: Mostly memory ran out: let it hold less at a time (a smaller batch, fewer DataLoader workers, data "
            "read in parts), or take a machine with more. Where it had enough, find who ended it: a person, a "
            "scheduler, a time limit."
        ),
        examples=(
            "ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: -9) local_rank: 0",
            "      Exit Code:    137",
            "subprocess.CalledProcessError: Command 'python train.py' died with <Signals.SIGKILL: 9>.",
            "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory.",
        ),
    ),
)
