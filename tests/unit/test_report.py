"""The page of a run: everything that happened is on it, in its lane, and it needs nothing but itself.

Its structure is read with html.parser; how it is laid out is asked of a browser, where one is installed.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.layout import Layout
from conman.primitives import steps as s
from scenarios import __main__ as harness
from scenarios.commands.replay import Page
from scenarios.explore import Report
from scenarios.replay_ids import read
from scenarios.replaying import Recording, replay
from scenarios.report import hosts
from scenarios.report.page import page
from scenarios.trace import ACTORS
from scenarios.violation import SENTENCES
from scenarios.world import World

CUT = "create;crash@create-container/CommitCreated/after;power-cut@keep={}"
_VOID = {"meta", "br"}


def without_fsync(effect: v.HostEffect, layout: Layout) -> tuple[s.Step, ...]:
    whole = recipes.recipe(effect, layout)
    return tuple(
        step
        for step in whole
        if not (isinstance(step, s.SyncDirectory) and step.path.endswith("/containers"))
    )


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.simulator.recipe", without_fsync)


def recorded(text: str) -> Recording:
    asked = read(text)
    return replay(asked.story, asked.path)


class Document(HTMLParser):
    """What is on a page: it fails at a tag that is not closed, or closed and not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.struck: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "del":
            self.struck.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.text += data
        if "del" in self.open:
            self.struck[-1] += data

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [a for _, a in self.found if name in (a.get("class") or "").split()]


# ---- what is on it


def test_every_event_is_on_the_page_once_and_in_its_lane() -> None:
    recording = recorded("stop-obedient;crash@stop-container/EndMembers/after")
    document = Document(page(recording))
    ids = [a["id"] for _, a in document.found if re.fullmatch(r"e\d+", a.get("id") or "")]
    assert ids == [f"e{event.number}" for event in recording.events]
    lanes = {a["data-lane"] for a in document.of_class("lane")}
    assert lanes == set(ACTORS)
    for block, event in zip(
        document.of_class("block"), [e for e in recording.events if not e.mark], strict=True
    ):
        assert event.actor in (block["class"] or "")
        assert f"grid-column:{3 + list(ACTORS).index(event.actor)}" in (block["style"] or "")


def test_the_crash_the_cut_and_the_violation_are_marked(no_fsync: None) -> None:
    document = Document(page(recorded(CUT)))
    marks = [(a["id"], a["class"]) for a in document.of_class("mark")]
    assert marks == [
        ("e1", "mark life"),
        ("e28", "mark crash"),
        ("e29", "mark power-cut"),
        ("e30", "mark life"),
        ("e44", "mark rest"),
    ]
    assert "create-container/CommitCreated/after" in document.text
    assert document.text.count(SENTENCES["I9"]) == 2
    assert document.text.count("the config.json of web is lost") == 2
    assert document.of_class("near")


def test_the_command_that_repeats_it_is_there_to_be_copied(no_fsync: None) -> None:
    text = page(recorded(CUT), "my bugs/fsync.py")
    command = f"python -m scenarios replay '{CUT};violates@I9' --plant 'my bugs/fsync.py'"
    assert f">{command}</pre>" in text


def test_what_was_lost_is_struck_through(no_fsync: None) -> None:
    struck = Document(page(recorded(CUT))).struck
    assert struck[0] == "conmand"
    assert {"containers/1/bundle/config.json", "shims/1-1/shim.sock", "1 shim"} <= set(struck)
    assert "containers/" not in struck
    assert "container web" not in struck


def test_a_clean_run_has_nothing_of_a_violation() -> None:
    document = Document(page(recorded("create")))
    assert "no violation" in document.text
    assert not document.of_class("near")
    assert not document.of_class("accusation")
    assert not document.struck


def test_what_diverged_says_so() -> None:
    document = Document(page(recorded("create;crash@boot;goes-on@program")))
    assert "goes-on@program cannot happen here" in document.text


def test_it_needs_nothing_from_elsewhere(no_fsync: None) -> None:
    text = page(recorded(CUT))
    assert not re.search(r"https?:|//[a-z]|src=|url\(|@import|<link|<img|<iframe", text)
    targets = [a["href"] or "" for tag, a in Document(text).found if "href" in a]
    ids = {a.get("id") for _, a in Document(text).found}
    assert targets
    assert {target.removeprefix("#") for target in targets} <= ids


def test_words_are_words_and_no_markup() -> None:
    recording = recorded("create")
    nasty = "<b>&'\"</b>"
    recording.story = replace(recording.story, tells=nasty)
    recording.events[2] = replace(recording.events[2], what=nasty)
    assert Document(page(recording)).text.count(nasty) == 2


# ---- the host, before and after


