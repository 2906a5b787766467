"""Reads a bundle as runc's create does, and tells in runc's words what is wrong with it.

It must never change anything, neither in the bundle nor elsewhere.
"""

import os
from dataclasses import dataclass
from typing import cast

from fakerunc import hooks, process_spec, resources
from fakerunc.decoding import Object, Unreadable, load, object_at, text_at
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
    annotations = object_at(config, "annotations") or {}
    return Bundle(
        path=path,
        rootfs=os.path.normpath(os.path.join(path, root)),
        process=process,
        annotations=tuple(sorted((key, str(text)) for key, text in annotations.items())),
        cgroup=os.path.normpath("/" + text_at(linux, "cgroupsPath")).strip("/"),
        shared_pids="pid" not in own,
        shared_hostname="uts" not in own,
        hostname=text_at(config, "hostname"),
        hooks=hooks.of(object_at(config, "hooks") or {}),
        unified=bool(object_at(object_at(linux, "resources") or {}, "unified")),
        limits=resources.of(object_at(linux, "resources") or {}),
        mounted=(*mounted(config), os.path.normpath(process.cwd)),
    )


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
    words = _complaint_about_process(bundle.process, bundle.rootfs)
    return Defect(Stage.INIT, unable + words) if words else None


def _complaint_about_rootfs(rootfs: str) -> str:
    try:
        os.stat(rootfs)
    except OSError as failure:
        return "invalid rootfs: " + go_error("stat", rootfs, failure)
    if os.path.realpath(rootfs) != rootfs:
        return "invalid rootfs: not an absolute path, or a symlink"
    return ""


def _complaint_about_process(process: ProcessSpec, rootfs: str) -> str:
    if words := complaint_about_env(process.env):
        return f"error during container init: {words}"
    return complaint_about_program(process, rootfs)


def mounted(config: Object) -> tuple[str, ...]:
    mounts = cast("list[Object]", config.get("mounts") or [])
    return tuple(
        os.path.normpath("/" + text_at(mount, "destination").lstrip("/")) for mount in mounts
    )


def own_namespaces(linux: Object) -> frozenset[str]:
    """The kinds that the container has for itself: listed, and without a path to join."""
    listed = cast("list[Object]", linux.get("namespaces") or [])
    return frozenset(str(n.get("type")) for n in listed if not n.get("path"))
