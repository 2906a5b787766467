"""The commands that ask or tell more than a state: ps, events, update, spec, features, restore.

Each reads what it was asked for, has the model decide, and prints. It must never be imported by a
command that does not need it: start and kill are to answer at once.
"""

from fakerunc import events as printed
from fakerunc import process, resources, templates
from fakerunc.bundle import read
from fakerunc.commands import carry_out
from fakerunc.decoding import Unreadable
from fakerunc.faults import ordered
from fakerunc.model import (
    NO_CRIU,
    Answer,
    Events,
    Ps,
    Record,
    Update,
    View,
    complaint_about_id,
)
from fakerunc.options import Invocation, seconds
from fakerunc.place import Refused, directory_of, root_of
from fakerunc.ps import NoListing, shown
from fakerunc.record import VERSION


def ps(call: Invocation) -> Answer:
    name, *arguments = call.arguments
    form = call.flags.get("format", "table")
    directory = directory_of(name, root_of(call.options))
    command = Ps(name, "" if form in {"table", "json"} else "invalid format option")

    def say(_record: Record, _view: View) -> str:
        pids = sorted(pid for pid, _ in process.members(directory.path))
        return shown(pids, form, arguments)

    try:
        return carry_out(command, directory, ordered(call.command, directory.root), say)
    except NoListing as problem:
        raise Refused(str(problem)) from problem


def events(call: Invocation) -> Answer:
    interval = seconds(call.flags.get("interval", "5s")) or 0.0
    directory = directory_of(call.arguments[0], root_of(call.options))
    defect = "" if interval > 0 else "duration interval must be greater than 0"

    def say(record: Record, _view: View) -> str:
        if call.on("stats"):
            return printed.stats(directory.root, record)
        printed.follow(directory.root, record, interval)
        return ""

    return carry_out(
        Events(directory.id, defect), directory, ordered(call.command, directory.root), say
    )


def update(call: Invocation) -> Answer:
    directory = directory_of(call.arguments[0], root_of(call.options))
    limits: resources.Limits = {}
    defect = ""
    # runc reads what it is asked for only where there is a container.
    if directory.look()[1]:
        try:
            limits = resources.asked(call.flags)
        except Unreadable as problem:
            defect = str(problem)
    kernel = call.flags.get("kernel-memory") or call.flags.get("kernel-memory-tcp")
    command = Update(directory.id, defect, resources.IGNORED if kernel else "")
    return carry_out(command, directory, ordered(call.command, directory.root), limits=limits)


def spec(call: Invocation) -> Answer:
    templates.write_spec(call.flags.get("bundle", ""), rootless=call.on("rootless"))
    return Answer(0, "", "")


def features(_call: Invocation) -> Answer:
    return Answer(0, templates.features(VERSION), "")


def restore(call: Invocation) -> Answer:
    """As far as a runc without criu gets."""
    # Before the bundle becomes the working directory.
    root = root_of(call.options)
    try:
        read(call.flags.get("bundle", "."))
    except Unreadable as problem:
        raise Refused(str(problem)) from problem
    name = call.arguments[0]
    if complaint := complaint_about_id(name):
        raise Refused(complaint)
    if directory_of(name, root).look()[0].directory:
        raise Refused("container with given ID already exists")
    raise Refused(NO_CRIU)
