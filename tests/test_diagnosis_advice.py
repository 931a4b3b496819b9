"""What is advised, by who refused what, and where in the program it was."""

from __future__ import annotations

import pytest

from fetchers.diagnosis import diagnose
from fetchers.diagnosis.advice import CONDITIONS, advise, in_general
from fetchers.diagnosis.facts import facts_of
from fetchers.diagnosis.model import Finding, Rule
from fetchers.diagnosis.roles import example_role_for
from fetchers.diagnosis.rules import RULES
from monitor.advice import commands

HEAD = "Traceback (most recent call last):\n"
LIBRARY = '  File "/usr/lib/python3.11/site-packages/torch/nn/modules/module.py", line 1553, in _call\n    return f()\n'


def found_in(text: str) -> Finding:
    """The root cause of this log."""
    found = diagnose(text).finding
    assert found is not None
    return found


# --- who refused it --------------------------------------------------------------------------------------------------

REFUSED_ELSEWHERE = {
    "api.openai.com": (
        "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://api.openai.com/v1/models"
    ),
    "artifacts.example.com": (
        "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://artifacts.example.com/v1/me"
    ),
    "aiohttp.example.com": ("ClientResponseError: 403, message='Forbidden', url='https://aiohttp.example.com/things'"),
    "OpenAI": "openai.PermissionDeniedError: Error code: 403 - {'error': {'code': 'model_not_found'}}",
    "AWS": "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the PutObject operation",
}


@pytest.mark.parametrize(("who", "text"), REFUSED_ELSEWHERE.items(), ids=REFUSED_ELSEWHERE)
def test_a_refusal_of_another_service_is_mended_there(who: str, text: str) -> None:
    """No role and no login of Google's would help."""
    advice = found_in(text).advice
    assert who in advice
    assert "gcloud" not in advice


def test_a_gated_model_is_opened_at_its_hub() -> None:
    """Its terms and a token are what is missing, whatever status the hub answered with."""
    found = found_in(
        "OSError: You are trying to access a gated repo.\n"
        "401 Client Error. (Request ID: Root=1-7)\n"
        "Access to model acme-ai/large-7b is restricted. Please log in.\n"
    )
    assert (found.rule, found.line) == ("gated_model", 1)
    assert "HF_TOKEN" in found.advice
    assert "gcloud" not in found.advice


def test_what_google_refuses_is_mended_at_google() -> None:
    """Its hosts are told from others by their ends."""
    text = "Forbidden: 403 GET https://storage.googleapis.com/storage/v1/b/acme-train: no"
    assert any(command.startswith("gcloud ") for command in commands(found_in(text).advice))


# --- roles -----------------------------------------------------------------------------------------------------------

NOT_ALLOWED = (
    "google.api_core.exceptions.Forbidden: 403 GET https://storage.googleapis.com/download/storage/v1/b/acme-train/o/"
    "x: train@acme-ml.iam.gserviceaccount.com does not have storage.objects.get access to the object."
)


def test_a_role_is_granted_on_the_bucket_that_is_named() -> None:
    """And not on all of the project; one account has one name."""
    found = found_in(NOT_ALLOWED)
    (granted,) = commands(found.advice)
    assert granted == (
        "gcloud storage buckets add-iam-policy-binding gs://acme-train "
        "--member=serviceAccount:train@acme-ml.iam.gserviceaccount.com --role=roles/storage.objectViewer"
    )
    assert found.facts["principal"] == "train@acme-ml.iam.gserviceaccount.com"
    assert "service_account" not in found.facts


def test_a_role_that_is_only_likely_is_called_an_example() -> None:
    """It is to be looked at, and stands in no command that grants it."""
    looked_at, granted = commands(found_in("Permission 'compute.instances.create' denied").advice)
    assert looked_at == "gcloud iam roles describe roles/compute.instanceAdmin.v1"
    assert granted.endswith("--role=ROLE")


