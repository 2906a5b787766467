"""The JSON of conmanctl against protobuf's own, and the transcript that started it."""

import json

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from conman.ctl.failure import one_line
from conman.ctl.output import json_line
from conman.wire.v1 import conman_pb2 as wire

ID = "78f5f5f88847465c90c7124b8c7e3ea6"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
int32s = st.integers(-(2**31), 2**31 - 1)
int64s = st.integers(-(2**63), 2**63 - 1)
states = st.sampled_from([0, 1, 2, 3, 4, 5, 77])


@st.composite
def statuses(draw: st.DrawFn) -> wire.ContainerStatus:
    status = wire.ContainerStatus(
        container_id=draw(texts),
        name=draw(texts),
        state=draw(states),
        created_at=draw(int64s),
        oom_killed=draw(st.booleans()),
        run=draw(int32s),
        args=draw(st.lists(texts, max_size=3)),
        labels=draw(st.dictionaries(texts, texts, max_size=4)),
    )
    if draw(st.booleans()):
        status.exit_code = draw(int32s)
    if draw(st.booleans()):
        status.reason = draw(texts)
    return status


def as_protobuf_says(message: Message) -> object:
    return json.loads(json_format.MessageToJson(message, always_print_fields_with_no_presence=True))


@given(statuses(), st.booleans())
def test_it_says_what_json_format_says(status: wire.ContainerStatus, present: bool) -> None:
    answer = wire.ContainerStatusResponse(status=status if present else None)
    assert json.loads(json_line(answer)) == as_protobuf_says(answer)


@given(st.lists(st.builds(wire.ContainerSummary, id=texts, state=states), max_size=3))
def test_lists_too(items: list[wire.ContainerSummary]) -> None:
    answer = wire.ListContainersResponse(containers=items)
    assert json.loads(json_line(answer)) == as_protobuf_says(answer)


def test_the_transcript() -> None:
    assert json_line(wire.CreateContainerResponse(container_id=ID)) == (
        f'{{"containerId":"{ID}","warnings":[]}}'
    )
    assert json_line(wire.StartContainerResponse()) == "{}"
    assert json_line(
        wire.ListContainersResponse(
            containers=[
                wire.ContainerSummary(
                    id=ID, name="cont1", created_at=1570358641000000000, state=wire.RUNNING
                )
            ]
        )
    ) == (
        f'{{"containers":[{{"id":"{ID}","name":"cont1","createdAt":"1570358641000000000",'
        '"state":"RUNNING"}]}'
    )


def test_a_status_in_the_order_of_its_fields() -> None:
    status = wire.ContainerStatus(
        exit_code=0, container_id=ID, state=wire.EXITED, labels=dict.fromkeys("hgfedcba", "")
    )
    assert json_line(wire.ContainerStatusResponse(status=status)) == (
        f'{{"status":{{"containerId":"{ID}","name":"","state":"EXITED","createdAt":"0",'
        '"startedAt":"0","finishedAt":"0","exitCode":0,"oomKilled":false,"run":0,'
        '"restartCount":0,"runtime":"","rootfsPath":"","command":"","args":[],'
        '"labels":{"a":"","b":"","c":"","d":"","e":"","f":"","g":"","h":""},'
        '"annotations":{},"logPath":"","nextRestartAt":"0"}}'
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\t c", "a b c"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("käse", "käse"),
        ("\ud800", "\\ud800"),
    ],
)
def test_a_server_cannot_drive_the_terminal(text: str, line: str) -> None:
    assert one_line(text) == line
