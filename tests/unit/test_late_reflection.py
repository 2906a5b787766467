"""Reflection that is loaded late: whom it answers, and that a daemon's start does without it."""

import subprocess
import sys
from typing import NamedTuple

from grpc_reflection.v1alpha import reflection

from conman.daemon.late_reflection import NAME, LateReflection


class Details(NamedTuple):
    """What a server knows of a call before it is handled."""

    method: str
    invocation_metadata: tuple[tuple[str, str], ...] = ()


def test_it_answers_for_its_own_service_only() -> None:
    late = LateReflection(("conman.v1.Conman",))
    assert reflection.SERVICE_NAME == NAME
    assert late.service(Details(f"/{NAME}/ServerReflectionInfo")) is not None
    assert late.service(Details("/conman.v1.Conman/Version")) is None


def test_a_start_loads_nothing_that_it_can_do_without() -> None:
    late = (
        "grpc_reflection.v1alpha.reflection",
        "tempfile",
        "difflib",
        "importlib.metadata",
        "structlog",
    )
    words = (
        "import sys, conman.daemon.main, conman.daemon.life, conman.daemon.startup\n"
        f"print(*(name for name in {late} if name in sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, text=True)
    assert told.stdout.strip() == ""