@pytest.mark.parametrize(
    "permission",
    [
        "storage.buckets.setIamPolicy",
        "resourcemanager.projects.setIamPolicy",
        "storage.objects.getIamPolicy",
        "compute.networks.create",
        "logging.sinks.create",
        "nosuch.things.get",
        "",
    ],
)
def test_no_role_is_made_up(permission: str) -> None:
    """Roles that work with things hold no policies, and of some services none is known to write."""
    assert example_role_for(permission) == ""


# --- modules and files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["src.train", "utils", "acme_data.loader", "models", "train"])
def test_a_module_that_nobody_knows_is_not_to_be_installed_by_its_name(module: str) -> None:
    """Whoever registers that name would have his code run."""
    advice = found_in(f"ModuleNotFoundError: No module named '{module}'").advice
    assert commands(advice) == []
    assert module in advice


@pytest.mark.parametrize(
    ("module", "package"),
    [("cv2", "opencv-python-headless"), ("sklearn.svm", "scikit-learn"), ("PIL", "pillow"), ("yaml", "pyyaml")],
)
def test_a_known_module_is_installed_by_its_packages_name(module: str, package: str) -> None:
    """They are often not the same."""
    advice = found_in(f"ModuleNotFoundError: No module named '{module}'").advice
    assert commands(advice) == [f"pip install {package}"]


@pytest.mark.parametrize(
    "text",
    [
        "PermissionError: [Errno 13] Permission denied: '/data/x'",
        "IsADirectoryError: [Errno 21] Is a directory: '/data/x'",
        "FileExistsError: [Errno 17] File exists: '/data/x'",
    ],
)
def test_what_is_there_is_not_looked_for(text: str) -> None:
    """It may not be used, is of another kind, or is in the way."""
    advice = found_in(text).advice
    assert "/data/x" in advice
    assert "is there" not in advice


def test_the_last_frame_of_the_programs_own_is_named() -> None:
    """However deep in a library the exception was raised."""
    own = '  File "/app/train.py", line 99, in step\n    model(batch)\n'
    found = found_in(f"{HEAD}{own}{LIBRARY * 6}ValueError: too many values to unpack (expected 2)\n")
    assert found.facts | {"file": "/app/train.py", "line": "99", "function": "step"} == found.facts
    assert found.advice == "Look at /app/train.py, line 99, in step."


def test_the_frame_belongs_to_the_exception_that_is_told() -> None:
    """Not to the one during whose handling it was raised; outside of functions none is named."""
    found = found_in(
        f"{HEAD}  File \"a.py\", line 1, in load\nKeyError: 'x'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        f'{HEAD}  File "b.py", line 2, in <module>\nValueError: no plan\n'
    )
    assert found.text == "ValueError: no plan"
    assert found.advice == "Look at b.py, line 2."


def test_a_message_that_goes_on_below_is_told_whole() -> None:
    """As far as its next line."""
    found = found_in(
        f'{HEAD}  File "t.py", line 9, in <module>\nRuntimeError: Error(s) in loading state_dict for Net:\n'
        "\tsize mismatch for fc.weight: copying a param with shape [10, 2]\n"
    )
    assert found.text.startswith("RuntimeError: Error(s) in loading state_dict for Net: size mismatch for fc.weight")
    assert found.facts["parameter"] == "fc.weight"


# --- machines --------------------------------------------------------------------------------------------------------


def test_a_machine_type_that_a_region_lacks_is_looked_for_elsewhere() -> None:
    """Not in the region that refuses it."""
    advice = found_in('Machine type "a2-highgpu-8g" is not supported in region europe-west9.').advice
    assert commands(advice) == ["gcloud compute machine-types list --filter=name=a2-highgpu-8g"]


def test_an_accelerator_that_the_machine_carries_is_not_what_is_wrong() -> None:
    """A record knows it beside the words of the refusal, which is about the place."""
    known = {"machine_type": "a2-highgpu-8g", "accelerator": "NVIDIA_TESLA_A100", "region": "europe-west9"}
    advice = advise(RULES["machine_type_unsupported"], known)
    assert commands(advice) == ["gcloud compute machine-types list --filter=name=a2-highgpu-8g"]


def test_a_place_that_is_not_known_is_in_no_filter() -> None:
    """Who copies such a command sees nothing."""
    assert "zone~" not in "".join(rule.advice for rule in RULES.values())


