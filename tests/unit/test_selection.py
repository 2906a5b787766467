"""Which containers a filter means, and what is asked that no container can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.api import events, translate
from conman.core.model import Container, RootfsMode, State
from conman.core.readers import selected
from conman.core.requests import ContainerView, Selection
from conman.core.spec import ContainerSpec
from conman.errors import Code, ConmanError, Refusal
from conman.frozen import replace
from conman.wire.v1 import conman_pb2 as wire

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
names = st.lists(texts, max_size=3)
numbers = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3)


def view(number: int, name: str, state: State, code: int | None = None) -> ContainerView:
    labels = (("app", "shop"), ("tier", name))
    spec = ContainerSpec("sh", labels=labels)
    row = Container(f"{number}" * 32, name, spec, RootfsMode.COPY, state, 1, exit_code=code)
    return ContainerView(row.id, name, state, "", "", row)


ALL = (
    view(1, "web", State.RUNNING, 3),
    view(2, "web-db", State.EXITED, 3),
    view(3, "queue", State.EXITED, 0),
    ContainerView("4" * 32, "", State.UNKNOWN, "Quarantined", "", None),
)


def test_what_is_about_to_be_restarted_is_meant_besides() -> None:
    two = ALL[1].container
    assert two is not None
    waits = replace(ALL[1], container=replace(two, next_restart_at=1))
    views = (ALL[0], waits, *ALL[2:])
    only = selected(Selection(restarting=True), views)
    besides = selected(Selection(states=(State.RUNNING,), restarting=True), views)
    assert (only, besides) == ((waits,), (ALL[0], waits))


@pytest.mark.parametrize(
    ("chosen", "meant"),
    [
        (Selection(), "1234"),
        (Selection(ids=("1", "4" * 32)), "14"),
        (Selection(ids=("12",)), ""),
        (Selection(names=("web",)), "12"),
        (Selection(names=("db", "que")), "23"),
        (Selection(states=(State.EXITED, State.UNKNOWN)), "234"),
        (Selection(labels=(("app", None),)), "123"),
        (Selection(labels=(("app", "shop"), ("tier", "web"))), "1"),
        (Selection(labels=(("app", ""),)), ""),
        (Selection(labels=(("none", None),)), ""),
        (Selection(exit_codes=(3,)), "2"),
        (Selection(exit_codes=(0, 3)), "23"),
        (Selection(names=("web",), exit_codes=(0,)), ""),
    ],
)
def test_who_is_meant(chosen: Selection, meant: str) -> None:
    assert "".join(each.id[0] for each in selected(chosen, ALL)) == meant


def refused(request: wire.ListContainersRequest) -> Refusal:
    with pytest.raises(ConmanError) as caught:
        translate.list_containers(request)
    return caught.value.refusal


def test_a_filter_is_translated() -> None:
    asked = wire.ContainerFilter(
        ids=["a"], names=["b"], states=[wire.PAUSED], labels=["c", "d=", "e=f=g"], exit_codes=[-1]
    )
    told = translate.list_containers(wire.ListContainersRequest(filter=asked, detailed=True))
    labels = (("c", None), ("d", ""), ("e", "f=g"))
    assert told.chosen == Selection(("a",), ("b",), (State.PAUSED,), labels, (-1,))
    assert told.detailed


@pytest.mark.parametrize(
    ("filter_", "field"),
    [
        ({"states": [0]}, "filter.states"),
        ({"states": [77]}, "filter.states"),
        ({"labels": [""]}, "filter.labels"),
        ({"labels": ["=x"]}, "filter.labels"),
        ({"names": ["a\0"]}, "filter.names"),
        ({"ids": ["x" * 5000]}, "filter.ids"),
        ({"ids": ["x"] * 1025}, "filter.ids"),
        ({"names": ["x"] * 1025}, "filter.names"),
        ({"states": [wire.CREATED] * 1025}, "filter.states"),
        ({"labels": ["x"] * 1025}, "filter.labels"),
        ({"exit_codes": [0] * 1025}, "filter.exit_codes"),
    ],
)
def test_what_no_container_can_be(filter_: dict[str, object], field: str) -> None:
    refusal = refused(wire.ListContainersRequest(filter=wire.ContainerFilter(**filter_)))
    assert (refusal.code, refusal.field) == (Code.INVALID_ARGUMENT, field)


def test_as_many_as_anybody_needs_are_taken() -> None:
    many = {"ids": ["x"] * 1024, "states": [wire.CREATED] * 1024, "exit_codes": [0] * 1024}
    asked = wire.ContainerFilter(**many)
    told = translate.list_containers(wire.ListContainersRequest(filter=asked))
    assert told.chosen.exit_codes == (0,) * 1024


@given(names, names, names, numbers, numbers)
def test_any_filter_is_taken_or_refused_with_its_field(
    ids: list[str], parts: list[str], labels: list[str], states: list[int], codes: list[int]
) -> None:
    asked = wire.ContainerFilter(ids=ids, names=parts, labels=labels, exit_codes=codes)
    asked.states.extend(states)  # type: ignore[arg-type]
    field, chosen = "filter.", Selection()
    try:
        chosen = translate.list_containers(wire.ListContainersRequest(filter=asked)).chosen
    except ConmanError as error:
        field = error.refusal.field
    assert field.startswith("filter.")
    assert set(selected(chosen, ALL)) <= set(ALL)


@given(names, names, st.none() | st.integers(-(2**63), 2**63 - 1))
def test_any_events_request_is_taken_or_refused_with_its_field(
    containers: list[str], kinds: list[str], since: int | None
) -> None:
    request = wire.EventsRequest(containers=containers, kinds=kinds, since=since)
    field = "since"
    try:
        events.wanted(request)
    except ConmanError as error:
        field = error.refusal.field
    assert field in {"containers", "kinds", "since"}
