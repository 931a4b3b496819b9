"""Sources are found without a file, without a network, and whatever lies in the files that are looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.config import Config, parse
from monitor.detect import ACCOUNT, CREDENTIALS, WANDB_KEY, Detected, detect, fill
from monitor.findings import Finding, findings, lines
from monitor.invocation import start
from monitor.tables import TABLES

NO_MACHINE = Path("/nonexistent")
KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home directory; the working directory is beside it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    return tmp_path / "home"


def write(path: Path, text: str) -> None:
    """A file, with the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def look(home: Path, text: str = "", machine: Path = NO_MACHINE, **environ: str) -> Detected:
    """What is found with this configuration and environment."""
    config = parse(text, home / "config.toml")
    return detect(config, {"HOME": str(home), **environ}, home.parent / "work", machine)


def filled(home: Path, text: str = "", **environ: str) -> Config:
    """The effective configuration."""
    return fill(parse(text, home / "config.toml"), look(home, text, NO_MACHINE, **environ))


def best(found: Detected, what: str) -> tuple[str | None, str] | None:
    """The find that counts and where it was."""
    one = found.best(what)
    return (one.value, one.where) if one else None


# --- Google --------------------------------------------------------------------------------------------------------

GCLOUD = Path(".config/gcloud")
ADC = GCLOUD / "application_default_credentials.json"


def test_a_bare_machine_has_nothing(home: Path) -> None:
    """Nothing is found, every place that was looked at is named, and the configuration stays as it was."""
    found = look(home)
    assert all(one.value is None for one in found.looks)
    assert {one.what for one in found.looks} >= {"gcp.project", CREDENTIALS, ACCOUNT, WANDB_KEY, "wandb.offline_dirs"}
    assert filled(home) == Config(path=str(home / "config.toml"))


def test_the_project_is_taken_from_the_best_place_that_has_one(home: Path) -> None:
    """Environment, then gcloud, then the credentials file; taking one away brings the next."""
    variables = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
    environ = {name: name.lower().replace("_", "-") for name in variables}
    write(
        home / GCLOUD / "configurations" / "config_default",
        "[core]\nproject = from-gcloud\naccount = me@acme.example\n",
    )
    write(home / ADC, json.dumps({"type": "authorized_user", "quota_project_id": "from-adc"}))
    for name in variables:
        assert filled(home, **environ).gcp.project == environ.pop(name)
    config = filled(home)
    assert config.gcp.project == "from-gcloud"
    assert (
        config.origins["gcp.project"]
        == "gcloud's configuration default (~/.config/gcloud/configurations/config_default)"
    )
    (home / GCLOUD / "configurations" / "config_default").unlink()
    assert filled(home).gcp.project == "from-adc"


def test_what_the_file_says_is_not_looked_for(home: Path) -> None:
    """A configured project wins over the environment."""
    config = filled(home, "[gcp]\nproject = 'mine'", GOOGLE_CLOUD_PROJECT="other")
    assert config.gcp.project == "mine"
    assert config.origins["gcp.project"] == str(home / "config.toml")


@pytest.mark.parametrize("by", ["file", "variable"])
def test_gclouds_active_configuration_is_the_one_read(home: Path, by: str) -> None:
    """As gcloud has it: the variable, else the file `active_config`."""
    write(home / GCLOUD / "configurations" / "config_work", "[core]\nproject = work\n")
    write(home / GCLOUD / "configurations" / "config_default", "[core]\nproject = wrong\n")
    if by == "file":
        write(home / GCLOUD / "active_config", "work\n")
    environ = {"CLOUDSDK_ACTIVE_CONFIG_NAME": "work"} if by == "variable" else {}
    assert filled(home, **environ).gcp.project == "work"


def test_gcloud_may_keep_its_files_elsewhere(home: Path) -> None:
    """`CLOUDSDK_CONFIG` names the directory."""
    write(home / "g" / "configurations" / "config_default", "[core]\nproject = elsewhere\n")
    assert filled(home, CLOUDSDK_CONFIG=str(home / "g")).gcp.project == "elsewhere"


