"""The configuration file: everything has a default, and a mistake is named with what to write instead."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.errors import ConfigError
from fetchers.settings import DEFAULT_REGIONS
from monitor import config_reference
from monitor.config import Config, Ui, default_path, keys, load, parse, path_in_use, rebindings, toml
from monitor.config_keys import KEYS, key_of
from monitor.invocation import start, start_demo
from monitor.tables import TABLES, TablePlan

ROOT = Path(__file__).resolve().parent.parent
HERE = Path("/etc/monitor/config.toml")


def read(text: str) -> Config:
    """The configuration that a file with this text is."""
    return parse(text, HERE)


def complaint(text: str) -> str:
    """What is said about a file with this text."""
    with pytest.raises(ConfigError) as error:
        read(text)
    return str(error.value)


# --- what is right -------------------------------------------------------------------------------------------------


def test_no_file_is_the_default_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is on, nothing else is set, and the path in use is the platform's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config = load(None, {})
    assert config.path == str(tmp_path / "monitor" / "config.toml")
    assert config.tables == {name: TablePlan() for name in TABLES}
    assert config.gcp.regions == DEFAULT_REGIONS
    assert config.origins == {}


def test_an_empty_file_changes_nothing() -> None:
    """It is the default configuration, read from that file."""
    assert read("") == Config(path=str(HERE))


def test_a_file_sets_what_it_names() -> None:
    """Values arrive with their types, the rest keeps its default, and the origin of each set key is the file."""
    config = read(
        """
        [gcp]
        project = "acme-ml"
        regions = ["us-central1", "europe-west4"]
        labels = { team = "vision" }
        endpoints.builds = "http://127.0.0.1:9001"
        [wandb]
        entity = "acme"
        offline_dirs = ["/data/wandb"]
        [tables.runner]
        timeout_s = 5
        """
    )
    assert config.gcp.regions == ("us-central1", "europe-west4")
    assert config.gcp.endpoints.builds == "http://127.0.0.1:9001"
    assert config.gcp.labels == {"team": "vision"}
    assert config.wandb.offline_dirs == ("/data/wandb",)
    assert config.tables["runner"] == TablePlan(timeout_s=5.0)
    assert config.tables["vertex"] == TablePlan()
    assert set(config.origins) == {
        "gcp.project",
        "gcp.regions",
        "gcp.labels",
        "gcp.endpoints.builds",
        "wandb.entity",
        "wandb.offline_dirs",
        "tables.runner.timeout_s",
    }
    assert set(config.origins.values()) == {str(HERE)}


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Some editors write one."""
    path = tmp_path / "config.toml"
    path.write_bytes(b'\xef\xbb\xbf[gcp]\nproject = "acme"\n')
    assert load(str(path), {}).gcp.project == "acme"


def test_paths_mean_the_same_wherever_the_engine_starts() -> None:
    """Run directories start at the current directory, the log directory at the file; `~` is the home directory."""
    config = read('[wandb]\noffline_dirs = ["wandb", "./wandb", "~/runs"]\n[logs]\ndir = "logs"')
    assert config.wandb.offline_dirs == (str(Path.cwd() / "wandb"), str(Path("~/runs").expanduser()))
    assert config.logs.dir == "/etc/monitor/logs"


def test_the_option_wins_over_the_variable_and_that_over_the_platform(tmp_path: Path) -> None:
    """An empty variable is as good as none."""
    assert path_in_use("a.toml", {"MONITOR_CONFIG": "b.toml"}) == (Path("a.toml"), True)
    assert path_in_use(None, {"MONITOR_CONFIG": str(tmp_path)}) == (tmp_path, True)
    assert path_in_use(None, {"MONITOR_CONFIG": ""}) == (default_path(), False)


def test_the_engine_is_told_what_the_file_says() -> None:
    """Settings, plans and the log directory travel; the demo takes the log directory alone."""
    config = read('[gcp]\nproject = "acme"\n[logs]\ndir = "/var/log/m"\n[tables.builds]\nenabled = false')
    told = start(config)
    assert (told.settings.gcp, told.settings.demo, told.log_dir) == (config.gcp, False, "/var/log/m")
    assert not told.tables["builds"].enabled
    demo = start_demo(config)
    assert demo.settings.demo
    assert demo.log_dir == "/var/log/m"
    assert all(plan.enabled and TABLES[name].scopes(demo.settings) for name, plan in demo.tables.items())
    assert demo.settings.gcp.project != "acme"