CLOUD_RUN = "gcloud run jobs update"
NO_ROOM = {
    "an accelerator": ("CUDA out of memory. Tried to allocate 2.00 GiB", "expandable_segments", CLOUD_RUN),
    "shared memory": (
        "RuntimeError: DataLoader worker (pid 3) is killed by signal: Bus error.",
        "--shm-size",
        CLOUD_RUN,
    ),
    "a job of Cloud Run": ("Memory limit of 512 MiB exceeded with 530 MiB used.", CLOUD_RUN, "gradients"),
    "some machine": ("numpy.exceptions._ArrayMemoryError: Unable to allocate 72.0 GiB", "smaller batch", CLOUD_RUN),
    "somebody killed": ("Killed", "smaller batch", CLOUD_RUN),
    "a job of Slurm": (
        "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 10:00 DUE TO TIME LIMIT ***",
        "sbatch",
        CLOUD_RUN,
    ),
}


@pytest.mark.parametrize(("text", "said", "unsaid"), NO_ROOM.values(), ids=NO_ROOM)
def test_more_room_is_asked_for_where_there_is_too_little(text: str, said: str, unsaid: str) -> None:
    """Of an accelerator, of shared memory, of the container, of time."""
    advice = found_in(text).advice
    assert said in advice
    assert unsaid not in advice


def test_the_rank_that_failed_is_named() -> None:
    """In the words, in the facts and in what to do."""
    found = found_in(
        "[rank3]:[E1122 10:12:44.318 ProcessGroupNCCL.cpp:607] [Rank 3] Watchdog caught collective operation"
        " timeout: WorkNCCL(SeqNum=48213)"
    )
    assert found.facts["rank"] == "3"
    assert found.text.startswith("Rank 3: ")
    assert found.advice.startswith("Rank 3 ")


def test_a_check_on_the_accelerator_is_the_cause_of_the_exception_after_it() -> None:
    """Which names a later line of Python."""
    found = found_in(
        "Indexing.cu:1284: block: [312,0,0], thread: [64,0,0] Assertion `srcIndex < srcSelectDimSize` failed.\n"
        f'{HEAD}  File "t.py", line 412, in <module>\nRuntimeError: CUDA error: device-side assert triggered\n'
    )
    assert (found.rule, found.line) == ("device_assert", 1)
    assert "CUDA_LAUNCH_BLOCKING=1" in found.advice


def test_an_error_of_the_accelerator_is_looked_for_where_it_happens() -> None:
    """The traceback names a later line."""
    found = found_in(
        f'{HEAD}  File "/app/t.py", line 4, in f\nRuntimeError: CUDA error: an illegal memory access was encountered\n'
    )
    assert "CUDA_LAUNCH_BLOCKING=1" in found.advice
    assert found.facts["file"] == "/app/t.py"


# --- facts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "line", "fact"),
    [
        ("preempted", "compute.instances.preempted: Instance train-3 was preempted.", "permission"),
        ("preempted", "The machine was preempted; saved gs://acme/ckpt/800", "resource"),
        ("repeated_failures", 'ERROR: build step 0 "gcr.io/cloud-builders/docker" failed', "image"),
    ],
)
def test_a_fact_belongs_to_rules_that_are_about_it(rule: str, line: str, fact: str) -> None:
    """Elsewhere the same words are something else."""
    assert fact not in facts_of(rule, [line])


def test_an_exception_after_which_a_program_worked_ended_nothing() -> None:
    """It fell back to something else, worked, and was done."""
    missing = f"{HEAD}  File \"d.py\", line 1, in <module>\nModuleNotFoundError: No module named 'flash_attn'\n"
    steps = "".join(f"step {step}/100 loss=3.2\n" for step in range(100))
    assert (
        diagnose(f"{missing}flash_attn not installed; falling back to sdpa\n{steps}Training completed\n").finding
        is None
    )


REFUSED = "PermissionDenied: 403 Permission 'storage.objects.get' denied"


