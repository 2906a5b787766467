"""What create reads: config.json, the program inside its rootfs, and a script's grammar."""

import json
from pathlib import Path

import pytest

from fakerunc.bundle import Unreadable, defect, read
from fakerunc.model import Defect, Stage
from fakerunc.process_spec import ProcessSpec, complaint_about_terminal
from fakerunc.rootfs import complaint_about_program, inside
from fakerunc.script import Forever, NoScript, Pipeline, parse

PROCESS = {"args": ["/bin/sleep", "1"], "env": ["PATH=/bin"], "cwd": "/"}
OWN = {"namespaces": [{"type": "pid"}, {"type": "uts"}], "cgroupsPath": "/a/../b/c1"}
CONFIG = {"process": PROCESS, "root": {"path": "rootfs"}, "linux": OWN}


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path.resolve() / "bundle"
    (folder / "rootfs/bin").mkdir(parents=True)
    (folder / "rootfs/bin/sleep").touch(mode=0o755)
    (folder / "rootfs/bin/plain").touch(mode=0o644)
    (folder / "rootfs/bin/link").symlink_to("/bin/sleep")
    (folder / "rootfs/up").symlink_to("../../../bin")
    (folder / "rootfs/bin/loop").symlink_to("loop")
    (folder / "rootfs/bin/dangling").symlink_to("/gone")
    return folder


def write(bundle: Path, **changes: object) -> str:
    (bundle / "config.json").write_text(json.dumps(CONFIG | changes))
    return str(bundle)


def test_a_good_bundle(bundle: Path) -> None:
    content = read(write(bundle, annotations={"b": "2", "a": "1"}))
    assert defect(content) is None
    assert (content.path, content.rootfs) == (str(bundle), f"{bundle}/rootfs")
    assert (content.args, content.env) == (("/bin/sleep", "1"), ("PATH=/bin",))
    assert content.annotations == (("a", "1"), ("b", "2"))
    assert (content.cgroup, content.shared_pids) == ("b/c1", False)


@pytest.mark.parametrize(
    ("namespaces", "shared"),
    [
        ([{"type": "pid"}], False),
        ([{"type": "pid", "path": "/proc/1/ns/pid"}], True),
        ([{"type": "network"}], True),
        ([], True),
    ],
)
def test_whose_pids(namespaces: list[object], shared: bool, bundle: Path) -> None:
    assert read(write(bundle, linux={"namespaces": namespaces})).shared_pids is shared


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "EOF"),
        ("{", "unexpected EOF"),
        ('{"a', "unexpected EOF"),
        ('{"a\n', r"invalid character '\n' in string literal"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("[]", "json: cannot unmarshal array into Go value of type specs.Spec"),
        ("{}", "process property must not be empty"),
        ("{} and more", "process property must not be empty"),
        ('{"a":' * 100_000, "exceeded max depth, or digits of a number"),
        (f'{{"a":{"9" * 5000}}}', "exceeded max depth, or digits of a number"),
        ('{"process":5}', "json: cannot unmarshal number into process of type object"),
    ],
)
def test_an_unreadable_config(text: str, words: str, bundle: Path) -> None:
    (bundle / "config.json").write_text(text)
    with pytest.raises(Unreadable) as problem:
        read(str(bundle))
    assert str(problem.value) == words


def test_no_config_and_no_bundle(bundle: Path) -> None:
    with pytest.raises(Unreadable, match=r"^JSON specification file config\.json not found$"):
        read(str(bundle))
    with pytest.raises(Unreadable, match=r"^chdir nowhere: no such file or directory$"):
        read("nowhere")


@pytest.mark.parametrize(
    ("terminal", "detach", "socket", "words"),
    [
        (True, True, "", "cannot allocate tty"),
        (True, True, "/s", ""),
        (True, False, "", ""),
        (True, False, "/s", "cannot use console socket"),
        (False, True, "/s", "cannot use console socket"),
        (False, True, "", ""),
    ],
)
def test_what_fits_a_terminal(terminal: bool, detach: bool, socket: str, words: str) -> None:
    process = ProcessSpec(("true",), (), "/", terminal=terminal)
    said = complaint_about_terminal(process, detach=detach, socket_path=socket)
    assert said.startswith(words)
    assert bool(said) is bool(words)


