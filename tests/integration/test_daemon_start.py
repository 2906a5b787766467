"""How conmand begins, and how it refuses to: exit code 1, one clear sentence, nothing touched."""

import json
import os
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from scenarios.stages.daemon import close, first_line
from tests.integration.one_conmand import Conmand, bearers

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def conmand() -> Iterator[Conmand]:
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", "fakerunc")
    yield one
    one.end()


def refusal(conmand: Conmand, *options: str, **environ: str) -> str:
    """What a conmand says that must not start."""
    before = conmand.errors.read_text() if conmand.errors.exists() else ""
    process = conmand.begin(*options, **environ)
    assert first_line(process) == ""
    assert process.wait(30) == 1
    close(process)
    said = conmand.errors.read_text().removeprefix(before)
    sentences = [line for line in said.splitlines() if line.startswith("conmand: ")]
    assert len(sentences) == 1, said
    assert "Traceback" not in said
    return sentences[0]


def test_a_second_one_names_the_first(conmand: Conmand) -> None:
    conmand.start()
    assert conmand.process is not None
    said = refusal(conmand)
    assert f"another conmand (pid {conmand.process.pid})" in said
    assert str(conmand.data) in said
    other = refusal(conmand, "--data-dir", str(conmand.top / "d2"))
    assert f"another conmand (pid {conmand.process.pid})" in other
    assert str(conmand.run) in other
    assert conmand.states() == {}


def test_the_socket_is_its_owners_alone_and_a_stale_one_is_replaced(conmand: Conmand) -> None:
    conmand.start()
    path = conmand.run / "conmand.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    conmand.kill()
    assert path.is_socket()
    conmand.start()
    assert conmand.states() == {}


def test_whoever_listens_elsewhere_is_not_pushed_away(conmand: Conmand) -> None:
    path = conmand.top / "theirs.sock"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen()
        assert "another process listens there" in refusal(conmand, "--address", str(path))
    path.unlink()
    path.write_text("precious")
    assert "something else is there" in refusal(conmand, "--address", f"unix:{path}")
    assert path.read_text() == "precious"


def test_an_address_without_a_directory(conmand: Conmand) -> None:
    path = conmand.top / "none" / "s"
    assert f"no socket can be made in {path.parent}" in refusal(conmand, "--address", str(path))


def test_an_address_with_odd_letters(conmand: Conmand) -> None:
    path = conmand.top / "a b%.sock"
    process = conmand.begin("--address", str(path))
    assert first_line(process) == f"conman's here: unix://{conmand.top}/a%20b%25.sock\n"
    assert path.is_socket()
    process.terminate()
    assert process.wait(30) == 0
    close(process)


def test_a_store_of_a_newer_version(conmand: Conmand) -> None:
    conmand.start()
    conmand.terminate()
    with sqlite3.connect(conmand.data / "conman.db") as database:
        [version] = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA user_version=99")
    database.close()
    assert "schema version 99" in refusal(conmand)
    with sqlite3.connect(conmand.data / "conman.db") as database:
        database.execute(f"PRAGMA user_version={version}")
    database.close()


def test_an_unreadable_row_is_listed_and_can_be_removed(conmand: Conmand) -> None:
    conmand.start()
    container_id = conmand.create("torn", "/bin/true")
    conmand.kill()
    with sqlite3.connect(conmand.data / "conman.db") as database:
        database.execute("UPDATE containers SET body = '{'")
    database.close()
    conmand.start()
    [listed] = conmand.ctl("list").json["containers"]
    assert (listed["id"], listed["state"]) == (container_id, "UNKNOWN")
    assert listed["reason"] == "Quarantined"
    assert conmand.ctl("remove", container_id).code == 1
    assert conmand.ctl("remove", "--force", container_id).code == 0
    assert conmand.states() == {}
    assert conmand.leftovers() == []