KEYS_AND_WHAT_THEY_LACK = {
    "": {},
    'wandb.entity = "acme"': {"active": "wandb.project is missing, wandb.entity is set: "},
    'wandb.project = "arr"': {"active": "wandb.entity is missing, wandb.project is set: "},
    'wandb.queues = ["q"]': {"active": "wandb.entity is missing, wandb.queues is set: "},
    'wandb.entity = "acme"\nwandb.project = "arr"': {},
    'wandb.entity = "acme"\nwandb.queues = ["q"]': {},
    "gcp.mine = true": {"builds": "gcp.project is missing, other keys of [gcp] are set: "},
    'gcp.endpoints.builds = "http://127.0.0.1:1"': {"vertex": "gcp.project is missing, other keys of [gcp] are set: "},
    'gcp.project = "acme-ml"\ngcp.mine = true': {},
}


@pytest.mark.parametrize(("text", "lacks"), KEYS_AND_WHAT_THEY_LACK.items(), ids=KEYS_AND_WHAT_THEY_LACK)
def test_a_source_that_is_half_configured_names_the_missing_key(text: str, lacks: dict[str, str]) -> None:
    """What is whole, or not there at all, lacks nothing."""
    settings = start(read(text)).settings
    said = {name: half for name, table in TABLES.items() if (half := table.half(settings))}
    assert bool(said) == bool(lacks)
    for name, beginning in lacks.items():
        assert said[name].startswith(beginning)
        assert TABLES[name].missing(settings) == said[name]
    assert all(TABLES[name].scopes(settings) == () for name in lacks)


# --- what is wrong -------------------------------------------------------------------------------------------------

UNKNOWN = {
    "[gcp]\nprojct = 1": ("gcp.projct", "did you mean gcp.project?"),
    "[gpc]\nproject = 'a'": ("gpc", "did you mean gcp?"),
    "[gcp]\nentity = 'a'": ("gcp.entity", "did you mean wandb.entity?"),
    "[tables.runnr]\nlimit = 1": ("tables.runnr", "did you mean tables.runner?"),
    "[tables.runner]\ntimeout = 1": ("tables.runner.timeout", "did you mean tables.runner.timeout_s?"),
    "[gcp.endpoints]\nrun = 'http://a'": ("gcp.endpoints.run", "did you mean gcp.endpoints.runner?"),
    "timeout_s = 1": ("timeout_s", "did you mean tables.builds.timeout_s?"),
    "[wandb]\nxyzzy = 1": ("wandb.xyzzy", "here may hold entity, project, queues"),
    "xyzzy = 1": ("xyzzy", "the file may hold gcp, wandb, cache, logs, ui, keys, tables"),
    "[wandb]\napi_key = 'abc'": ("wandb.api_key", "run `wandb login`"),
    "'gcp.project' = 'a'": ("gcp.project", "did you mean"),
    "[cache]\n'u\\u001brl' = 1": ("cache.u\ufffdrl", "did you mean cache.url?"),
}


@pytest.mark.parametrize(("text", "said"), UNKNOWN.items(), ids=[name for name, _ in UNKNOWN.values()])
def test_an_unknown_key_is_named_with_the_nearest_right_one(text: str, said: tuple[str, str]) -> None:
    """File, dotted key, advice: in one line."""
    message = complaint(text.replace("'u\\u001brl'", '"u\\u001brl"'))
    assert message.startswith(f"{HERE}: unknown key {said[0]}; ")
    assert said[1] in message


