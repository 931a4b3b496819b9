"""What goes wrong before a program of ours runs: images that cannot be pulled, built or started."""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule

_IMAGE = r"(?: \\*[\"'`](?P<image>[^\"'`\\\s]+))?"

IMAGE_RULES = (
    Rule(
        id="image_pull",
        title="image cannot be pulled",
        category=Category.IMAGE,
        origin="container",
        rank=86,
        patterns=(
            Pattern(regex=r"\bImagePullBackOff\b|\bErrImagePull\b|\bErrImageNeverPull\b|\bInvalidImageName\b"),
            Pattern(regex=r"\bImageInspectError\b"),
            Pattern(
                regex=rf"(?i)\b(?:failed|unable|not able|could not|couldn't|"
                rf"cannot) (?:to )?(?:be )?pull(?:ed)?(?: and unpack)?(?: container)? image\b{_IMAGE}"
            ),
            Pattern(regex=rf"(?i)\bback-?off pulling image\b{_IMAGE}|\bCannotPullContainerError\b"),
            Pattern(
                regex=r"(?i)\berrors? pulling (?:image|build step)\b|\bfailed to pull because\b|"
                r"\bimage pull failed\b|\berror pulling\b.*\bimage\b"
            ),
            Pattern(regex=r"(?i)\bmanifest unknown\b|\bmanifest for \S+ not found\b|\bmanifest \S+ not found\b"),
            Pattern(regex=r"(?i)\bfailed to (?:resolve|load|do) (?:source |cache )?(?:metadata|manifest|reference)\b"),
            Pattern(regex=r"(?i)\bname unknown: "),
            Pattern(regex=r"(?i)\bpull access denied\b|\brepository does not exist or may require\b"),
            Pattern(regex=r"(?i)\btoomanyrequests: "),
            Pattern(
                regex=r"(?i)\berror response from daemon: .*\b(?:unauthorized|denied|forbidden|manifest|pull|/v2/)\b"
            ),
            Pattern(regex=r"(?i)\bimage \\*['\"`](?P<image>[^'\"`\s\\]+)\\*['\"`] (?:was )?not found\b"),
            Pattern(
                regex=r"(?i)\bimage \S+ not found\b", unless=r"(?i)\bimage (?:files?|paths?|folders?|directory|data)\b"
            ),
            Pattern(
                regex=r"(?i)\btrying and failing to pull image\b|\bno such image(?::|$)|\bfailed to register layer\b"
            ),
            Pattern(
                regex=r"(?i)\b(?:fail\w*|errors?|unable|cannot|could not|couldn't|denied)\b.*\bpull(?:ing|ed)?\b.*"
                r"(?:\bimages?\b|\bmanifest\b|\blayers?\b|docker\.io|gcr\.io|pkg\.dev|quay\.io|ghcr\.io)"
            ),
            Pattern(
                regex=r"(?i)\bpull(?:ing|ed)?\b.*(?:\bimages?\b|\bmanifest\b|docker\.io|gcr\.io|pkg\.dev|"
                r"quay\.io|ghcr\.io).*"
                r"\b(?:fail(?:ed|ing|ure)?|errors?|denied|not found|unauthorized|forbidden|timed out)\b"
            ),
            Pattern(
                regex=r"(?i)\binitializing source docker://|\breading manifest\b.*\b(?:unknown|denied|not found)\b"
            ),
            Pattern(regex=r"(?i)\bfailed to resolve reference \\*\"(?P<image>[^\"\\]+)"),
            Pattern(regex=r"(?i)\bno matching manifest for\b|\bfailed to fetch (?:oauth token|anonymous token)\b"),
            Pattern(regex=r"\bunexpected status\b.*\b(?:HEAD|GET) request to \S+/(?:manifests|blobs)/"),
            Pattern(regex=r"(?i)\bstatus 4\d\d trying to pull repository\b|\bfailed to resolve image\b"),
            Pattern(regex=r"\bPullImage \\*\"(?P<image>[^\"\\]+)\\*\" from image service failed\b"),
            Pattern(regex=r"\bExpected an image path like\b"),
            Pattern(
                regex=r"(?i)\b(?:container )?image\b.*\b(?:does not exist|is not accessible|"
                r"cannot be accessed|could not be found|access is denied)\b"
            ),
            Pattern(
                regex=r"(?i)\bfailed to (?:solve|compute cache key|load metadata)\b.*\b(?:not found|"
                r"unauthorized|denied|forbidden)$"
            ),
        ),
        explains=(
            "The node could not fetch the container's image: it does not exist under that name or tag, or the puller "
            "may not read the repository."
        ),
        advice=(
            "Check that {image_at_google} is there, and push it if not: `gcloud artifacts docker images "
            "describe {image_at_google}`.\n"
            "else: Check that {image} is there and may be read: `docker manifest inspect {image}`.\n"
            "else: Check that the image is there under that name and tag, and push it if not.\n"
            "Let the puller read {repository}: `gcloud artifacts repositories add-iam-policy-binding "
            "{repository} --location={location} --project={image_project} --member={puller} "
            "--role=roles/artifactregistry.reader`."
        ),
        examples=(
            'Failed to pull image "us-docker.pkg.dev/acme-ml/train/resnet:v7": not found',
            "Warning  Failed  Error: ImagePullBackOff",
            'Normal  BackOff  Back-off pulling image "gcr.io/acme-ml/train:v7"',
            "Error response from daemon: manifest for acme/train:v7 not found: manifest unknown",
            "Image 'us-docker.pkg.dev/acme-ml/train/resnet:v7' not found.",
            "Error response from daemon: pull access denied for acme/train, repository does not exist",
        ),
    ),
    Rule(
        id="container_start_failed",
        title="container cannot start",
        category=Category.IMAGE,
        origin="container",
        rank=46,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"(?i)\bcontainer failed to start\b|\bfailed to start and (?:then )?listen on the port\b"),
            Pattern(regex=r"(?i)\bOCI runtime (?:create|exec|start) failed\b"),
            Pattern(regex=r"(?i)\bfailed to create (?:shim|containerd) task\b"),
            Pattern(regex=r"\bCrashLoopBackOff\b|\bRunContainerError\b|\bCreateContainer(?:Config)?Error\b"),
            Pattern(regex=r"\bContainerCannotRun\b"),
            Pattern(regex=r"(?i)\bexecutable file not found in \$PATH\b|\bfailed to start container\b"),
            Pattern(
                regex=r"^exec \S+: (?:no such file or directory|permission denied)$|\bApplication exec likely failed\b"
            ),
            Pattern(regex=r"^\S*sh: (?:line )?(?:\d+: )?\S+: Permission denied$"),
        ),
        explains="The image was there, and its command could not be run in it, or it ended at once.",
        advice=(
            "Check the command in the image: `docker run --rm -it --entrypoint=sh {image}`. A service "
            "must listen on the port that `PORT` names."
        ),
        examples=(
            'OCI runtime create failed: exec: "train.sh": executable file not found in $PATH: unknown',
            "Back-off restarting failed container: CrashLoopBackOff",
        ),
    ),
    Rule(
        id="exec_format_error",
        title="built for another processor",
        category=Category.IMAGE,
        origin="container",
        rank=48,
        threshold=NEVER,
        patterns=(Pattern(regex=r"(?i)\bexec format error\b|\bdoes not match the detected host platform\b"),),
        explains="The image was built for another processor, mostly on an Arm laptop for machines with x86.",
        advice="Build it for the machines: `docker buildx build --platform=linux/amd64 --tag={image} --push .`.",
        examples=("exec /usr/local/bin/python: exec format error",),
    ),
    Rule(
        id="pip_install_failed",
        title="Python package cannot be installed",
        category=Category.IMAGE,
        origin="python",
        rank=36,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"\bCould not find a version that satisfies the requirement (?P<module>[\w.-]+)"),
            Pattern(regex=r"\bNo matching distribution found for (?P<module>[\w.-]+)"),
            Pattern(regex=r"\bFailed building wheel for (?P<module>[\w.-]+)|\bsubprocess-exited-with-error\b"),
            Pattern(regex=r"\bmetadata-generation-failed\b|^\W*×? ?[\w .]+ did not run successfully\b"),
            Pattern(regex=r"(?i)\bfailed to build installable wheels\b|\bCould not open requirements file\b"),
            Pattern(regex=r"(?i)\bno solution found when resolving dependencies\b|\bPackagesNotFoundError\b"),
        ),
        explains="A required package does not exist for this Python and platform, or cannot be compiled there.",
        advice=(
            "Correct the version of {module}, or install the compiler and the libraries that its build needs.\n"
            "else: Correct the version that the message names, or install the compiler and the libraries "
            "that its build needs."
        ),
        examples=(
            "ERROR: Could not find a version that satisfies the requirement torch==9.9 (from versions: 2.0.0, 2.1.0)",
            "ERROR: Failed building wheel for flash-attn",
        ),
    ),
    Rule(
        id="dependency_conflict",
        title="packages that exclude each other",
        category=Category.IMAGE,
        origin="python",
        rank=37,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"\bconflicting dependencies\b|\bResolutionImpossible\b|\bUnsatisfiableError\b"),
            Pattern(regex=r"(?i)\bversion solving failed\b|\bERESOLVE\b"),
        ),
        explains="Two requirements want versions of a third package that exclude each other.",
        advice=(
            "Loosen or align the versions that the lines above name; `pip install --dry-run -r "
            "requirements.txt` shows them."
        ),
        examples=("ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.",),
    ),
    Rule(
        id="image_build_failed",
        title="image build failed",
        category=Category.IMAGE,
        origin="container",
        rank=30,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"\bfailed to solve\b|\bexecutor failed running\b"),
            Pattern(regex=r"\bThe command '[^']*' returned a non-zero code: (?P<exit_code>\d+)"),
            Pattern(regex=r"\bdid not complete successfully: exit code: (?P<exit_code>\d+)"),
            Pattern(regex=r"(?i)\berror building (?:image|stage)\b|\bfailed to dispatch hash\b"),
            Pattern(regex=r"(?i)\bunable to prepare context\b|\binvalid reference format\b"),
            Pattern(regex=r"(?i)\b(?:failed to read dockerfile|dockerfile parse error|COPY failed|ADD failed)\b"),
        ),
        explains="A step of the Dockerfile failed; what the step printed says why.",
        advice="Build it where you can look: `docker build --progress=plain --no-cache .`.",
        examples=(
            'ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2',
            "COPY failed: file not found in build context: stat train.py: file does not exist",
        ),
    ),
    Rule(
        id="shell_command_not_found",
        title="command not found",
        category=Category.IMAGE,
        origin="container",
        rank=28,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"\b(?P<command>[\w./-]+): command not found$|\bcommand not found: (?P<other>[\w./-]+)$"),
            Pattern(regex=r"^\S*sh: (?:line )?\d+: (?P<command>[\w./-]+): not found$"),
            Pattern(regex=r"(?i)\bexit(?:ed)?[ _-]?(?:with )?(?:code|status)\b[ :=]*\(?(?P<exit_code>127|126)\b"),
            Pattern(regex=r"\bcan't open file '(?P<path>[^']+)': \[Errno 2\]"),
        ),
        explains="A command or a script that the job runs is not in the image, or not on its PATH.",
        advice=(
            "Install {command} in the image, or correct its path.\n"
            "else: Install the command in the image, or correct its path."
        ),
        examples=("/bin/sh: 1: torchrun: not found", "bash: accelerate: command not found"),
    ),
)