def test_what_belongs_to_cgroup_v2_alone(bundle: Path) -> None:
    found = read(write(bundle, linux=OWN | {"resources": {"unified": {"memory.min": "1"}}}))
    assert defect(found, hierarchies=1) is None
    words = "invalid configuration: cannot use unified on cgroup v1"
    assert defect(found, "no", hierarchies=10) == Defect(Stage.CGROUP, words)


def test_a_command_line_that_does_not_fit_shows_before_init(bundle: Path) -> None:
    found = defect(read(write(bundle, process=PROCESS | {"args": ["/x"]})), "no")
    assert found == Defect(Stage.SPAWN, "no")


@pytest.mark.parametrize(
    ("changes", "stage", "words"),
    [
        (
            {"root": {"path": "rootfs/bin/plain"}},
            Stage.SPAWN,
            "unable to start init: fork/exec /proc/self/exe: not a directory",
        ),
        ({"root": {"path": "gone"}}, Stage.CONFIG, "gone: no such file or directory"),
        ({"hostname": "x", "linux": {}}, Stage.CONFIG, "without a private UTS namespace"),
        ({"process": PROCESS | {"args": ["/x"]}}, Stage.INIT, 'exec: "/x": stat /x: no such file'),
        ({"process": PROCESS | {"env": ["X"]}}, Stage.INIT, 'invalid environment variable: "X"'),
    ],
)
def test_a_defect(changes: dict[str, object], stage: Stage, words: str, bundle: Path) -> None:
    found = defect(read(write(bundle, **changes)))
    assert found is not None
    assert found.stage is stage
    assert words in found.words


MISSING = "no such file or directory"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/bin/sleep", ""),
        ("sleep", ""),
        ("bin/sleep", ""),
        ("/bin/link", ""),
        ("/up/sleep", ""),
        ("../../bin/sleep", ""),
        ("/nope", f'exec: "/nope": stat /nope: {MISSING}'),
        ("/bin/dangling", f'exec: "/bin/dangling": stat /bin/dangling: {MISSING}'),
        (
            "/bin/loop",
            'exec: "/bin/loop": stat /bin/loop: too many levels of symbolic links',
        ),
        ("/bin/sleep/x", 'exec: "/bin/sleep/x": stat /bin/sleep/x: not a directory'),
        ("/bin/plain", 'exec: "/bin/plain": permission denied'),
        ("/bin", 'exec: "/bin": permission denied'),
        ("plain", 'exec: "plain": executable file not found in $PATH'),
        ("", 'exec: "": executable file not found in $PATH'),
    ],
)
def test_finding_a_program(name: str, words: str, bundle: Path) -> None:
    assert complaint_about_program(str(bundle / "rootfs"), name, "/nowhere:/bin") == words


def test_a_link_never_leads_out_of_the_rootfs(bundle: Path) -> None:
    rootfs = str(bundle / "rootfs")
    assert inside(rootfs, "/up/../../sleep") == f"{rootfs}/sleep"
    assert inside(rootfs, "/bin/link") == f"{rootfs}/bin/sleep"


def test_a_program_found_in_a_relative_folder_is_refused(bundle: Path) -> None:
    rootfs = str(bundle / "rootfs")
    assert "relative to current directory" in complaint_about_program(rootfs, "sleep", "bin")


def command(*words: str, loud: bool = False, background: bool = False) -> Pipeline:
    return Pipeline((words,), (loud,), background)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", ()),
        ("exit 7", (command("exit", "7"),)),
        ("a; b ;\nc", (command("a"), command("b"), command("c"))),
        ("sleep 1 & wait", (command("sleep", "1", background=True), command("wait"))),
        ("echo 'a  b' \"c\" >&2", (command("echo", "a  b", "c", loud=True),)),
        ("trap '' TERM", (command("trap", "", "TERM"),)),
        ("yes | cat", (Pipeline((("yes",), ("cat",)), (False, False), background=False),)),
        ("while true; do a; b; done; c", (Forever((command("a"), command("b"))), command("c"))),
        ("while :; do a & done", (Forever((command("a", background=True),)),)),
        ("kill -9 $$", (command("kill", "-9", "$$"),)),
    ],
)
def test_a_script(text: str, script: tuple[Pipeline | Forever, ...]) -> None:
    assert parse(text) == script