def test_a_service_accounts_file_gives_project_account_and_credentials(home: Path) -> None:
    """`GOOGLE_APPLICATION_CREDENTIALS` is read instead of gcloud's file; its key is never kept."""
    held = {"type": "service_account", "project_id": "sa", "client_email": "bot@sa.example", "private_key": "hunter2"}
    write(home / "sa.json", json.dumps(held))
    found = look(home, GOOGLE_APPLICATION_CREDENTIALS=str(home / "sa.json"))
    where = "$GOOGLE_APPLICATION_CREDENTIALS (~/sa.json)"
    assert best(found, "gcp.project") == ("sa", f"{where}: project_id")
    assert best(found, ACCOUNT) == ("bot@sa.example", f"{where}: client_email")
    assert best(found, CREDENTIALS) == ("a service account's key", where)
    assert "hunter2" not in str(found)


def test_the_account_is_no_beginning_of_a_configuration(home: Path) -> None:
    """It is taken over for knowing what is yours; alone it sets nothing up, and what is no address is none."""
    config = filled(home, CLOUDSDK_CORE_ACCOUNT="me@acme.example")
    assert (config.gcp.account, config.origins["gcp.account"]) == ("me@acme.example", "$CLOUDSDK_CORE_ACCOUNT")
    assert TABLES["runner"].half(start(config).settings) is None
    assert filled(home, CLOUDSDK_CORE_ACCOUNT="no address").gcp.account is None


def test_the_account_is_gclouds_where_the_credentials_name_none(home: Path) -> None:
    """A user's application default credentials hold no address."""
    write(home / GCLOUD / "configurations" / "config_default", "[core]\naccount = me@acme.example\n")
    write(home / ADC, json.dumps({"type": "authorized_user", "account": ""}))
    assert best(look(home), ACCOUNT) == (
        "me@acme.example",
        "gcloud's configuration default (~/.config/gcloud/configurations/config_default)",
    )


def test_plaintext_servers_need_no_credentials(home: Path) -> None:
    """All four of them, that is: one that is Google's own still needs them."""
    names = ("builds", "runner", "vertex", "logging")
    text = "[gcp.endpoints]\n" + "".join(f"{name} = 'http://127.0.0.1:9'\n" for name in names)
    assert best(look(home, text), CREDENTIALS) is not None
    assert best(look(home, text.replace("logging = 'http://", "logging = 'https://")), CREDENTIALS) is None


def test_googles_own_machines_have_credentials(home: Path) -> None:
    """The hardware's name says so; nobody is asked."""
    write(home / "product_name", "Google Compute Engine\n")
    assert best(look(home, machine=home / "product_name"), CREDENTIALS) is not None


# --- W&B -----------------------------------------------------------------------------------------------------------


def test_wandb_settings_come_from_the_environment_then_the_workspace_then_the_user(home: Path) -> None:
    """Each key for itself."""
    write(
        home / ".config" / "wandb" / "settings",
        "[default]\nentity = user\nproject = user\nbase_url = https://u.example\n",
    )
    write(home.parent / "work" / "wandb" / "settings", "[default]\nentity = workspace\nproject = workspace\n")
    config = filled(home, WANDB_ENTITY="environment").wandb
    assert (config.entity, config.project, config.base_url) == ("environment", "workspace", "https://u.example")


def test_a_configured_server_is_not_replaced(home: Path) -> None:
    """Not even where it is the default one."""
    text = "[wandb]\nbase_url = 'https://api.wandb.ai'"
    assert filled(home, text, WANDB_BASE_URL="https://other.example").wandb.base_url == "https://api.wandb.ai"


