"""Where conmand's settings come from, which one wins, and the sentence for each that makes no sense."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from conman.daemon import show_config
from conman.daemon.commands import main
from conman.daemon.config import Config, configure
from conman.daemon.settings import SETTINGS, Known
from conman.errors import ConfigError

ROOT, SOMEBODY = 0, 1000
HOME = {"HOME": "/home/a", "XDG_RUNTIME_DIR": "/run/user/1000", "PATH": "/usr/bin:/bin"}


def flags(**given: str) -> dict[str, str | None]:
    return {known.name.replace("-", "_"): None for known in SETTINGS} | given


def config(
    *,
    environ: Mapping[str, str] = HOME,
    uid: int = SOMEBODY,
    file: str | None = None,
    **given: str,
) -> Config:
    return configure(flags(**given), file, environ, uid)


def toml(tmp_path: Path, text: str) -> str:
    path = tmp_path / "conman.toml"
    path.write_text(text)
    return str(path)


def test_root_has_the_systems_directories_and_runc() -> None:
    made = config(uid=ROOT, environ={"PATH": os.environ["PATH"]})
    assert (made.data_dir, made.run_dir) == ("/var/lib/conman", "/run/conman")
    assert (made.runtime, made.runtime_shown) == ("runc", "runc")
    assert made.socket == "/run/conman/conmand.sock"
    assert made.target == "unix:///run/conman/conmand.sock"
    assert (made.rootfs_mode, made.log_level, made.log_format) == ("auto", "info", "text")
    assert made.is_root


def test_others_have_their_own_and_what_is_embedded() -> None:
    made = config()
    assert made.data_dir == "/home/a/.local/share/conman"
    assert made.run_dir == "/run/user/1000/conman"
    assert made.runtime_shown == "fakerunc"
    assert made.runtime == os.path.join(os.path.dirname(sys.executable), "fakerunc")
    assert "fakerunc" in made.notes[0]
    assert not made.is_root


def test_xdg_data_home_goes_before_home() -> None:
    made = config(environ=HOME | {"XDG_DATA_HOME": "/data"})
    assert made.data_dir == "/data/conman"


@pytest.mark.parametrize("missing", ["HOME", "XDG_RUNTIME_DIR"])
def test_a_place_that_cannot_be_known_is_asked_for(missing: str) -> None:
    environ = {name: value for name, value in HOME.items() if name != missing}
    with pytest.raises(ConfigError, match=f"{missing} is.* set") as caught:
        config(environ=environ)
    assert "-dir" in caught.value.refusal.hint


def test_a_flag_goes_before_the_environment_that_before_the_file(tmp_path: Path) -> None:
    file = toml(tmp_path, 'log-level = "error"\nrun-dir = "/file"\ndata-dir = "/file"\n')
    environ = HOME | {"CONMAN_LOG_LEVEL": "warning", "CONMAN_RUN_DIR": "/environment"}
    made = config(environ=environ, file=file, log_level="debug")
    assert (made.log_level, made.run_dir, made.data_dir) == ("debug", "/environment", "/file")


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    environ = HOME | {"CONMAN_CONFIG": toml(tmp_path, 'runtime = "crun"')}
    assert config(environ=environ).runtime == "crun"


def test_an_empty_variable_is_not_set() -> None:
    assert config(environ=HOME | {"CONMAN_RUNTIME": ""}).runtime_shown == "fakerunc"


@pytest.mark.parametrize("known", SETTINGS, ids=lambda known: known.name)
def test_every_setting_is_known_to_all_three(tmp_path: Path, known: Known) -> None:
    value = "7" if known.seconds else (known.words or ("/some/where",))[-1]
    by_file = config(file=toml(tmp_path, f'{known.name} = "{value}"'))
    by_environment = config(environ=HOME | {known.variable: value})
    by_flag = configure(flags(**{known.name.replace("-", "_"): value}), None, HOME, SOMEBODY)
    assert by_file == by_environment == by_flag != config()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('data_dir = "/x"', r"unknown key 'data_dir' \(did you mean data-dir\?\)"),
        ('runtim = "runc"', r"unknown key 'runtim' \(did you mean runtime\?\)"),
        ("[log]\nlevel = 1", r"unknown key 'log' \(did you mean log-"),
        ("log-level = 3", "log-level = 3, a number"),
        ("runtime = true", "runtime = True, a boolean"),
        ('runtime = ["runc"]', "runtime = .*, a list"),
        ("[runtime]", "runtime = .*, a table"),
        ('log-level = "loud"', "log-level is 'loud'"),
        ('rootfs-mode = "overlayfs"', r"'overlayfs' \(did you mean overlay\?\)"),
        ('data-dir = ""', "data-dir is empty"),
        ("runtime-timeout = 0", "runtime-timeout is '0'; it must be a number of seconds"),
        ("runtime-timeout = true", "runtime-timeout = True, a boolean"),
        ('runtime-timeout = "soon"', "runtime-timeout is 'soon'"),
        ("runtime-timeout = inf", "runtime-timeout is 'inf'"),
        ("runtime-timeout = nan", "runtime-timeout is 'nan'"),
        ("runtime-timeout = 3601", "from 0.1 to 3600"),
        ("data-dir", "is not TOML"),
    ],
)
def test_a_bad_file(tmp_path: Path, text: str, said: str) -> None:
    file = toml(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as caught:
        config(file=file)
    assert file in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        config(file=str(tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no UTF-8"):
        config(file=str(tmp_path / "binary"))


@pytest.mark.parametrize(
    ("address", "socket"),
    [
        ("/a/b.sock", "/a/b.sock"),
        ("unix:/a/b.sock", "/a/b.sock"),
        ("unix:///a/b.sock", "/a/b.sock"),
        ("unix:///a/b%20c.sock", "/a/b c.sock"),
        ("./b.sock", f"{os.getcwd()}/b.sock"),
        ("unix:b.sock", f"{os.getcwd()}/b.sock"),
    ],
)
def test_an_address(address: str, socket: str) -> None:
    assert config(address=address).socket == socket


def test_a_target_is_escaped() -> None:
    assert config(address="/a/b c%.sock").target == "unix:///a/b%20c%25.sock"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost:50051", "no unix socket"),
        ("dns:///x", "no unix socket"),
        ("unix:", "names no socket"),
        ("/a/b/", "names no socket"),
        ("/" + "x" * 107, "has 108 bytes"),
        ("/" + "ü" * 54, "has 109 bytes"),
    ],
)
def test_a_bad_address(address: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(address=address)


def test_a_run_directory_may_be_too_deep_for_a_socket() -> None:
    with pytest.raises(ConfigError, match="no unix socket's path may have more than 107"):
        config(run_dir="/" + "d" * 100)
    assert config(run_dir="/" + "d" * 100, address="/short.sock").socket == "/short.sock"


def test_a_missing_runtime_is_a_warning() -> None:
    made = config(runtime="crunch")
    assert made.runtime == "crunch"
    assert "crunch is not there" in made.notes[0]


def test_a_runtimes_relative_path_is_made_absolute() -> None:
    assert config(runtime="./bin/crun").runtime == f"{os.getcwd()}/bin/crun"


def test_a_strange_variable_is_a_warning_with_the_nearest() -> None:
    made = config(environ=HOME | {"CONMAN_DATADIR": "/x", "CONMAN_CRASH_AT": "x"})
    assert [note for note in made.notes if "CONMAN" in note] == [
        "the environment's CONMAN_DATADIR means nothing to conmand (did you mean CONMAN_DATA_DIR?)"
    ]


def test_a_record_is_found_again_from_elsewhere() -> None:
    assert config(record="r").record == f"{os.getcwd()}/r"
    assert config().record == ""


def test_help_shows_every_setting() -> None:
    ended = CliRunner().invoke(main, ["--help"])
    assert ended.exit_code == 0
    assert all(f"--{known.name}" in ended.output for known in SETTINGS)


def test_a_runtimes_time_is_in_seconds_and_may_be_a_number(tmp_path: Path) -> None:
    assert config().runtime_timeout_ms == 60_000
    assert config(runtime_timeout="0.25").runtime_timeout_ms == 250
    assert config(file=toml(tmp_path, "runtime-timeout = 2.5")).runtime_timeout_ms == 2500


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("unix:/a/m.sock", "unix:/a/m.sock"),
        ("unix:///a/m.sock", "unix:/a/m.sock"),
        ("/a/m.sock", "unix:/a/m.sock"),
        ("./m.sock", f"unix:{os.getcwd()}/m.sock"),
        ("127.0.0.1:9", "127.0.0.1:9"),
        ("127.1.2.3:0", "127.1.2.3:0"),
        ("localhost:65535", "127.0.0.1:65535"),
        ("[::1]:9", "[::1]:9"),
    ],
)
def test_metrics_may_be_served_here(address: str, told: str) -> None:
    assert config(metrics_address=address).metrics_address == told


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0.0.0.0:9", "is open to a network"),
        ("[::]:9", "is open to a network"),
        ("192.168.1.1:9", "is open to a network"),
        ("example.org:9", "which is no IP address"),
        (":9", "which is no IP address"),
        ("127.0.0.1", "names no socket and no port"),
        ("127.0.0.1:65536", "names no socket and no port"),
        ("127.0.0.1:x", "names no socket and no port"),
        ("unix:", "names no socket"),
        ("unix:/a/", "names no socket"),
        ("unix:/" + "x" * 107, "has 108 bytes"),
    ],
)
def test_and_nowhere_else(address: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        config(metrics_address=address)
    assert caught.value.refusal.field == "metrics-address"


def test_what_is_shown_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    environ = HOME | {"CONMAN_LOG_LEVEL": "debug"}
    made = config(environ=environ, file=toml(tmp_path, "runtime-timeout = 7"), rootfs_mode="copy")
    shown = show_config.effective_toml(made)
    (tmp_path / "again.toml").write_text(shown)
    # But for the note that the runtime was chosen for us: now it was named.
    assert config(file=str(tmp_path / "again.toml")) == replace(made, notes=())
    assert 'log-level = "debug"  # environment CONMAN_LOG_LEVEL' in shown
    assert f'runtime-timeout = "7"  # file {tmp_path}/conman.toml' in shown
    assert 'rootfs-mode = "copy"  # flag --rootfs-mode' in shown
    assert 'log-format = "text"  # default' in shown
    assert "# metrics-address is off  # default" in shown
    told = json.loads(show_config.effective_json(made))
    assert told["log-level"] == {"value": "debug", "source": "environment CONMAN_LOG_LEVEL"}
    assert told.keys() == {known.name for known in SETTINGS}


def test_the_documented_file_says_nothing_until_it_is_edited(tmp_path: Path) -> None:
    text = show_config.default_toml()
    assert config(file=toml(tmp_path, text)) == config()
    edited = "\n".join(
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
        for line in text.splitlines()
    )
    whole = config(file=toml(tmp_path, edited))
    assert all(f"{known.name} = " in edited for known in SETTINGS)
    assert (whole.runtime_shown, whole.rootfs_mode, whole.runtime_timeout_ms) == (
        "runc",
        "auto",
        60_000,
    )