@pytest.mark.parametrize(
    "text", ["echo 'a", "| a", "a |", "a && b", "a > b", "done", "while false; do a; done", "& a"]
)
def test_no_script(text: str) -> None:
    with pytest.raises(NoScript):
        parse(text)


def within(**changes: object) -> dict[str, object]:
    return {"process": PROCESS | changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (within(user={"uid": "abc"}), "string into uid of type uint32"),
        (within(user={"uid": 1.5}), "number 1.5 into uid of type uint32"),
        (within(user={"uid": True}), "bool into uid of type uint32"),
        (within(user={"uid": -1}), "number -1 into uid of type uint32"),
        (within(user={"gid": 2**32}), "number 4294967296 into gid of type uint32"),
        (within(user={"additionalGids": [-1]}), "number -1 into additionalGids of type uint32"),
        (within(terminal=5), "number into terminal of type bool"),
        (within(rlimits=[5]), "number into rlimits of type object"),
        ({"mounts": 5}, "number into mounts of type []object"),
        ({"mounts": ["x"]}, "string into mounts of type object"),
        ({"mounts": [{"source": 5}]}, "number into source of type string"),
        ({"linux": {"namespaces": 5}}, "number into namespaces of type []object"),
        ({"linux": {"namespaces": ["pid"]}}, "string into namespaces of type object"),
        ({"linux": {"resources": {"cpu": {"shares": -5}}}}, "number -5 into shares of type uint64"),
        ({"hooks": {"prestart": 5}}, "number into prestart of type []object"),
        ({"hooks": {"poststop": [5]}}, "number into poststop of type object"),
        ({"annotations": {"a": 5}}, "number into a of type string"),
    ],
)
def test_a_value_of_another_type_is_named(
    changes: dict[str, object], words: str, bundle: Path
) -> None:
    with pytest.raises(Unreadable) as problem:
        read(write(bundle, **changes))
    assert str(problem.value) == f"json: cannot unmarshal {words}"


@pytest.mark.parametrize(
    ("changes", "stage", "words"),
    [
        (within(args=["a\0b"]), Stage.INIT, r'exec: "a\x00b": executable file not found in $PATH'),
        (within(env=["a\0b=c"]), Stage.INIT, r"environment variable name can't contain null(\x00)"),
        ({"root": {"path": "a\0b"}}, Stage.CONFIG, "/a\0b: invalid argument"),
        (
            {"mounts": [{"destination": "/x", "source": "no", "options": ["rbind"]}]},
            Stage.INIT,
            "no: no such file or directory",
        ),
    ],
)
def test_what_init_or_the_host_would_refuse(
    changes: dict[str, object], stage: Stage, words: str, bundle: Path
) -> None:
    found = defect(read(write(bundle, **changes)))
    assert found is not None
    assert found.stage is stage
    assert words in found.words


def test_half_a_character_is_one_that_is_not_known(bundle: Path) -> None:
    (bundle / "config.json").write_text(
        json.dumps(CONFIG | {"root": {"path": "\ud800"}, "annotations": {"a": "\udfff"}})
    )
    found = read(str(bundle))
    assert (found.rootfs, found.annotations) == (f"{bundle}/\ufffd", (("a", "\ufffd"),))


def test_a_source_that_is_there_is_bound_from_wherever_it_is_named(bundle: Path) -> None:
    mounts = [
        {"destination": "/a", "source": "rootfs", "options": ["bind"]},
        {"destination": "/b", "source": str(bundle), "type": "bind"},
        {"destination": "/c", "source": "nowhere", "type": "tmpfs"},
    ]
    assert defect(read(write(bundle, mounts=mounts))) is None