def test_the_key_is_seen_but_never_kept(home: Path) -> None:
    """From the environment, or from the netrc's entry for the server in use."""
    netrc = f"machine wandb.acme.example\n  login user\n  password {KEY}\nmachine other.example password x\n"
    write(home / ".netrc", netrc)
    assert best(look(home), WANDB_KEY) is None
    found = look(home, WANDB_BASE_URL="https://wandb.acme.example")
    assert best(found, WANDB_KEY) == ("found", "~/.netrc for wandb.acme.example")
    by_variable = look(home, WANDB_API_KEY=KEY)
    assert best(by_variable, WANDB_KEY) == ("found", "$WANDB_API_KEY")
    assert KEY not in str(found) + str(by_variable)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (f"machine api.wandb.ai login user password {KEY}", True),
        (f"default login user password {KEY}", True),
        (f'machine "api.wandb.ai"\n\tlogin user\n\tpassword "{KEY}"', True),
        ("machine api.wandb.ai login user", False),
        ("machine api.wandb.ai login user password", False),
        (f"# machine api.wandb.ai password {KEY}", False),
        (f"machine other.example password {KEY}", False),
        ("", False),
    ],
)
def test_a_netrc_is_read_as_wandb_reads_it(home: Path, text: str, held: bool) -> None:
    """Entries on one line or many, quoted or not, the default one too."""
    write(home / "netrc", text)
    assert (best(look(home, NETRC=str(home / "netrc")), WANDB_KEY) is not None) is held


def test_a_directory_of_runs_is_enough_to_begin_with(home: Path) -> None:
    """With nothing but `./wandb`, the two tables of runs are configured and the others are not."""
    (home.parent / "work" / "wandb" / "offline-run-20260101_120000-abc123").mkdir(parents=True)
    config = filled(home)
    assert config.wandb.offline_dirs == (str(home.parent / "work" / "wandb"),)
    assert config.origins["wandb.offline_dirs"] == "./wandb"
    ready = {name for name, table in TABLES.items() if table.scopes(start(config).settings)}
    assert ready == {"active", "completed"}


@pytest.mark.parametrize("below", ["wandb", ".wandb", "."])
def test_the_directory_of_runs_may_be_named(home: Path, below: str) -> None:
    """`WANDB_DIR` is the directory above it, or it itself."""
    (home / "runs" / below / "run-20260101_120000-abc123").mkdir(parents=True)
    assert filled(home, WANDB_DIR=str(home / "runs")).wandb.offline_dirs == (str(home / "runs" / below),)


def test_a_directory_without_runs_is_none_of_runs(home: Path) -> None:
    """A checkout of the SDK is called `wandb`, too."""
    (home.parent / "work" / "wandb" / "sdk").mkdir(parents=True)
    assert filled(home).wandb.offline_dirs == ()


def test_no_configured_directories_means_none(home: Path) -> None:
    """An empty list is an answer."""
    (home.parent / "work" / "wandb" / "offline-run-20260101_120000-abc123").mkdir(parents=True)
    assert filled(home, "[wandb]\noffline_dirs = []").wandb.offline_dirs == ()


# --- in words ------------------------------------------------------------------------------------------------------


def found(home: Path, text: str = "", **environ: str) -> dict[str, Finding]:
    """What is said of everything that is looked for, by name."""
    config, looks = filled(home, text, **environ), look(home, text, NO_MACHINE, **environ)
    return {one.what: one for one in findings(config, looks, file_exists=bool(text), init="monitor config init")}


def test_what_is_missing_is_said_with_where_it_was_looked_for_and_what_mends_it(home: Path) -> None:
    """On a bare machine that is everything, and what is not needed is not called missing."""
    every = found(home)
    assert {what: (one.word, one.mend) for what, one in every.items()} == {
        "Google Cloud project": ("missing", "gcloud config set project PROJECT_ID"),
        "Google credentials": ("missing", "gcloud auth application-default login"),
        "W&B key": ("missing", "wandb login"),
        "W&B entity and project": ("missing", "wandb init -e ENTITY -p PROJECT"),
        "W&B offline runs": ("none", "export WANDB_DIR=DIRECTORY"),
        "Configuration file": ("none", "monitor config init"),
    }
    project = every["Google Cloud project"]
    assert project.where[:2] == ("$GOOGLE_CLOUD_PROJECT", "$GCLOUD_PROJECT")
    assert project.places.startswith("looked for in $GOOGLE_CLOUD_PROJECT, ")
    assert f"~/{ADC}): no such file" in every["Google credentials"].places
    assert every["W&B offline runs"].where == ("./wandb", "./.wandb")
    assert every["W&B offline runs"].places == "looked for in ./wandb, ./.wandb; after that command start monitor again"
    assert every["Configuration file"].where == (str(home / "config.toml"),)