WRONG_TYPES = {
    "[gcp]\nproject = 5": ("gcp.project is 5 (a whole number)", "the id of a Google Cloud project"),
    "[gcp]\nregions = 'us-central1'": ('gcp.regions is "us-central1" (text)', "regions such as"),
    "[gcp]\nregions = ['us-central1', 5]": ('gcp.regions is ["us-central1", 5] (a list)', "regions such as"),
    "[gcp]\nmine = 'yes'": ('gcp.mine is "yes" (text)', "true or false"),
    "[gcp]\nlabels = { team = 5 }": ("gcp.labels is { ", "a table of text"),
    "[gcp]\nendpoints = 'http://a'": ('gcp.endpoints is "http://a" (text)', "a table: [gcp.endpoints]"),
    "gcp = 5": ("gcp is 5 (a whole number)", "a table: [gcp]"),
    "[tables]\nrunner = true": ("tables.runner is true (a truth value)", "a table: [tables.runner]"),
    "[[tables.runner]]\nlimit = 5": ("tables.runner is [{ ", "a table"),
    "[tables.runner]\ntimeout_s = '20'": ('tables.runner.timeout_s is "20" (text)', "a number of seconds"),
    "[tables.runner]\nlimit = 5.5": ("tables.runner.limit is 5.5 (a number)", "a whole number from 1 to 1000"),
    "[tables.runner]\nlimit = true": ("tables.runner.limit is true (a truth value)", "a whole number"),
    "[tables.runner]\nenabled = 1": ("tables.runner.enabled is 1 (a whole number)", "true or false"),
    "[logs]\ndir = 2026-01-01": ("logs.dir is 2026-01-01 (a date or time)", "the path of a directory"),
}

OUT_OF_RANGE = {
    "[tables.runner]\ntimeout_s = 0": ("tables.runner.timeout_s is 0.0", "above 0 and up to 3600"),
    "[tables.runner]\ntimeout_s = nan": ("tables.runner.timeout_s is nan", "a number of seconds"),
    "[tables.vertex]\ninterval_s = 0.5": ("tables.vertex.interval_s is 0.5", "from 1 to 86400"),
    "[tables.vertex]\ninterval_s = inf": ("tables.vertex.interval_s is inf", "from 1 to 86400"),
    "[tables.active]\nlimit = 0": ("tables.active.limit is 0", "from 1 to 1000"),
    "[tables.active]\nlimit = 1001": ("tables.active.limit is 1001", "from 1 to 1000"),
    f"[tables.active]\nlimit = 1{'0' * 400}": ("tables.active.limit is 1000", "from 1 to 1000"),
    f"[tables.active]\ninterval_s = 1{'0' * 400}": ("tables.active.interval_s is 1000", "from 1 to 86400"),
    "[gcp]\nproject = ''": ('gcp.project is "" (text)', "the id of"),
    "[gcp]\nproject = 'projects/acme'": ('gcp.project is "projects/acme"', "the id of"),
    "[gcp]\nregions = []": ("gcp.regions is []", "leave the key out for the default ones"),
    "[gcp]\nregions = ['us-east1', '']": ('gcp.regions[1] is ""', "regions such as"),
    "[gcp]\nregions = ['us/east1']": ('gcp.regions[0] is "us/east1"', "regions such as"),
    "[gcp]\nregions = ['us-central1-a']": ('gcp.regions[0] is "us-central1-a"', "no zones"),
    "[gcp]\nregions = ['global']": ('gcp.regions[0] is "global"', "`global` is always asked"),
    "[gcp]\nregions = ['us-east1', 'us-east1']": ("gcp.regions is [", "one is there twice"),
    "[gcp.endpoints]\nbuilds = 'ftp://host'": ('gcp.endpoints.builds is "ftp://host"', '"http://HOST:PORT"'),
    "[gcp.endpoints]\nbuilds = 'localhost:9001'": ('gcp.endpoints.builds is "localhost:9001"', '"http://HOST:PORT"'),
    "[gcp.endpoints]\nbuilds = 'http://a:99999'": ('gcp.endpoints.builds is "http://a:99999"', '"http://HOST:PORT"'),
    "[gcp.endpoints]\nbuilds = 'http://a/v1'": ('gcp.endpoints.builds is "http://a/v1"', "without a path"),
    "[gcp.endpoints]\nbuilds = 'http://'": ('gcp.endpoints.builds is "http://"', '"http://HOST:PORT"'),
    "[wandb]\nbase_url = 'api.wandb.ai'": ('wandb.base_url is "api.wandb.ai"', "https://api.wandb.ai"),
    "[wandb]\nproject = 'acme/arr'": ('wandb.project is "acme/arr"', "the entity has a key of its own"),
    "[wandb]\nqueues = ['']": ('wandb.queues[0] is ""', "none of them empty"),
    "[cache]\nurl = 'mysql://a'": ('cache.url is "mysql://a"', "sqlite:///"),
}


