"""What goes wrong in the machine, the container and the image: memory, disks, signals, accelerators, pulls."""

from __future__ import annotations

from fetchers.diagnosis.model import Category, Pattern, Rule

MACHINE_RULES = (
    Rule(
        id="image_pull",
        title="image cannot be pulled",
        category=Category.IMAGE,
        origin="container",
        rank=85,
        patterns=(
            Pattern(regex=r"\bImagePullBackOff\b|\bErrImagePull\b|\bErrImageNeverPull\b|\bInvalidImageName\b"),
            Pattern(regex=r"(?i)\bfailed to pull(?: and unpack)? image\b(?: \\*[\"'](?P<image>[^\"'\\\s]+))?"),
            Pattern(regex=r"(?i)\bback-?off pulling image\b(?: \\*[\"'](?P<image>[^\"'\\\s]+))?"),
            Pattern(regex=r"(?i)\berror pulling image\b|\bimage pull failed\b"),
            Pattern(regex=r"(?i)\bmanifest unknown\b|\bmanifest for \S+ not found\b|\bpull access denied\b"),
            Pattern(regex=r"(?i)\berror response from daemon: .*\b(?:unauthorized|denied|forbidden|not found)\b"),
        ),
        explains="The node could not fetch the container's image: it does not exist, or the puller may not read it.",
        advice="Push the image {image}, or let the puller read it with the role roles/artifactregistry.reader.",
        examples=(
            'Failed to pull image "us-docker.pkg.dev/acme-ml/train/resnet:v7": not found',
            "Warning  Failed  Error: ImagePullBackOff",
        ),
    ),
    Rule(
        id="out_of_memory",
        title="out of memory",
        category=Category.RESOURCES,
        origin="container",
        rank=92,
        patterns=(
            Pattern(regex=r"(?i)\bCUDA(?: error)?:? out of memory\b|\bOutOfMemoryError\b|\bCUDA_ERROR_OUT_OF_MEMORY\b"),
            Pattern(regex=r"\bOOMKilled\b|\bOOM[ -]?[Kk]ill(?:ed|er)?\b|\boom-kill:"),
            Pattern(regex=r"(?i)\bout of memory:? kill(?:ed)?\b|\bran out[ -]of[ -]memory\b"),
            Pattern(regex=r"(?i)\bMemoryError\b|\bcannot allocate memory\b|\bMemory limit of .* exceeded\b"),
            Pattern(regex=r"\bRESOURCE_EXHAUSTED: (?:Out of memory|OOM)|\bOOM when allocating\b"),
            Pattern(regex=r"\bstd::bad_alloc\b"),
        ),
        explains="The machine or the accelerator had no memory left for what the program asked.",
        advice="Lower the batch size or the memory that is needed, or choose a machine or an accelerator with more.",
        examples=("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",),
    ),
    Rule(
        id="disk_full",
        title="no space left on disk",
        category=Category.RESOURCES,
        origin="container",
        rank=91,
        patterns=(Pattern(regex=r"(?i)\bno space left on device\b|\bdisk quota exceeded\b|\bENOSPC\b"),),
        explains="A file system is full: the disk, or in a container the memory that its files live in.",
        advice="Ask for a larger boot disk, or write checkpoints and data elsewhere.",
        examples=("OSError: [Errno 28] No space left on device: 'checkpoint.pt'",),
    ),
    Rule(
        id="preempted",
        title="machine taken away",
        category=Category.RESOURCES,
        origin="gcp",
        rank=88,
        patterns=(
            Pattern(
                regex=r"(?i)\b(?:instance|node|machine|worker|vm|job|replica)\b.{0,60}\b(?:was|been|being) preempted\b"
            ),
            Pattern(regex=r"(?i)\bpreempted (?:by|due|because)\b|\bcompute\.instances\.preempted\b"),
            Pattern(regex=r"(?i)\bspot (?:instance|vm|node)\b.*\b(?:reclaimed|terminated|interrupted|preempted)\b"),
        ),
        explains="A spot machine was reclaimed, or a job of higher priority took its place.",
        advice="Submit again, resume from the last checkpoint, or use machines that are not spot.",
        examples=("Instance gke-train-1 was preempted.",),
    ),
    Rule(
        id="deadline_exceeded",
        title="took longer than it was given",
        category=Category.RESOURCES,
        origin="gcp",
        rank=62,
        patterns=(
            Pattern(regex=r"\bDEADLINE_EXCEEDED\b|\bDeadlineExceeded\b|(?i:\bdeadline of \S+ exceeded\b)"),
            Pattern(regex=r"(?i)\bdeadline exceeded\b"),
            Pattern(
                regex=r"(?i)\b(?:job|task|execution|build)\b.{0,40}\b(?:timed out|timeout (?:of|exceeded|reached))\b"
            ),
        ),
        explains="A call, a task or a job did not end within the time that it was given.",
        advice="Give it more time, or find what it waits for.",
        examples=("google.api_core.exceptions.DeadlineExceeded: 504 Deadline Exceeded",),
    ),
    Rule(
        id="collective_failure",
        title="accelerators lost each other",
        category=Category.RESOURCES,
        origin="python",
        rank=70,
        patterns=(
            Pattern(regex=r"(?i)\bwatchdog caught collective operation timeout\b"),
            Pattern(regex=r"\bNCCL (?:error|failure|WARN .*(?:failed|error|closed))\b"),
            Pattern(regex=r"\bnccl(?:UnhandledCuda|System|Internal|Remote)Error\b"),
            Pattern(regex=r"(?i)\bunhandled (?:system|cuda) error, NCCL\b|\bDistBackendError\b"),
        ),
        explains="Processes that train together stopped hearing each other: one died or hung, or the network failed.",
        advice="Look for the first process that failed; raise the timeout if one step is only slow.",
        examples=("[Rank 3] Watchdog caught collective operation timeout: WorkNCCL(OpType=ALLREDUCE)",),
    ),
    Rule(
        id="process_killed",
        title="killed from outside",
        category=Category.RESOURCES,
        origin="container",
        rank=58,
        patterns=(
            Pattern(regex=r"(?i)\bexit ?code *[:=]? *\(?(?P<exit_code>-9|137)\b"),
            Pattern(regex=r"(?i)\b(?P<signal>SIGKILL|SIGBUS)\b|\bbus error\b|\bsignal[ :]+(?P<exit_code>9|7)\b"),
            Pattern(regex=r"^(?:\S+: line \d+: +\d+ )?Killed\b"),
        ),
        explains="The process was ended by a signal: mostly because memory ran out, at times by whoever runs it.",
        advice="Give it more memory (for a bus error more shared memory), or find who ended it.",
        examples=("ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: -9) local_rank: 0",),
    ),
)