def test_what_is_found_is_said_with_the_place_and_needs_no_mending(home: Path) -> None:
    """Values that are no secret, the kind of the credentials, and of a key only that it is there."""
    write(home / ADC, json.dumps({"type": "authorized_user", "refresh_token": "hunter2", "quota_project_id": "acme"}))
    (home.parent / "work" / "wandb" / "offline-run-20260101_120000-abc123").mkdir(parents=True)
    every = found(home, "[wandb]\nentity = 'team'", WANDB_API_KEY=KEY, WANDB_PROJECT="arr")
    adc = f"application default credentials (~/{ADC})"
    file = str(home / "config.toml")
    assert {what: (one.word, one.where, one.mend) for what, one in every.items()} == {
        "Google Cloud project": ("acme", (f"{adc}: quota_project_id",), ""),
        "Google credentials": ("a user's login", (adc,), ""),
        "W&B key": ("a key", ("$WANDB_API_KEY",), ""),
        "W&B entity and project": ("team/arr", (file, "$WANDB_PROJECT"), ""),
        "W&B offline runs": (str(home.parent / "work" / "wandb"), ("./wandb",), ""),
        "Configuration file": ("found", (file,), ""),
    }
    assert KEY not in str(every)
    assert "hunter2" not in str(every)


def test_what_half_is_there_is_kept_in_the_command_that_mends_it(home: Path) -> None:
    """The entity is known and the project is not; queues stand for a project."""
    half = found(home, WANDB_ENTITY="team")["W&B entity and project"]
    assert (half.word, half.mend) == ("missing", "wandb init -e team -p PROJECT")
    assert half.where[0] == "$WANDB_PROJECT"
    queues = found(home, "[wandb]\nqueues = ['a', 'b']", WANDB_ENTITY="team")["W&B entity and project"]
    assert (queues.word, queues.mend) == ("team · queues a, b", "")


def test_a_key_is_fetched_from_the_server_that_is_asked(home: Path) -> None:
    """Which may be one's own."""
    assert found(home, WANDB_BASE_URL="https://wandb.acme.example")["W&B key"].mend == (
        "wandb login --host https://wandb.acme.example"
    )


@pytest.mark.parametrize(("held", "lack"), [(None, "no such file"), ("not json", "holds no credentials")])
def test_credentials_that_are_named_but_are_none_say_why_and_how_to_forget_them(
    home: Path, held: str | None, lack: str
) -> None:
    """A login would not help while the variable is set."""
    if held is not None:
        write(home / "sa.json", held)
    finding = found(home, GOOGLE_APPLICATION_CREDENTIALS=str(home / "sa.json"))["Google credentials"]
    assert f"$GOOGLE_APPLICATION_CREDENTIALS (~/sa.json): {lack}" in finding.where
    assert finding.mend == "unset GOOGLE_APPLICATION_CREDENTIALS && gcloud auth application-default login"


def test_what_others_wrote_is_said_without_its_tricks(home: Path) -> None:
    """A path is text like any other."""
    finding = found(home, GOOGLE_APPLICATION_CREDENTIALS="/x\x1b]52;c;aGk=\x07\u202e")["Google credentials"]
    assert finding.places.isprintable()