@pytest.mark.parametrize(
    ("text", "said"),
    (WRONG_TYPES | OUT_OF_RANGE).items(),
    ids=[said for said, _ in (WRONG_TYPES | OUT_OF_RANGE).values()],
)
def test_a_wrong_value_is_named_with_what_is_wanted(text: str, said: tuple[str, str]) -> None:
    """File, dotted key, what was found, what is wanted: in one line that no value can make long."""
    message = complaint(text)
    assert message.startswith(f"{HERE}: {said[0]}")
    assert f"; wanted {said[1]}" in message or said[1] in message.partition("; wanted ")[2]
    assert "\n" not in message
    assert len(message) < 400


def test_no_secret_is_repeated() -> None:
    """A password in an address stays out of the error."""
    message = complaint("[wandb]\nbase_url = 'https://me:hunter2@host'")
    assert "hunter2" not in message
    assert "wandb.base_url" in message


def test_bad_toml_names_the_line() -> None:
    """The parser's own words say where."""
    assert "line 2" in complaint("[gcp]\nproject =\nmine = true")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "1" * 5000], ids=["depth", "digits"])
def test_absurd_toml_is_an_error_like_any_other(text: str) -> None:
    """Neither depth nor digits bring a traceback."""
    assert complaint(text).startswith(f"{HERE}: not valid TOML")