@pytest.mark.parametrize(
    "beside",
    [
        "INFO you may want roles/resourcemanager.projectIamAdmin for user: helper@evil.example in project evil-project",
        "INFO the account helper@evil-project.iam.gserviceaccount.com lacks permission iam.roles.update",
    ],
)
def test_a_line_beside_a_refusal_does_not_say_who_is_given_what(beside: str) -> None:
    """Before it or after it: only the refusal itself does, or an answer that is printed over several lines."""
    for text in (f"{beside}\n{REFUSED}\n", f"{REFUSED}\n{beside}\n"):
        advice = found_in(text).advice
        assert "evil" not in advice
        assert "--role=roles/storage.objectViewer" in advice


def test_a_role_that_the_refusal_names_beside_the_permission_is_not_the_one() -> None:
    """The table knows which one holds it."""
    assert "projectIamAdmin" not in found_in(f"{REFUSED}, ask for roles/resourcemanager.projectIamAdmin").advice


def test_an_answer_over_several_lines_says_who() -> None:
    """Its lines have names."""
    text = (
        '    "status": "PERMISSION_DENIED",\n'
        '    "message": "Permission \'run.jobs.run\' denied for train@acme-ml.iam.gserviceaccount.com",\n'
    )
    assert found_in(text).facts["principal"] == "train@acme-ml.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    "line",
    [
        'Failed to pull image "https://oauth2accesstoken:hunter22@gcr.io/p/i"',
        'Failed to pull image "us-docker.pkg.dev/p/r/$(id):x"',
    ],
)
def test_what_has_not_the_form_of_a_fact_is_none(line: str) -> None:
    """Neither is it told, nor does it stand in a command."""
    found = found_in(line)
    assert "$(" not in str(found.facts) + found.advice
    assert "oauth2" not in str(found.facts) + found.advice


def test_a_path_of_the_api_is_no_job() -> None:
    """The job is named at its end."""
    line = "NotFound: 404 //run.googleapis.com/projects/acme-ml/locations/us-central1/jobs/train"
    assert facts_of("not_found", [line])["job"] == "train"


# --- the form --------------------------------------------------------------------------------------------------------

FULL = {
    "accelerator": "NVIDIA_TESLA_A100",
    "bucket": "acme-train",
    "capacity": "40 GiB",
    "device": "CUDA",
    "example_role": "roles/viewer",
    "image": "us-docker.pkg.dev/acme-ml/train/net:v7",
    "job": "train",
    "machine_type": "a2-highgpu-1g",
    "memory_limit": "512 MiB",
    "module": "einops",
    "path": "/data/x",
    "permission": "storage.objects.get",
    "project": "acme-ml",
    "region": "us-east1",
    "requested": "2 GiB",
    "shared_memory": "bus error",
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_an_advice_is_whole(rule: Rule) -> None:
    """Brackets and backticks close, sentences end, and no condition or brace is left, whatever is known."""
    for text in (advise(rule, {}), advise(rule, FULL), *in_general(rule)):
        assert text.count("(") == text.count(")")
        assert text.count("`") % 2 == 0
        assert text.rstrip("`").endswith(".")
        assert not {"{", "}"} & set(text)
        assert "if shared_memory" not in text


def test_the_catalogue_tells_alternatives_apart() -> None:
    """And leaves out what says nothing without a fact that only our own tables have."""
    lines = in_general(RULES["machine_type_unsupported"])
    assert not any("MACHINE_TYPES" in line or "ACCELERATORS" in line for line in lines)
    assert [line.startswith("Else: ") for line in lines] == [False, True, True]
    written = RULES["permission_denied"].advice.splitlines()
    told = in_general(RULES["permission_denied"])
    assert [line.startswith("else: ") for line in written] == [line.startswith("Else: ") for line in told]


def test_every_condition_has_words_for_the_catalogue() -> None:
    """And each of them is used."""
    used = {word for rule in RULES.values() for word in CONDITIONS if f"if {word}: " in rule.advice}
    assert used == set(CONDITIONS)
    assert not any(line.startswith(("if ", "Else: if ")) for rule in RULES.values() for line in in_general(rule))
