"""Which capabilities a program has: docker's fourteen, less what is dropped, and what is added.

Drops come before adds, "ALL" first of all. Root has all of them in effect. Anybody else's are gone with
execve, but for what was added by name: that is made ambient, or asking for it would mean nothing.
"""

from conman.core.permits import CAPABILITIES
from conman.core.spec import ContainerSpec
from conman.oci import runtime_spec as oci

ALL = "ALL"

DEFAULTS = (
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)


def capabilities_of(spec: ContainerSpec, uid: int) -> oci.Capabilities:
    """The sets of the first process."""
    names = sorted(_granted(spec))
    if uid == 0:
        return {"bounding": names, "effective": names, "permitted": names}
    added = [name for name in names if name in spec.cap_add]
    if not added:
        return {"bounding": names}
    return {
        "bounding": names,
        "effective": added,
        "inheritable": added,
        "permitted": added,
        "ambient": added,
    }


def _granted(spec: ContainerSpec) -> list[str]:
    """To all of them, a name that is dropped is an exception, as docker has it."""
    if ALL in spec.cap_add:
        start = CAPABILITIES
    elif ALL in spec.cap_drop:
        start = ()
    else:
        start = CAPABILITIES if spec.privileged else DEFAULTS
    kept = [name for name in start if name not in spec.cap_drop]
    added = [name for name in spec.cap_add if name != ALL and name not in kept]
    return [*kept, *added]
