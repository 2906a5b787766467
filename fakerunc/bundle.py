"""Reads a bundle as runc's create does, and tells in runc's words what is wrong with it.

It must never change anything, neither in the bundle nor elsewhere.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass

from fakerunc import hooks, process_spec, resources
from fakerunc.decoding import (
    Object,
    Unreadable,
    load,
    object_at,
    objects_at,
    text_at,
    texts_at,
    words_at,
)
from fakerunc.log import go_error
from fakerunc.model import Defect, Stage
from fakerunc.process_spec import ProcessSpec, complaint_about_env, complaint_about_program


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a stand-in needs of config.json; `cgroup` is a relative path, empty where none is asked.

    `mounted`: directories that need not be in the rootfs, as runc makes them: mounts, and cwd.
    """

    path: str
    rootfs: str
    process: ProcessSpec
    annotations: tuple[tuple[str, str], ...]
    cgroup: str
    shared_pids: bool
    shared_hostname: bool
    hostname: str
    hooks: hooks.Hooks
    mounted: tuple[str, ...]
    bound: tuple[tuple[str, str], ...]  # sources and destinations of bind mounts, as written
    limits: dict[str, object]
    unified: bool  # it asks for files of cgroup v2

    @property
    def args(self) -> tuple[str, ...]:
        return self.process.args

    @property
    def env(self) -> tuple[str, ...]:
        return self.process.env


def read(directory: str) -> Bundle:
    """The bundle in `directory`, which becomes the working directory, as for runc."""
    try:
        os.chdir(directory)
    except OSError as failure:
        raise Unreadable(go_error("chdir", directory, failure)) from failure
    config = config_here()
    process = process_spec.checked(process_spec.within(config))
    root = object_at(config, "root")
    if root is None:
        raise Unreadable("root must be specified")
    if words := _complaint_about_namespaces(object_at(config, "linux") or {}):
        raise Unreadable(words)
    return interpreted(os.getcwd(), config, process, text_at(root, "path"))


def config_here() -> Object:
    """config.json of the working directory."""
    try:
        return load("config.json", "specs.Spec")
    except FileNotFoundError as missing:
        raise Unreadable("JSON specification file config.json not found") from missing
    except OSError as failure:
        raise Unreadable(go_error("read", "config.json", failure)) from failure


def interpreted(path: str, config: Object, process: ProcessSpec, root: str) -> Bundle:
    """What is meant by a config.json at `path`; `root` is root.path."""
    linux = object_at(config, "linux") or {}
    own = own_namespaces(linux)
    annotations = words_at(config, "annotations")
    return Bundle(
        path=path,
        rootfs=os.path.normpath(os.path.join(path, root)),
        process=process,
        annotations=tuple(sorted(annotations.items())),
        cgroup=_cgroup(text_at(linux, "cgroupsPath")),
        shared_pids="pid" not in own,
        shared_hostname="uts" not in own,
        hostname=text_at(config, "hostname"),
        hooks=hooks.of(object_at(config, "hooks") or {}),
        unified=bool(object_at(object_at(linux, "resources") or {}, "unified")),
        limits=resources.of(object_at(linux, "resources") or {}),
        mounted=(*mounted(config), os.path.normpath(process.cwd)),
        bound=tuple(_bound(config)),
    )


def _cgroup(asked: str) -> str:
    if "\0" in asked:
        raise Unreadable(go_error("mkdir", asked, OSError(errno.EINVAL, "")))
    return os.path.normpath(f"/{asked}").strip("/")


def defect(bundle: Bundle, unfit: str = "", hierarchies: int = 1) -> Defect | None:
    """The first thing that a readable bundle fails by, in the order in which runc finds out.

    `unfit`: what is wrong between it and the command line. `hierarchies`: more than one is cgroup v1.
    """
    if words := _complaint_about_rootfs(bundle.rootfs):
        return Defect(Stage.CONFIG, words)
    if bundle.hostname and bundle.shared_hostname:
        return Defect(Stage.CONFIG, "unable to set hostname without a private UTS namespace")
    if bundle.unified and hierarchies > 1:
        words = "invalid configuration: cannot use unified on cgroup v1"
        return Defect(Stage.CGROUP, words)
    if unfit:
        return Defect(Stage.SPAWN, unfit)
    unable = "unable to start container process: "
    if not os.path.isdir(bundle.rootfs):
        words = "unable to start init: fork/exec /proc/self/exe: not a directory"
        return Defect(Stage.SPAWN, unable + words)
    words = _complaint_about_init(bundle)
    return Defect(Stage.INIT, unable + words) if words else None


def _complaint_about_rootfs(rootfs: str) -> str:
    if "\0" in rootfs:
        return "invalid rootfs: " + go_error("stat", rootfs, OSError(errno.EINVAL, ""))
    try:
        os.stat(rootfs)
    except OSError as failure:
        return "invalid rootfs: " + go_error("stat", rootfs, failure)
    if os.path.realpath(rootfs) != rootfs:
        return "invalid rootfs: not an absolute path, or a symlink"
    return ""


def _complaint_about_init(bundle: Bundle) -> str:
    if words := complaint_about_env(bundle.env) or _complaint_about_sources(bundle):
        return f"error during container init: {words}"
    return complaint_about_program(bundle.process, bundle.rootfs)


def _complaint_about_sources(bundle: Bundle) -> str:
    for asked, destination in bundle.bound:
        source = os.path.join(bundle.path, asked)
        if failure := failure_of_source(source):
            why = go_error("stat", source, failure)
            return f'error mounting "{source}" to rootfs at "{destination}": {why}'
    return ""


def failure_of_source(source: str) -> OSError | None:
    """Why nothing can be bound from there, or None: all of a mount that is ever looked at."""
    try:
        os.stat(source)
    except OSError as failure:
        return failure
    except ValueError:
        return OSError(errno.EINVAL, "")
    return None


def mounted(config: Object) -> tuple[str, ...]:
    return tuple(
        os.path.normpath("/" + text_at(mount, "destination").lstrip("/"))
        for mount in objects_at(config, "mounts")
    )


def _bound(config: Object) -> Iterator[tuple[str, str]]:
    for mount in objects_at(config, "mounts"):
        options = texts_at(mount, "options")
        source = text_at(mount, "source")
        if text_at(mount, "type") == "bind" or {"bind", "rbind"} & set(options):
            yield source, text_at(mount, "destination")


NAMESPACES = frozenset({"pid", "network", "mount", "user", "ipc", "uts", "cgroup"})


def _complaint_about_namespaces(linux: Object) -> str:
    seen: set[str] = set()
    for one in objects_at(linux, "namespaces"):
        kind = text_at(one, "type")
        shown = f'{{"{kind}" "{text_at(one, "path")}"}}'
        if kind not in NAMESPACES:
            return f"namespace {shown} does not exist"
        if kind in seen:
            return f"malformed spec file: duplicated ns {shown}"
        seen.add(kind)
    return ""


def own_namespaces(linux: Object) -> frozenset[str]:
    """The kinds that the container has for itself: listed, and without a path to join."""
    listed = objects_at(linux, "namespaces")
    return frozenset(text_at(one, "type") for one in listed if not text_at(one, "path"))
