"""The metrics: what is counted, how it is served, and that docs/metrics.md lists exactly these."""

import asyncio
import http.client
import os
import re
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from conman.core.admission import Now, Setting
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import (
    Container,
    ContainerSpec,
    Init,
    Quarantined,
    RootfsMode,
    State,
    Stored,
)
from conman.core.spec import Resolved
from conman.daemon.endpoint import Endpoint
from conman.daemon.metrics import Metrics, Present, present
from conman.daemon.metrics_server import MetricsServer, on_loop
from conman.engine.spans import Spans
from conman.errors import HostError
from conman.frozen import replace
from conman.primitives.steps import ProcessId

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
ABOUT = {"version": "1", "instance": "0" * 8, "runtime": "runc"}
NOTHING = Present({}, 0, 0, 0, 0)


class Reader:
    """Asks a server as Prometheus does."""

    def __init__(self, endpoint: Endpoint, metrics: Metrics, present: Present = NOTHING) -> None:
        self.server = MetricsServer(endpoint, metrics, lambda: present)
        self.server.start()

    def get(self, path: str = "/metrics") -> tuple[int, str]:
        address = self.server.address
        if address.startswith("unix:"):
            connection = http.client.HTTPConnection("metrics", timeout=10)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(10)
            connection.sock.connect(address.removeprefix("unix:"))
        else:
            connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def top() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="mt", dir="/tmp") as made:
        yield made


def families(metrics: Metrics) -> dict[str, Metric]:
    """Ours, by name; what every Python process tells of itself is the library's."""
    found = metrics.registry.collect()
    return {each.name: each for each in found if each.name.startswith("conman")}


def samples(text: str) -> dict[str, float]:
    """By name and labels."""
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted() -> Metrics:
    made = Metrics(ABOUT)
    made.call("CreateContainer", "OK", 0.1)
    made.call("CreateContainer", "ALREADY_EXISTS", 0.01)
    made.saga("create-container", "done", 0.1)
    made.effect("RuntimeCreate", "done", 0.05)
    made.commit("Committed")
    made.recovered(3, 0.2)
    made.leak()
    return made


@pytest.mark.parametrize("kind", ["unix", "127.0.0.1", "::1"])
def test_what_was_counted_is_served(top: str, kind: str) -> None:
    if kind == "::1" and not has_ipv6():
        pytest.skip("this machine has no ::1")
    where = Endpoint(path=f"{top}/m.sock") if kind == "unix" else Endpoint(host=kind, port=0)
    there = Present({"RUNNING": 2, "EXITED": 1}, 2, 3, 1, 4)
    reader = Reader(where, counted(), there)
    try:
        code, text = reader.get()
        assert code == 200
        found = samples(text)
        assert found["conman_calls_total['CreateContainer', 'OK']"] == 1
        assert found["conman_calls_total['ALREADY_EXISTS', 'CreateContainer']"] == 1
        assert found["conman_call_seconds_count['CreateContainer']"] == 2
        assert found["conman_sagas_total['create-container', 'done']"] == 1
        assert found["conman_effects_total['RuntimeCreate', 'done']"] == 1
        assert found["conman_commits_total['Committed']"] == 1
        assert found["conman_recovered_containers[]"] == 3
        assert found["conman_recovery_seconds[]"] == 0.2
        assert found["conman_leaks_found_total[]"] == 1
        assert found["conman_containers['RUNNING']"] == 2
        assert found["conman_containers['PAUSED']"] == 0
        assert (found["conman_shims[]"], found["conman_open_effects[]"]) == (2, 4)
        assert found["conman_execs[]"] == 3
        assert found["process_open_fds[]"] > 0
        assert reader.get("/secrets")[0] == 404
        if kind == "unix":
            assert stat.S_IMODE(os.stat(where.path).st_mode) == 0o600
    finally:
        reader.server.close()
    assert not os.path.exists(f"{top}/m.sock")