def _unreadable(tmp_path: Path, kind: str) -> str:
    path = tmp_path / kind
    match kind:
        case "directory":
            path.mkdir()
        case "not UTF-8":
            path.write_bytes(b"[gcp]\nproject = '\xff'\n")
        case "huge":
            path.write_bytes(b"#" * 2_000_000)
        case "loop":
            path.symlink_to(path)
    return str(path)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "no such file"),
        ("directory", "Is a directory"),
        ("not UTF-8", "line 2 is not UTF-8"),
        ("huge", "larger than"),
        ("loop", "symbolic links"),
        ("nul\0", "null"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, kind: str, said: str) -> None:
    """The error says which file and why, whether an option or the environment named it."""
    path = _unreadable(tmp_path, kind)
    for given_path, environ in ((path, {}), (None, {"MONITOR_CONFIG": path})):
        with pytest.raises(ConfigError, match=re.escape(said)) as error:
            load(given_path, environ)
        assert str(error.value).startswith(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    """So that nobody wonders why the defaults are in effect."""
    path = tmp_path / "config.toml"
    path.touch(mode=0o000)
    with pytest.raises(ConfigError, match="Permission denied"):
        load(str(path), {})


_VALUES = st.recursive(
    st.none().map(lambda _: False) | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(keys()), _VALUES)
def test_any_value_is_taken_or_refused_in_one_line(dotted: str, value: Any) -> None:
    """Whatever a key is set to, the answer is a configuration or one printable line that names the file."""
    section, _, name = dotted.rpartition(".")
    said = outcome(f"[{section}]\n{name} = {toml(value)}\n")
    assert said == f"sets {dotted}" or said.startswith((f"{HERE}: {dotted}", f"{HERE}: not valid TOML"))
    assert said.isprintable()


def outcome(text: str) -> str:
    """The error, or what the file sets."""
    try:
        return f"sets {' '.join(read(text).origins)}"
    except ConfigError as error:
        return str(error)


# --- the table of keys, and what is made from it -------------------------------------------------------------------


def test_the_table_of_keys_is_complete() -> None:
    """Each key of the structs has a row, and each row a key."""
    assert {key_of(dotted).name for dotted in keys()} == set(KEYS)


@pytest.mark.parametrize("dotted", keys())
def test_every_example_is_right(dotted: str) -> None:
    """What the reference and the default file show can be written."""
    section, _, name = dotted.rpartition(".")
    assert dotted in read(f"[{section}]\n{name} = {key_of(dotted).example}").origins


def test_the_file_to_begin_with_changes_nothing() -> None:
    """It is all comments; with their # gone it sets every key once, and is right."""
    text = config_reference.beginning()
    assert read(text) == Config(path=str(HERE))
    uncommented = re.sub(r"^#(?=\w)", "", text, flags=re.MULTILINE)
    assert {key_of(dotted).name for dotted in read(uncommented).origins} == set(KEYS)


def test_the_reference_page_is_the_one_the_code_makes() -> None:
    """`python -m monitor.config_reference > docs/configuration.md` brings it up to date."""
    assert (ROOT / "docs" / "configuration.md").read_text() == config_reference.reference()


@given(
    st.dictionaries(
        st.text(max_size=8), st.text() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    )
)
def test_what_is_written_as_toml_reads_back(values: dict[str, Any]) -> None:
    """Quotes, controls and any script survive."""
    assert tomllib.loads(f"x = {toml(values)}")["x"] == values


# --- how the dashboard looks, and its keys -------------------------------------------------------------------------


def test_keys_are_rebound_by_any_name_that_people_have_for_them() -> None:
    """One key or several, as they are written on keys; what stays as it was is no change."""
    config = read('[keys]\nzoom = "Z"\nnext_failure = ["n", "Ctrl+N"]\nfind = "/"\nhelp = "?"')
    assert rebindings(config.keys) == {"zoom": ("Z",), "next_failure": ("n", "ctrl+n")}


def test_two_actions_can_change_keys_with_each_other() -> None:
    """What is judged is the whole file, not one line after the other."""
    config = read('[keys]\nnext_failure = "N"\nprevious_failure = "n"')
    assert rebindings(config.keys) == {"next_failure": ("N",), "previous_failure": ("n",)}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('zom = "Z"', ["unknown key keys.zom", "did you mean keys.zoom?"]),
        ('zoom = "contrl+n"', ['keys.zoom is "contrl+n"', 'did you mean "ctrl+n"?']),
        ('zoom = ["Z", "shift+x"]', ['keys.zoom[1] is "shift+x"', 'did you mean "X"?']),
        ('zoom = "s"', ['the key "s" of keys.zoom', "keys.sort (sort by a column)", "give one of them another"]),
        ('sort = "z"', ['the key "z" of keys.sort', "keys.zoom"]),
        ('zoom = "ctrl+i"', ['the key "tab" of keys.zoom', "keys.next_table"]),
        ('theme = "x"', ['the key "x" of keys.theme', "keys.raw"]),
        ('zoom = "ctrl+c"', ['the key "ctrl+c" of keys.zoom', "always means quit"]),
        ('interrupt = "x"', ["unknown key keys.interrupt"]),
        ('palette_up = ["ctrl+n", "k"]', ['the key "k" of keys.palette_up', "is typed on the line of the palette"]),
        ('palette_up = "ctrl+u"', ['the key "ctrl+u" of keys.palette_up', "is typed"]),
        ('palette_run = "/"', ['the key "slash" of keys.palette_run', "is typed"]),
        ("zoom = []", ["keys.zoom is [] (a list)"]),
        ('table = ["a", "b"]', ["keys.table", "five keys, one for each table"]),
        ("zoom = 3", ["keys.zoom is 3 (a whole number)"]),
        ('zoom = "\\u001b"', ["keys.zoom is"]),
    ],
)
def test_keys_that_cannot_be_are_errors_that_say_what_was_meant(line: str, words: list[str]) -> None:
    """Names of actions, names of keys, and one key for two actions that are felt on one screen."""
    with pytest.raises(ConfigError) as caught:
        read(f"[keys]\n{line}")
    for word in [str(HERE), *words]:
        assert word in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_theme_is_one_of_those_there_are() -> None:
    """And a wrong one names the nearest."""
    assert read('[ui]\ntheme = "light"\nutc = true').ui == Ui(theme="light", utc=True)
    with pytest.raises(ConfigError, match=r'ui.theme is "drak".*; wanted one of dark, .*did you mean dark'):
        read('[ui]\ntheme = "drak"')


def test_the_configuration_is_read_without_the_toolkit_of_the_screen() -> None:
    """Names of keys and themes are data: `monitor ls` does not pay for a screen that it has not."""
    code = "import sys, monitor.config; sys.exit(any(name.startswith(('textual', 'rich')) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False, timeout=60).returncode == 0
