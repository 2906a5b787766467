"""conmanctl's words for what a container is created with: docker's, read into one request."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from conman.ctl import cli, mount_words, sizes
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand

__all__ = ["conmand"]

MIB = 1024 * 1024
BIND, TMPFS = wire.Mount.TYPE_BIND, wire.Mount.TYPE_TMPFS


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, "container", "create", *words])


def sent(stub: StubConmand, *words: str) -> wire.CreateContainerRequest:
    assert conmanctl(stub, *words) == 0
    request = stub.requests("CreateContainer")[-1]
    assert isinstance(request, wire.CreateContainerRequest)
    assert len(bytes.fromhex(request.request_id)) == 16
    request.request_id = ""
    return request


def test_every_option(conmand: StubConmand) -> None:
    words = (
        "--rootfs /r --read-only -w /w -u www:web --group-add adm --group-add 7 -h box"
        " -v /a:/b:ro,rslave --mount type=tmpfs,dst=/t,tmpfs-size=1k --tmpfs /u:size=1m,mode=700,exec"
        " --device /dev/fuse --device /dev/a:/dev/b:r --cap-add net_admin --cap-drop ALL --privileged"
        " -m 64m --memory-swap -1 --memory-reservation 1g --cpus 1.5 --cpu-shares 5 --cpu-period 1000"
        " --cpu-quota -1 --cpuset-cpus 0-1 --cpuset-mems 0 --pids-limit 9 --ulimit nofile=1:2"
        " --ulimit core=unlimited --sysctl net.a=b=c --stop-signal INT --stop-timeout 1.5"
        " -it --stdin-once"
        " --log-opt max-size=10m --log-opt max-file=3"
    )
    patch = '{"process": {}}'
    assert sent(
        conmand, *words.split(), "--runtime-spec-patch", patch, "web", "sh"
    ) == wire.CreateContainerRequest(
        name="web",
        command="sh",
        rootfs_path="/r",
        rootfs_readonly=True,
        stdin=True,
        tty=True,
        stdin_once=True,
        cwd="/w",
        user="www:web",
        groups=["adm", "7"],
        hostname="box",
        mounts=[
            wire.Mount(source="/a", target="/b", readonly=True, propagation="rslave"),
            wire.Mount(type=TMPFS, target="/t", size_bytes=1024),
            wire.Mount(type=TMPFS, target="/u", size_bytes=MIB, mode=0o700, options=["exec"]),
        ],
        devices=[
            wire.Device(host_path="/dev/fuse"),
            wire.Device(host_path="/dev/a", container_path="/dev/b", permissions="r"),
        ],
        cap_add=["net_admin"],
        cap_drop=["ALL"],
        privileged=True,
        resources=wire.Resources(
            memory_bytes=64 * MIB,
            memory_swap_bytes=-1,
            memory_reservation_bytes=1024 * MIB,
            nano_cpus=1_500_000_000,
            cpu_shares=5,
            cpu_period_us=1000,
            cpu_quota_us=-1,
            cpuset_cpus="0-1",
            cpuset_mems="0",
            pids_limit=9,
        ),
        ulimits=[
            wire.Ulimit(name="nofile", soft=1, hard=2),
            wire.Ulimit(name="core", soft=-1, hard=-1),
        ],
        sysctls={"net.a": "b=c"},
        stop_signal="INT",
        stop_timeout_ms=1500,
        runtime_spec_patch=patch,
        log=wire.LogOptions(max_size_bytes=10 * MIB, max_files=3),
    )


def test_what_is_not_said_is_not_sent(conmand: StubConmand) -> None:
    request = sent(conmand, "--rootfs", "/r", "web", "sh")
    assert {field.name for field, _ in request.ListFields()} == {"name", "command", "rootfs_path"}


def test_environment(conmand: StubConmand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "1")
    monkeypatch.delenv("GONE", raising=False)
    file = tmp_path / "env"
    file.write_text("# a comment\n\nA=file\nHERE\nGONE\n  B= spaces \n")
    words = ("--rootfs", "/r", "-e", "A=flag", "-e", "HERE", "-e", "GONE", "--env-file", str(file))
    assert sent(conmand, *words, "w", "sh").env == [
        "A=file",
        "HERE=1",
        "B= spaces ",
        "A=flag",
        "HERE=1",
    ]


def test_labels_of_a_file_are_overridden(conmand: StubConmand, tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a=file\nalone\n")
    words = ("--rootfs", "/r", "-l", "a=flag", "--label-file", f"{tmp_path}/labels", "w", "sh")
    assert dict(sent(conmand, *words).labels) == {"a": "flag", "alone": ""}


def test_a_label_without_a_value(conmand: StubConmand) -> None:
    words = ("--rootfs", "/r", "-l", "a", "--label", "b=", "--label", "c=d=e", "w", "sh")
    assert dict(sent(conmand, *words).labels) == {"a": "", "b": "", "c": "d=e"}


def test_a_file_has_lines_as_docker_has_them(conmand: StubConmand, tmp_path: Path) -> None:
    """A newline ends one, a carriage return before it or not; a mark at the very beginning is no name."""
    file = tmp_path / "lines"
    file.write_bytes("\ufeffBOM=1\r\nX=a\x85b\nY=1\x0cZ=2\r\r\nU=\u2028u".encode())
    words = ("--rootfs", "/r", "--env-file", f"{file}", "--label-file", f"{file}")
    request = sent(conmand, *words, "w", "sh")
    assert request.env == ["BOM=1", "X=a\x85b", "Y=1\x0cZ=2\r", "U=\u2028u"]
    assert [f"{key}={request.labels[key]}" for key in ("BOM", "X", "Y", "U")] == request.env


@pytest.mark.parametrize("flag", ["--env-file", "--label-file"])
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("export X=3", "there is white space in the name 'export X'; write KEY=VALUE"),
        ("A\tB", "there is white space in the name 'A\\tB'; write KEY=VALUE"),
        ("=1", "before the = a name is needed"),
    ],
)
def test_a_name_of_a_file_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, line: str, complaint: str
) -> None:
    file = tmp_path / "lines"
    file.write_text(f"# one\nA=1\n{line}\n")
    words = ["container", "create", "--rootfs", "/r", flag, f"{file}", "w", "sh"]
    assert cli.run(["--address", "/tmp/no-such", *words]) == 2
    assert f"{flag} {file}: line 3: {complaint}" in capsys.readouterr().err


SPEC: dict[str, Any] = {
    "name": "told",
    "command": "sh",
    "args": ["-c", "x"],
    "rootfsPath": "/r",
    "env": ["A=1"],
    "resources": {"memoryBytes": "8388608", "pids_limit": 3},
    "mounts": [{"type": "TYPE_TMPFS", "target": "/t"}],
}
TOML = """
name = "told"
command = "sh"
args = ["-c", "x"]
rootfs_path = "/r"
env = ["A=1"]
resources = { memory_bytes = 8388608, pids_limit = 3 }
[[mounts]]
type = "TYPE_TMPFS"
target = "/t"
"""


@pytest.mark.parametrize(("name", "text"), [("s.json", json.dumps(SPEC)), ("s.toml", TOML)])
def test_a_spec_file_and_what_overrides_it(
    conmand: StubConmand, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    whole = sent(conmand, "--spec", f"{tmp_path}/{name}")
    assert (whole.name, whole.command, whole.args) == ("told", "sh", ["-c", "x"])
    assert whole.resources == wire.Resources(memory_bytes=8 * MIB, pids_limit=3)
    words = (
        "--spec",
        f"{tmp_path}/{name}",
        "-m",
        "9m",
        "-e",
        "B=2",
        "--rootfs",
        "/s",
        "mine",
        "ls",
    )
    changed = sent(conmand, *words)
    assert (changed.name, changed.command, list(changed.args)) == ("mine", "ls", [])
    assert changed.rootfs_path == "/s"
    assert changed.env == ["A=1", "B=2"]
    assert changed.resources == wire.Resources(memory_bytes=9 * MIB, pids_limit=3)
    assert changed.mounts == [wire.Mount(type=TMPFS, target="/t")]


def test_what_a_spec_file_turns_on_is_turned_off(conmand: StubConmand, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({**SPEC, "tty": True, "auto_remove": True}))
    words = ("--spec", f"{tmp_path}/s.json")
    assert sent(conmand, *words).auto_remove
    found = sent(conmand, *words, "--rm=false", "-m=64m", "-l=a=b", "-h=host")
    assert (found.tty, found.auto_remove) == (True, False)
    assert (found.resources.memory_bytes, found.labels["a"]) == (64 * MIB, "b")
    assert found.hostname == "host"


def test_a_spec_from_stdin(conmand: StubConmand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SPEC).encode())))
    assert sent(conmand, "--spec", "-").name == "told"


def test_a_patch_from_a_file(conmand: StubConmand, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("{}")
    words = ("--rootfs", "/r", "--runtime-spec-patch", f"{tmp_path}/p", "w", "sh")
    assert sent(conmand, *words).runtime_spec_patch == "{}"


def test_who_goes_when_he_has_ended(conmand: StubConmand) -> None:
    assert sent(conmand, "--rootfs", "/", "--rm", "web", "sh").auto_remove
    assert not sent(conmand, "--rootfs", "/", "web", "sh").auto_remove


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("always", wire.RestartPolicy(name="always")),
        ("on-failure:3", wire.RestartPolicy(name="on-failure", maximum_retry_count=3)),
        # Judged by conmand, which knows what there is.
        ("never:-1", wire.RestartPolicy(name="never", maximum_retry_count=-1)),
    ],
)
def test_restart_policies(conmand: StubConmand, text: str, policy: wire.RestartPolicy) -> None:
    words = ("--rootfs", "/", "--restart", "no", "--restart", text, "web", "sh")
    assert sent(conmand, *words).restart_policy == policy


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/a:/b", wire.Mount(source="/a", target="/b")),
        ("/a/../c:/b:rw", wire.Mount(source="/c", target="/b")),
        ("/a:/b:ro", wire.Mount(source="/a", target="/b", readonly=True)),
    ],
)
def test_volumes(text: str, mount: wire.Mount) -> None:
    assert mount_words.volume(text) == mount


def test_a_relative_source_is_the_caller_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert mount_words.volume("./x:/b").source == f"{tmp_path}/x"
    assert mount_words.mount("type=bind,src=x,dst=/b").source == f"{tmp_path}/x"


def test_a_comma_in_a_source_is_quoted() -> None:
    found = mount_words.mount('type=bind,"source=/a,b",target=/t,ro=false,bind-propagation=slave')
    assert found == wire.Mount(type=BIND, source="/a,b", target="/t", propagation="slave")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("64m", 64 * MIB),
        ("1g", 1024 * MIB),
        ("5", 5),
        ("1.5k", 1536),
        ("2MiB", 2 * MIB),
        ("7b", 7),
        ("1KB", 1024),
        ("3 m", 3 * MIB),
        ("0", 0),
    ],
)
def test_sizes(text: str, found: int) -> None:
    assert sizes.size(text) == found


@pytest.mark.parametrize(
    "text", ["", "m", "-1", "1e3", "nan", "inf", "1mm", "0x4", "9" * 40, "1.2.3", "9p9", "٣m", "5e"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        sizes.size(text)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            "-v data:/x",
            "--volume data:/x: there are no named volumes; for a directory write ./data",
        ),
        ("-v /x", "SRC:DST[:ro] is needed"),
        ("--restart on-failure:many", "no, on-failure[:N], always or unless-stopped is needed"),
        ("--restart :3", "no, on-failure[:N], always or unless-stopped is needed"),
        ("--restart on-failure:99999999999", "nobody counts so far"),
        ("-v /a:/b:z", "'z' is none of ro, rw"),
        ("--mount dst=/x", "one type=bind or type=tmpfs is needed"),
        ("--mount type=volume,dst=/x", "one type=bind or type=tmpfs is needed"),
        ("--mount type=bind,colour=red", "'colour' is no key of --mount"),
        ("--mount type=bind,ro=maybe", "true or false is needed"),
        ("--tmpfs /x:mode=9", "'9' is not octal"),
        ("--tmpfs /x:size=big", "'big' is no size"),
        ("--device /a:/b:/c:r", "HOST[:CONTAINER][:rwm] is needed"),
        ("-m lots", "--memory 'lots' is no size"),
        ("--cpus many", "'many' is no number of processors"),
        ("--pids-limit x", "a whole number is needed"),
        ("--pids-limit 99999999999999999999", "is out of range"),
        ("--ulimit nofile", "NAME=SOFT[:HARD] is needed"),
        ("--ulimit nofile=x", "'x' is no number"),
        ("--stop-timeout soon", "'soon' is no number of seconds"),
        ("--sysctl a", "KEY=VALUE is needed"),
        ("--log-opt max-size", "KEY=VALUE is needed"),
        ("--log-opt max-size=big", "'big' is no size"),
        ("--log-opt max-file=99999999999", "out of range"),
        ("--log-opt mode=non-blocking", "mode is no option of the log"),
        ("--env-file /does/not/exist", "/does/not/exist: No such file or directory"),
        ("--spec /does/not/exist", "No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_2(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], words: str, complaint: str
) -> None:
    assert conmanctl(conmand, "--rootfs", "/r", *words.split(), "web", "sh") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert complaint in err
    assert conmand.asked == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "an object is needed"),
        ("{", "Expecting property name"),
        ('{"nmae": "x"}', 'no field named "nmae"'),
        ('{"args": 3}', "args"),
        ('{"request_id": "a"}', "request_id is drawn anew"),
        ("\udcff", "is not UTF-8"),
        ("[" * 100_000, "s.json"),
    ],
)
def test_a_spec_that_is_none(
    conmand: StubConmand,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    complaint: str,
) -> None:
    (tmp_path / "s.json").write_bytes(text.encode(errors="surrogateescape"))
    assert conmanctl(conmand, "--spec", f"{tmp_path}/s.json", "web", "sh") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert complaint in err