def test_a_dead_daemons_socket_is_replaced_and_a_living_one_is_not(top: str) -> None:
    path = f"{top}/m.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(path)
    dead.close()
    reader = Reader(Endpoint(path=path), Metrics(ABOUT))
    try:
        with pytest.raises(HostError, match="another process listens there"):
            MetricsServer(Endpoint(path=path), Metrics(ABOUT), lambda: NOTHING)
        assert reader.get()[0] == 200
    finally:
        reader.server.close()


def test_what_is_no_socket_is_left_alone(top: str) -> None:
    path = Path(top) / "m.sock"
    path.write_text("precious")
    with pytest.raises(HostError, match="something else is there"):
        MetricsServer(Endpoint(path=str(path)), Metrics(ABOUT), lambda: NOTHING)
    assert path.read_text() == "precious"
    with pytest.raises(HostError, match="No such file"):
        MetricsServer(Endpoint(path=f"{top}/none/m.sock"), Metrics(ABOUT), lambda: NOTHING)


def test_a_busy_loop_costs_freshness_only() -> None:
    made = counted()
    made.refresh(Present({"RUNNING": 5}, 5, 0, 0, 0))

    def busy() -> Present:
        raise TimeoutError

    server = MetricsServer(Endpoint(host="127.0.0.1"), made, busy)
    server.start()
    reader = object.__new__(Reader)
    reader.server = server
    try:
        assert samples(reader.get()[1])["conman_containers['RUNNING']"] == 5
    finally:
        server.close()


def test_the_loop_is_asked_on_its_own_thread() -> None:
    async def live() -> None:
        loop = asyncio.get_running_loop()

        def look() -> Present:
            assert asyncio.get_running_loop() is loop
            return NOTHING

        assert await asyncio.to_thread(on_loop(loop, look)) == NOTHING

    asyncio.run(live())


def test_what_is_looked_up() -> None:
    machine = Machine(Setting(Layout("/d", "/r", "0" * 8, "boot")))
    spec = ContainerSpec("/bin/true")
    rows = tuple(
        Container(digit * 32, digit, spec, RootfsMode.COPY, state, 1)
        for digit, state in (("a", State.EXITED), ("b", State.EXITED), ("c", State.CREATED))
    )
    execs = (
        Exec("1" * 32, 1, ExecSpec("sh"), Resolved(), ExecState.RUNNING),
        Exec("2" * 32, 1, ExecSpec("sh"), Resolved()),
    )
    init = Init(ProcessId("boot", 7, 7), 1, 1, "")
    live = Container("e" * 32, "e", spec, RootfsMode.COPY, State.RUNNING, 1, init, 1, execs=execs)
    broken = (Quarantined("d" * 32, "torn"),)
    # Its machine has lost its power; nothing of it lives, though its row says so until it is settled.
    before = replace(live, id="f" * 32, name="f", init=Init(ProcessId("before", 7, 7), 1, 1, ""))
    machine.boot(Stored((*rows, live, before), quarantined=broken), Now(1, 1))
    told = present(machine, Spans(machine))
    assert (told.shims, told.execs) == (1, 1)
    assert told.states == {"EXITED": 2, "CREATED": 1, "UNKNOWN": 1, "RUNNING": 2}


def labels(metrics: Metrics, name: str) -> str:
    family = {each._name: each for each in vars(metrics).values() if hasattr(each, "_labelnames")}
    return ", ".join(f"`{label}`" for label in family[name]._labelnames) if name in family else ""


def test_the_page_lists_exactly_these() -> None:
    metrics = Metrics(ABOUT)
    wanted = {
        name: (each.type, labels(metrics, name), each.documentation)
        for name, each in families(metrics).items()
        if name != "conman"
    }
    rows = re.findall(
        r"(?m)^\| `(conman_\w+?)(?:_total)?` \| (\w+) \| (.*?) ?\| (.*?) \|$", PAGE.read_text()
    )
    assert {name: tuple(rest) for name, *rest in rows} == wanted
    assert len(rows) == len(wanted)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
