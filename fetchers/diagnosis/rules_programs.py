"""What programs say themselves: exceptions, test runs, W&B, and the general words of failure."""

from __future__ import annotations

from fetchers.diagnosis.model import Category, Pattern, Rule

PROGRAM_RULES = (
    Rule(
        id="wandb_init",
        title="W&B run cannot start",
        category=Category.WANDB,
        origin="wandb",
        rank=78,
        patterns=(
            Pattern(regex=r"\bwandb: ERROR Failed\b|(?i:\bwandb\b.*\bfailed to initialize\b)|\bFailed to initialize\b"),
            Pattern(regex=r"(?i)\bunable to connect\b.*\bwandb\b|\bwandb\b.*\bunable to connect\b"),
            Pattern(regex=r"(?i)\bfailed to init run\b|\bapi_key not configured\b|\bNo API key configured\b"),
            Pattern(regex=r"\bwandb\S*\.(?:UsageError|CommError|AuthenticationError)\b"),
            Pattern(regex=r"(?i)\brun \S+ was previously created and deleted\b"),
        ),
        explains="The run could not be started at W&B: the key, the project or the connection is not in order.",
        advice="Check WANDB_API_KEY and the entity and project; `wandb login --verify` tells.",
        examples=(
            "wandb: ERROR Failed to sync run: permission denied",
            "Failed to initialize wandb",
            "Unable to connect to wandb",
        ),
    ),
    Rule(
        id="python_exception",
        title="exception",
        category=Category.EXCEPTION,
        origin="python",
        window=50,
        rank=40,
        patterns=(
            Pattern(
                regex=r"^(?P<exception>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning|Failure))"
                r"(?:: .*|:)?$",
                unless=r"^\w*Warning\b",
            ),
        ),
        explains="The program raised an exception that nothing handled.",
        advice="Mend what the last line of the traceback says, in the file that it names.",
        examples=("ValueError: too few values to unpack (expected 3, got 2)",),
    ),
    Rule(
        id="repeated_failures",
        title="one failure after another",
        category=Category.REPEATED,
        origin="user",
        window=50,
        threshold=3,
        rank=15,
        patterns=(
            Pattern(
                regex=r"\bFAILED\b|\bFAILURE\b|\bFATAL\b|^--- FAIL: |\bTraceback \(most recent call last\)",
                unless=r"(?i)\b0 fail\w*|\bfail\w*[:=] ?0\b",
            ),
        ),
        explains="The log reports several failures close together, and none of them more exactly.",
        advice="Begin with the first of them.",
        examples=("tests/test_data.py::test_split FAILED", "FATAL: could not open the dataset", "BUILD FAILURE"),
    ),
    Rule(
        id="nonzero_exit",
        title="ended with a failure",
        category=Category.EXCEPTION,
        origin="container",
        rank=8,
        patterns=(
            Pattern(
                regex=r"(?i)\b(?:exit(?:ed)?|returned?|terminated)\b.{0,30}\b(?:code|status)\b"
                r"[ :=]*(?P<exit_code>[1-9]\d*)\b"
            ),
            Pattern(regex=r"(?i)\bnon-?zero (?:exit )?(?:status|code)[ :]*(?P<exit_code>[1-9]\d*)?"),
        ),
        explains="The program ended with a failure, and the log does not say why.",
        advice="Read the lines before the end.",
        examples=("Container called exit(1): exited with code 1",),
    ),
)