def test_a_missing_database_is_no_empty_one(conmand: Conmand) -> None:
    conmand.start()
    conmand.terminate()
    kept = (conmand.data / "conman.db").read_bytes()
    for path in conmand.data.glob("conman.db*"):
        path.unlink()
    assert "missing or empty" in refusal(conmand)
    (conmand.data / "conman.db").write_bytes(kept)


def test_an_unknown_key_and_an_unknown_point(conmand: Conmand) -> None:
    file = conmand.top / "conman.toml"
    file.write_text('log-levl = "debug"\n')
    said = refusal(conmand, "--config", str(file))
    assert "unknown key 'log-levl' (did you mean log-level?)" in said
    said = refusal(conmand, CONMAN_CRASH_AT="create-container/MountRoot/after")
    assert "the nearest is 'create-container/MountRootfs/after'" in said


def test_directories_that_cannot_be_used(conmand: Conmand) -> None:
    (conmand.top / "file").write_text("")
    for kind in ("data", "run"):
        said = refusal(conmand, f"--{kind}-dir", f"{conmand.top}/file/x")
        assert f"the {kind} directory" in said
        assert f"--{kind}-dir" in said
    said = refusal(conmand, "--data-dir", str(conmand.run))
    assert "are the same" in said
    assert "cannot be written" in refusal(conmand, "--record", f"{conmand.top}/file/x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_of_somebody_else(conmand: Conmand) -> None:
    assert "Permission denied" in refusal(conmand, "--data-dir", "/usr/conman")


def test_a_socket_path_that_is_too_long(conmand: Conmand) -> None:
    said = refusal(conmand, "--run-dir", f"{conmand.top}/{'x' * 100}")
    assert "more than 107" in said


def test_a_missing_runtime_is_told_when_it_is_needed(conmand: Conmand) -> None:
    conmand.start("--runtime", "/nowhere/runc", "--rootfs-mode", "copy")
    assert "the runtime /nowhere/runc is not there" in conmand.errors.read_text()
    refused = conmand.ctl("create", "--rootfs", str(conmand.rootfs), "c", "--", "/bin/true")
    assert refused.code == 1
    assert "apt-get install runc" in refused.error
    assert conmand.states() == {}
    assert conmand.leftovers() == []


def test_what_a_client_asks_wrongly_leaves_nothing(conmand: Conmand) -> None:
    conmand.start()
    rootfs = str(conmand.rootfs)
    for words, said in (
        (("create", "--rootfs", f"{rootfs}/none", "c", "--", "true"), "does not exist"),
        (("create", "--rootfs", f"{rootfs}/bin/true", "c", "--", "true"), "is not a directory"),
        (("create", "--rootfs", rootfs, "c", "--", "/bin/none"), "not in the root file system"),
        (("create", "--rootfs", rootfs, "-c", "--", "true"), "-c"),
        (("start", "nobody"), "no container has the id"),
    ):
        refused = conmand.ctl(*words)
        assert refused.code in (1, 2)
        assert said in refused.error
    assert conmand.states() == {}
    assert conmand.leftovers() == []


def test_health_and_reflection(conmand: Conmand) -> None:
    conmand.start()
    with grpc.insecure_channel(f"unix:{conmand.run}/conmand.sock") as channel:
        for name in ("", "conman.v1.Conman"):
            asked = health_pb2.HealthCheckRequest(service=name)
            told = health_pb2_grpc.HealthStub(channel).Check(asked, timeout=10)
            assert told.status == health_pb2.HealthCheckResponse.SERVING
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        listing = reflection_pb2.ServerReflectionRequest(list_services="")
        [answer] = stub.ServerReflectionInfo(iter([listing]), timeout=10)
        names = {service.name for service in answer.list_services_response.service}
    assert "conman.v1.Conman" in names


def test_json_logs_are_json_and_name_container_and_request(conmand: Conmand) -> None:
    conmand.start("--log-format", "json", "--log-level", "debug")
    container_id = conmand.create("web", "/bin/true")
    conmand.terminate()
    told = [json.loads(line) for line in conmand.errors.read_text().splitlines()]
    assert all({"time", "level", "logger", "event"} <= entry.keys() for entry in told)
    [created] = [entry for entry in told if entry["event"] == "create-container done"]
    assert (created["container_id"], created["container"]) == (container_id, "web")
    assert len(created["request_id"]) == 32
    [call] = [entry for entry in told if entry["event"].startswith("CreateContainer ")]
    assert (call["event"], call["request_id"]) == ("CreateContainer OK", created["request_id"])


BUG = """
from conman.host.performer import Performer

def perform(self, step):
    raise ZeroDivisionError("a bug")

Performer.perform = perform
"""


def test_a_bug_ends_the_daemon_and_is_told(conmand: Conmand) -> None:
    """As after a kill: the next one recovers."""
    (conmand.top / "sitecustomize.py").write_text(BUG)
    conmand.process = conmand.begin(
        "--rootfs-mode", "copy", "--log-format", "json", PYTHONPATH=str(conmand.top)
    )
    assert conmand.died() == 70
    assert "ZeroDivisionError: a bug" in conmand.errors.read_text()
    conmand.start()
    assert conmand.states() == {}


def test_nobody_needs_to_listen_to_it(conmand: Conmand) -> None:
    """Stdout may be closed: conmand serves all the same."""
    process = conmand.begin()
    close(process)
    assert conmand.ctl("list", "--deadline", "30").json == {"containers": []}
    process.terminate()
    assert process.wait(30) == 0


def test_metrics_are_served_and_count(conmand: Conmand) -> None:
    path = conmand.top / "m.sock"
    conmand.start("--metrics-address", f"unix:{path}")
    conmand.create("web", "/bin/true")
    with socket.socket(socket.AF_UNIX) as reader:
        reader.settimeout(30)
        reader.connect(str(path))
        reader.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        with reader.makefile("r", encoding="utf-8") as answer:
            told = answer.read().splitlines()
    assert 'conman_calls_total{code="OK",method="CreateContainer"} 1.0' in told
    assert 'conman_sagas_total{outcome="done",saga="create-container"} 1.0' in told
    assert 'conman_containers{state="CREATED"} 1.0' in told
    assert conmand.terminate() == 0
    assert not path.exists()


def test_a_metrics_address_that_cannot_be_had(conmand: Conmand) -> None:
    with socket.socket() as theirs:
        theirs.bind(("127.0.0.1", 0))
        theirs.listen()
        address = f"127.0.0.1:{theirs.getsockname()[1]}"
        said = refusal(conmand, "--metrics-address", address)
    assert f"metrics cannot be served on {address}" in said


def test_systemd_is_told_and_children_know_nothing_of_it(conmand: Conmand) -> None:
    path = conmand.top / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(30)
        systemd.bind(str(path))
        conmand.start(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="10000000", LISTEN_FDS="1")
        heard = [systemd.recv(4096).decode() for _ in range(2)]
        assert sorted(lines.split("\n")[0] for lines in heard) == ["READY=1", "WATCHDOG=1"]
        conmand.create("web", "/bin/sleep", "100")
        kin = bearers(conmand.instance)
        assert kin
        for pid in kin:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert not {b"NOTIFY_SOCKET", b"WATCHDOG_USEC", b"LISTEN_FDS"} & {
                each.partition(b"=")[0] for each in environment.split(b"\0")
            }
        assert conmand.terminate() == 0
        while not (said := systemd.recv(4096).decode()).startswith("STOPPING=1"):
            assert said == "WATCHDOG=1"


def test_the_effective_configuration(conmand: Conmand) -> None:
    process = conmand.begin("config")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f'data-dir = "{conmand.data}"  # flag --data-dir' in out
    assert 'runtime = "fakerunc"  # flag --runtime' in out