def test_a_directory_that_is_gone_is_nowhere_to_look() -> None:
    """The text says why no place is named."""
    looks = detect(Config(), {"HOME": "/nowhere"}, None, NO_MACHINE)
    every = findings(Config(), looks, file_exists=False, init="")
    assert [one.places for one in every if not one.where] == ["nowhere to look: the current directory is gone"]


def test_a_terminal_without_a_screen_gets_two_lines_for_each(home: Path) -> None:
    """A mark and a word, and where; the command behind what is missing."""
    said = list(lines([*found(home, WANDB_API_KEY=KEY).values()]))
    assert said[0] == "○ Google Cloud project: missing  →  gcloud config set project PROJECT_ID"
    assert said[4:6] == ["✓ W&B key: a key", "    $WANDB_API_KEY"]
    assert len(said) == 12


# --- garbage -------------------------------------------------------------------------------------------------------

LOOKED_AT = (
    GCLOUD / "active_config",
    GCLOUD / "configurations" / "config_default",
    ADC,
    Path(".config/wandb/settings"),
    Path(".netrc"),
)

GARBAGE = {
    "bytes": bytes(range(256)) * 100,
    "nested json": b"[" * 100_000,
    "json of another kind": b"[1, 2]",
    "json with wrong types": b'{"project_id": 5, "quota_project_id": {"a": 1}, "client_email": null}',
    "values nobody could configure": b"[core]\nproject = ../../etc\n[default]\nentity = a b\nbase_url = ftp://x\n",
    "one endless line": b"machine " * 200_000,
    "open sections": b"[core\n[\n]\n=\n==\n[]\n",
    "nul": b"\0" * 1000,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_survived_and_no_find(home: Path, data: bytes) -> None:
    """Whatever the files hold, nothing that could not be configured is taken from them."""
    for path in LOOKED_AT:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(data)
    config = filled(home)
    assert (config.gcp.project, config.wandb.entity, config.wandb.base_url) == (None, None, "https://api.wandb.ai")


@pytest.mark.parametrize("kind", ["directory", "pipe", "loop", "endless"])
def test_what_is_no_file_is_not_waited_for(home: Path, kind: str) -> None:
    """A pipe without a writer, a device without an end, a link to itself: looked at and left alone."""
    for path in LOOKED_AT:
        place = home / path
        place.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "directory":
                place.mkdir()
            case "pipe":
                os.mkfifo(place)
            case "loop":
                place.symlink_to(place)
            case "endless":
                place.symlink_to("/dev/zero")
    assert filled(home) == Config(path=str(home / "config.toml"))


def test_a_configuration_name_cannot_lead_elsewhere(home: Path) -> None:
    """The names gcloud gives have no slashes."""
    write(home / GCLOUD / "configurations" / "config_default", "[core]\nproject = right\n")
    write(home / GCLOUD / "evil", "[core]\nproject = wrong\n")
    assert filled(home, CLOUDSDK_ACTIVE_CONFIG_NAME="x/../../evil").gcp.project == "right"


def test_a_working_directory_that_is_gone_is_survived(home: Path) -> None:
    """Then there is no `./wandb`."""
    found = detect(Config(), {"HOME": str(home)}, None, NO_MACHINE)
    assert found.best("wandb.offline_dirs") is None


_ALONE = """
import sys

def forbid(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")):
        raise SystemExit(f"{event} {arguments}")

sys.addaudithook(forbid)
from monitor.invocation import Invocation
Invocation().config()
print(sorted({"google.auth", "wandb", "grpc", "asyncio", "textual", "rich"} & set(sys.modules)))
"""


def test_looking_asks_no_network_starts_no_process_and_imports_nothing_heavy(home: Path) -> None:
    """It happens before the first frame."""
    environ = {"HOME": str(home), "WANDB_API_KEY": KEY, "GOOGLE_CLOUD_PROJECT": "acme"}
    root = Path(__file__).resolve().parent.parent
    script = [sys.executable, "-c", _ALONE]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=30, env=environ, cwd=root, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("[]\n", "", 0)
