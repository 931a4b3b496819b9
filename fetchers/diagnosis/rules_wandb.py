"""What W&B and its launch agent say when a run or a job cannot begin."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule

WANDB_RULES = (
    Rule(
        id="wandb_init",
        title="W&B run cannot start",
        category=Category.WANDB,
        origin="wandb",
        rank=78,
        patterns=(
            Pattern(
                regex=r"\bwandb: ERROR (?:Failed|Unable|api_key|It appears|Run initialization|"
                r"Launch exception|W&B process)\b"
            ),
            Pattern(
                regex=r"(?i)\bwandb\b.*\b(?:failed to initialize|unable to connect|could not connect|"
                r"failed to connect)\b",
                unless=r"(?i)\b(?:hook|callback|handler|if|when)\b",
            ),
            Pattern(regex=r"(?i)\bunable to connect\b.*\bwandb\b|\berror (?:in|during|while calling) wandb\.init\b"),
            Pattern(
                regex=r"\bFailed to initialize\b",
                unless=r"(?i)\b(?:NVML|CUDA|cuDNN|cuBLAS|GPU|driver|NCCL|database|logger|display|backend|plugin|ssl)\b",
            ),
            Pattern(regex=r"(?i)\bfailed to init run\b|\bapi_key not configured\b|\bno api key configured\b"),
            Pattern(
                regex=r"\bwandb(?:\.\w+)*\.(?:UsageError|CommError|AuthenticationError|(?:Wandb)?ServiceStart\w*Error|"
                r"WandbServiceNotOwnedError)\b"
            ),
            Pattern(regex=r"^(?:CommError|UsageError): .*(?i:\b(?:wandb|w&b|api key|entity|project|run)\b)"),
            Pattern(regex=r"(?i)\brun \S+ was previously created and deleted\b"),
            Pattern(regex=r"(?i)\brun initialization has timed out\b"),
            Pattern(regex=r"\bwandb: Network error\b", unless=r"(?i)\bresolved\b", threshold=NEVER),
            Pattern(
                regex=r"(?i)\bwandb\b.*\b(?:timed out|login timeout|internal error|has occurred|is not available)\b|"
                r"\bwandb[._ ]?init\b.*\b(?:failed|timed out|error)\b",
                threshold=NEVER,
            ),
            Pattern(regex=r"\bwandb: Paste an API key\b|\bWandbAttachFailedError\b", threshold=NEVER),
            Pattern(
                regex=r"\bError while calling W&B API: ",
                unless=r"(?i)\binternal error\b|\[5\d\d\]|\btoo many\b",
            ),
            Pattern(regex=r"(?i)\bwandb\b.*\btimed out waiting for (?:wandb service|response)\b"),
            Pattern(regex=r"(?i)\berror communicating with wandb process\b|\bthe wandb service process exited\b"),
            Pattern(regex=r"(?i)\bproblem (?:at|encountered)\b.*\bwandb\b"),
            Pattern(
                regex=r"\bwandb: ERROR .*(?i:permission denied|not logged in|not found|api key|unauthorized|forbidden)"
            ),
            Pattern(regex=r"(?i)\bwandb: error user is not logged in\b|\bwandb\b.*\b(?:invalid|incorrect) api key\b"),
            Pattern(regex=r"\bW&B API key is (?:invalid|expired)\b|\bAPI key must (?:be|have) \d+\+? characters\b"),
            Pattern(regex=r"\b40[139] Client Error\b.*\bapi\.wandb\.ai/graphql\b"),
            Pattern(regex=r"\bfailed to upsert run\b|\bwandb: ERROR Abnormal program exit\b"),
            Pattern(regex=r"\bwandb backend process has shutdown\b"),
        ),
        explains=(
            "The run could not be started at W&B: the key, the entity, the project or the connection is not in order. "
            "The program mostly ends with it."
        ),
        advice=(
            "Set `WANDB_API_KEY` in the job, from a secret; where it is set, check the key with `wandb login "
            "--verify`, and that its account may write to the entity and project. Without a network "
            "`WANDB_MODE=offline` keeps the run on disk."
        ),
        examples=(
            "wandb: ERROR Failed to sync run: permission denied",
            "Failed to initialize wandb",
            "Unable to connect to wandb",
            "wandb.errors.CommError: Run initialization has timed out after 90.0 sec.",
            "wandb.errors.UsageError: api_key not configured (no-tty). call wandb.login(key=[your_api_key])",
        ),
    ),
    Rule(
        id="launch_agent_failed",
        title="launch agent cannot work",
        category=Category.WANDB,
        origin="agent",
        rank=57,
        patterns=(
            Pattern(regex=r"(?i)\bfailed to verify credentials\b|\berror fetching (?:run queues?|entity)\b"),
            Pattern(
                regex=r"(?i)\b(?:launch|agent)\b.*\b(?:could not find|no such|invalid|unknown) (?:queue|run queue)s?\b"
            ),
        ),
        explains="The launch agent itself cannot go on: its key, its queue or its configuration is not in order.",
        advice=(
            "Check `WANDB_API_KEY`, the entity and the queue's name: `wandb launch-agent "
            "--entity={entity} --queue=QUEUE`."
        ),
        examples=("wandb: launch: ERROR Error fetching run queues for entity acme", "Failed to verify credentials"),
    ),
    Rule(
        id="launch_failed",
        title="job could not be launched",
        category=Category.WANDB,
        origin="agent",
        rank=14,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"(?i)\blaunch: .*\b(?:error|failed|exception)\b"),
            Pattern(regex=r"\bLaunchError\b|\bLaunchDockerError\b|\bExecutionError\b: "),
        ),
        explains="The launch agent could not start one job; the lines before say why.",
        advice="Read what the agent printed before; queue the job again once that is mended.",
        examples=("wandb: launch: Error running job: run could not be submitted",),
    ),
)
