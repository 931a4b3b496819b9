"""What programs say themselves: exceptions, test runs, builds, and the general words of failure."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule

PROGRAM_RULES = (
    Rule(
        id="python_exception",
        title="exception",
        category=Category.EXCEPTION,
        origin="python",
        window=50,
        rank=40,
        patterns=(
            Pattern(
                regex=r"^(?:E  +)?(?P<exception>(?:[A-Za-z_]\w*\.)*_?[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Failure|"
                r"Timeout|Invalid))(?:\(\w+\))?(?:: .*|:)?$",
                unless=r"^(?:\w+\.)*\w*Warning\b",
            ),
            Pattern(
                regex=r"^(?P<exception>(?:subprocess|asyncio|queue|concurrent\.futures|jsonschema|botocore|"
                r"docker|yaml)\.(?:\w+\.)*[A-Z]\w+)(?:: .*|:)$"
            ),
            Pattern(
                regex=r"\bTraceback \(most recent call last\):? +File \".*"
                r"\b(?P<exception>[A-Z]\w*(?:Error|Exception)): "
            ),
            Pattern(regex=r"\bTraceback \(most recent call last\):? +File \""),
        ),
        explains="The program raised an exception that nothing handled.",
        advice=(
            "{module} has no {symbol}: install the version of its package that has it, or change the import.\n"
            "else: Install {distribution}, which brings {module}, in the image: `pip install {distribution}`.\n"
            "else: Put {module} into the image: copy it there if it is your own, and mind the working directory and "
            "PYTHONPATH; else add the package that brings it to the requirements.\n"
            "else: Let the program read or write {refused_path}: change its owner or mode, or use another place.\n"
            "else: {directory} is a directory: name a file in it.\n"
            "else: {taken} exists already: remove it, or write elsewhere.\n"
            "else: Check that {missing} is there: mounted, copied into the image, or downloaded before.\n"
            "else: Load a checkpoint of the same architecture, or with `strict=False`: {parameter} does "
            "not fit.\n"
            "else: Check that {host} can be reached from the job, and with these credentials.\n"
            "else: if cuda: Run once with `CUDA_LAUNCH_BLOCKING=1` to see the call that failed: the line that is named "
            "is often a later one.\n"
            "else: Look at {file}, line {line}, in {function}.\n"
            "else: Look at {file}, line {line}.\n"
            "else: Mend what the last line of the traceback says, in the file that the line above it names."
        ),
        examples=(
            "ValueError: too few values to unpack (expected 3, got 2)",
            "ModuleNotFoundError: No module named 'transformers'",
            "omegaconf.errors.ConfigAttributeError: Key 'lr' is not in struct",
        ),
    ),
    Rule(
        id="usage_error",
        title="started with wrong arguments",
        category=Category.CONFIG,
        origin="user",
        rank=34,
        threshold=NEVER,
        patterns=(
            Pattern(
                regex=r"^[\w./-]+(?: [\w-]+)*: error: (?:argument|unrecognized|the following arguments|"
                r"invalid|ambiguous|too )"
            ),
            Pattern(
                regex=r"\b(?:unrecognized arguments|the following arguments are required): (?P<argument>-{0,2}[\w-]+)"
            ),
            Pattern(
                regex=r"^Error: (?:No such (?:option|command)|Missing (?:option|argument|parameter)|"
                r"Got unexpected extra)\b"
            ),
            Pattern(
                regex=r"(?i)\b(?:unknown|unrecognized|invalid|illegal) (?:command[- ]line )?(?:option|flag|"
                r"argument|choice)\b[:= ]+\S"
            ),
            Pattern(
                regex=r"(?i)\bflag provided but not defined\b|\bunknown shorthand flag\b|^fatal flags parsing error"
            ),
            Pattern(regex=r"\bCould not override '(?P<argument>[\w.]+)'|^usage: \S.*\berror\b"),
        ),
        explains="A program was started with options or values that it does not know; it never began to work.",
        advice="Correct the command: `PROGRAM --help` tells what it takes.",
        examples=(
            "train.py: error: unrecognized arguments: --learning_rate=0.1",
            "Error: No such option: --epoch",
            "unknown flag: --regoin",
        ),
    ),
    Rule(
        id="nan_loss",
        title="the loss is no number",
        category=Category.EXCEPTION,
        origin="user",
        rank=42,
        threshold=NEVER,
        patterns=(
            Pattern(
                regex=r"(?i)\bloss is (?:nan|inf|infinite|not finite)\b.*\b(?:stop\w*|abort\w*|exit\w*|terminat\w*)\b"
            ),
            # Spelled so that lines are looked for by their "nan": every line of a training holds the other word.
            Pattern(regex=r"(?i)\blos{2}\b[\"']?(?: is|:|=| ) ?nan\b(?:[,;.)} ]|$)"),
            Pattern(regex=r"\bNanLossDuringTrainingError\b|\bModel diverged with loss = NaN\b"),
            Pattern(
                regex=r"(?i)\b(?:stop|abort|terminat|exit)\w*\b.*\b(?:nan|non-finite) (?:loss|gradients?|values?)\b"
            ),
        ),
        explains="The training has diverged: the loss or a gradient is no finite number any more.",
        advice=(
            "Lower the learning rate, clip gradients, use bfloat16 instead of float16, and look at the last batches."
        ),
        examples=("Loss is nan, stopping training",),
    ),
    Rule(
        id="repeated_failures",
        title="one failure after another",
        category=Category.REPEATED,
        origin="user",
        window=50,
        threshold=3,
        rank=16,
        patterns=(
            Pattern(
                regex=r"\bFAILED\b|\bFAILURES?\b|\bFATAL\b|\bTraceback \(most recent call last\)",
                unless=r"(?i)\b0 fail\w*|\bfail\w*[:=] ?0\b|\bif\b.*\bFAILED\b|\b(?:WARN|INFO)\w*\b.*"
                r"\bFAILED\b.*\bretry",
            ),
            Pattern(regex=r"^Root Cause \(first observed failure\)"),
            Pattern(regex=r"^--- FAIL: |^(?:ERROR|FAIL): test\w* \(|^FAIL\b.*[\w./-]+|^not ok \d+"),
            Pattern(regex=r"(?i)\berror: build step \d+\b|\bbuild failed\b|\bBUILDFAIL"),
            Pattern(regex=r"(?i)\b[1-9]\d* (?:tests? )?failed\b"),
            Pattern(regex=r"(?i)\b[1-9]\d* (?:failing|failures?)\b"),
            Pattern(regex=r"(?i)\b[1-9]\d* errors? (?:found|detected|generated)\b"),
            Pattern(regex=r"(?i)\b(?:failures|errors|failed)[:=] ?[1-9]|\*\*\*Failed\b|\btests? failed\b"),
            Pattern(regex=r"(?i)^##\[error\]"),
            Pattern(regex=r"^make(?:\[\d+\])?: \*\*\* |\bnpm ERR! |^ninja: build stopped"),
            Pattern(regex=r"\bcompilation (?:failed|terminated)\b"),
        ),
        explains="The log reports failures, mostly several close together, and none of them more exactly.",
        advice="Begin with the first of them; those after it mostly follow from it.",
        examples=(
            "tests/test_data.py::test_split FAILED",
            "FATAL: could not open the dataset",
            "BUILD FAILURE",
            'ERROR: build step 2 "gcr.io/cloud-builders/docker" failed: step exited with non-zero status: 1',
        ),
    ),
    Rule(
        id="native_error",
        title="error in a program",
        category=Category.EXCEPTION,
        origin="user",
        rank=18,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"\(core dumped\)|\bSIGABRT\b|(?i:\bexit ?(?:code|status)\b\W{0,8}(?:-6|134)\b)"),
            Pattern(regex=r"^panic: |^thread '[^']*' panicked at |^fatal error: |^goroutine \d+ \["),
            Pattern(
                regex=r"^(?:Exception in thread \"[^\"]*\" |Caused by: )?(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)\b"
            ),
            Pattern(regex=r"\bUnhandled (?:promise )?(?:rejection|exception)\b|^Uncaught \w*(?:Error|Exception)\b"),
            Pattern(regex=r"\bterminate called after throwing an instance of\b|^  what\(\):  |\bCheck failed: "),
            Pattern(regex=r"\bassertion .* failed\b"),
            Pattern(regex=r"\b[\w./-]+\.(?:c|cc|cpp|cu|h|hpp|rs|go|ts|java):\d+(?::\d+)?: (?:fatal )?error\b"),
            Pattern(regex=r"^E{0,1}\s*(?:RuntimeError|SystemError)\b|\bFatal Python error\b"),
            Pattern(
                regex=r"\bdouble free or corruption\b|\bfree\(\): invalid\b|\bmalloc\(\): |"
                r"\bstack smashing detected\b|\bcorrupted size vs\. prev_size\b"
            ),
            Pattern(regex=r"\bversion [`'\"]GLIBC\w*[\d.]+['\"] not found\b|\bcannot find -l\w|^CMake Error\b"),
            Pattern(regex=r"^E: (?:Unable to locate package|Package '[^']+' has no installation candidate)\b"),
            Pattern(regex=r"\bJob aborted due to stage failure\b"),
        ),
        explains="A program that is not Python ended with an error of its own.",
        advice="Read the message and the lines after it: they name the place in the source.",
        examples=(
            "panic: runtime error: index out of range [3] with length 3",
            "terminate called after throwing an instance of 'std::runtime_error'",
        ),
    ),
    Rule(
        id="error_reported",
        title="error",
        category=Category.EXCEPTION,
        origin="user",
        rank=6,
        threshold=NEVER,
        patterns=(
            Pattern(
                regex=r"^\W*(?:ERROR|Error|error|FATAL|Fatal|fatal|CRITICAL|Critical|SEVERE|panic|"
                r"PANIC)\b(?: ?[:\]|)>-]| \()"
            ),
            Pattern(
                regex=r"\b(?:lvl|level|severity|status)[\"']?[=:] ?[\"']?(?:error|eror|crit|critical|fatal|"
                r"panic|failed)\b"
            ),
            Pattern(regex=r"\b(?:runtime|fatal|internal|unexpected|unknown) error\b|\berror: \S"),
            Pattern(
                regex=r"^\W*(?:Failed|Unable|Could not|Couldn't|Cannot|Can't|Deployment failed|Error)\b(?: \w+|:|$)"
            ),
            Pattern(regex=r"(?i)\bthere are not enough slots available\b|\bkernel panic\b|\bfatal\b|\baborting\b"),
            Pattern(regex=r"\b(?:ERROR|CRITICAL|SEVERE)\b"),
            Pattern(
                regex=r"(?i)\b(?:has|have) failed because\b|\b(?:execution|operation|job|deployment|task) failed\b"
            ),
            Pattern(regex=r"\bNonZeroExitCode\b|\binvalid reference format\b"),
        ),
        explains="The program reported an error that no more exact rule knows.",
        advice="Read the line and what stands around it.",
        examples=("ERROR: the trainer could not open its configuration", 'level=error msg="session closed"'),
    ),
    Rule(
        id="failure_told",
        title="something failed",
        category=Category.EXCEPTION,
        origin="user",
        rank=2,
        threshold=NEVER,
        patterns=(
            Pattern(
                regex=r"(?i)\b(?:failed|failure|aborted|aborting|cannot|unable to|refused|rejected|denied|crashed)\b"
            ),
            Pattern(regex=r"(?i)\b(?:unsupported|not supported|too (?:small|large)|must be|exceeded|timed out)\b"),
        ),
        explains="Nothing in the log says more than that something did not work; it need not be why the program ended.",
        advice="Read the line and what stands around it: a line of the log speaks of a failure, and no more.",
        examples=("lookup for the plan failed", "the plan was rejected"),
    ),
    Rule(
        id="nonzero_exit",
        title="ended with a failure",
        category=Category.EXCEPTION,
        origin="container",
        rank=4,
        threshold=NEVER,
        patterns=(
            Pattern(
                regex=r"(?i)\bexit(?:ed|ing|s)?\b(?: \w+){0,3}[ _-](?:code|"
                r"status)\b[ :=]*\(?(?P<exit_code>[1-9]\d{0,2})\b"
            ),
            Pattern(
                regex=r"(?i)\bnon-?zero (?:exit )?(?:status|code)\b(?: (?:of|is))?[ :]*(?P<exit_code>[1-9]\d{0,2})?"
            ),
            Pattern(
                regex=r"(?i)\b(?:exitcode|exit_code|returncode|return code|"
                r"exit status)\b[\"']?[ :=]+(?P<exit_code>-?[1-9]\d{0,2})\b"
            ),
            Pattern(regex=r"\bexit\((?P<exit_code>[1-9]\d{0,2})\)"),
        ),
        explains="The program ended with a failure, and the log does not say why.",
        advice="Read the lines before the end.",
        examples=("Container called exit(1).", "The replica workerpool0-0 exited with a non-zero status of 1."),
    ),
)