def test_the_four_fates_of_a_thing() -> None:
    def thing(name: str, detail: str = "") -> hosts.Thing:
        return hosts.Thing(hosts.FILES, name, detail)

    before = [thing("kept"), thing("lost"), thing("changed", "3 bytes")]
    after = [thing("kept"), thing("changed", "zeros"), thing("new", "1 bytes")]
    fates = {fate.thing.name: (fate.fate, fate.now) for fate in hosts.difference(before, after)}
    assert fates == {
        "kept": (hosts.KEPT, ""),
        "lost": (hosts.LOST, ""),
        "changed": (hosts.CHANGED, "zeros"),
        "new": (hosts.NEW, "1 bytes"),
    }


def test_what_is_not_synced_is_at_risk() -> None:
    world = World()
    world.disk.write("/data/containers/synced", b"x")
    world.disk.sync("/data/containers/synced")
    world.disk.sync_directory("/data/containers")
    world.disk.write("/data/containers/torn", b"x")
    world.disk.sync_directory("/data/containers")
    world.disk.write("/data/containers/nameless", b"x")
    risks = {one.name: one.risk for one in hosts.things(world, daemon=False)}
    assert risks["containers/synced"] == ""
    assert risks["containers/torn"] == "content not synced"
    assert risks["containers/nameless"] == "name not synced"


# ---- at the command line


def test_replay_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.html"
    assert harness.main(["replay", "create", "--html", str(path)]) == 0
    assert capsys.readouterr().out.endswith(f"page: {path}\n")
    assert path.read_text(encoding="utf-8") == page(recorded("create"))


def test_explore_writes_the_first_violation(no_fsync: None, tmp_path: Path) -> None:
    """Shrunk: nothing of the longer way is on it."""
    first, where = tmp_path / "first.html", Page(str(tmp_path / "first.html"))
    long = read(f"{CUT};eager;crash@boot;eager").path
    report = Report("create", violations=[("I9", long, "as before")])
    for _ in range(2):
        harness._print(report, where)
    assert first.read_text(encoding="utf-8") == page(recorded(CUT))


@pytest.mark.parametrize(
    ("name", "says"),
    [("none/run.html", "there is no directory"), (".", "is a directory: name a file in it")],
)
def test_a_page_that_cannot_be_written(
    tmp_path: Path, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harness.main(["replay", "create", "--html", str(tmp_path / name)]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert not told.out
    assert not list(tmp_path.iterdir())


def test_a_page_is_not_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(tmp_path / "run.html")
    assert harness.main(["explore", "create", "--json", "-", "--html", where]) == 2
    assert "give one of them" in capsys.readouterr().err


# ---- as a browser lays it out

MEASURES = """
const box = (one) => one.getBoundingClientRect();
const heads = Object.fromEntries([...document.querySelectorAll(".heads .lane")].map(
  (one) => [one.dataset.lane, box(one)]));
const astray = [...document.querySelectorAll("main > .stretch .block")].filter((one) => {
  const lane = heads[Object.keys(heads).find((name) => one.classList.contains(name))];
  return box(one).left < lane.left - 1 || box(one).right > lane.right + 1 || !box(one).height;
});
const tops = [...document.querySelectorAll("main > .stretch .block")].map((one) => box(one).top);
const rules = [...document.querySelectorAll(".crash > .rule, .power-cut > .rule")].map(box);
const facts = {
  blocks: tops.length,
  astray: astray.map((one) => one.id),
  downward: tops.every((top, at) => !at || top > tops[at - 1]),
  rules: rules.map((one) => one.width >= box(document.querySelector("main")).width),
  overflow: document.documentElement.scrollWidth > window.innerWidth,
};
document.body.dataset.facts = JSON.stringify(facts);
"""


def laid_out(path: Path, scratch: Path) -> dict[str, object]:
    """What a headless Chromium measures."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed")
    dumped = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--disable-quic", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--disable-breakpad"),
            *("--window-size=1280,1000", f"--user-data-dir={scratch / 'profile'}"),
            *("--dump-dom", path.as_uri()),
        ],
        env={**os.environ, "HOME": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    ).stdout.decode()
    body = next(a for tag, a in Document(dumped).found if tag == "body")
    return json.loads(body["data-facts"] or "{}")


@pytest.mark.timeout(180)
def test_a_browser_shows_blocks_in_their_lanes_and_deaths_across_all(
    no_fsync: None, tmp_path: Path
) -> None:
    recording = recorded(CUT)
    text = page(recording).replace("</script>", f"{MEASURES}</script>")
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    assert laid_out(path, tmp_path) == {
        "blocks": sum(not event.mark for event in recording.events),
        "astray": [],
        "downward": True,
        "rules": [True, True],
        "overflow": False,
    }
