"""Reflection that is loaded late: whom it answers, and that a daemon's start does without it."""

import os
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


def test_what_is_put_off_is_there_for_protobuf_without_its_c_half() -> None:
    words = (
        "from conman.daemon.process import loading\n"
        "with loading():\n"
        "    from conman.wire.v1 import conman_pb2 as wire\n"
        "    from google.protobuf.internal import api_implementation\n"
        "sent = wire.VersionResponse(version='1').SerializeToString()\n"
        "print(api_implementation.Type(), wire.VersionResponse.FromString(sent).version)"
    )
    told = subprocess.run(
        [sys.executable, "-c", words],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
    )
    assert told.stdout == "python 1\n"


def test_a_start_loads_nothing_that_it_can_do_without() -> None:
    late = (
        "grpc_reflection.v1alpha.reflection",
        "tempfile",
        "click",
        "difflib",
        "importlib.metadata",
        "structlog",
        "google.protobuf.text_format",
        "hashlib",
        "conman.api.patch",
        "ssl",
        "tarfile",
    )
    words = (
        "import sys, conman.daemon.main\n"
        "from conman.daemon.process import loading\n"
        "with loading():\n"
        "    import asyncio, conman.daemon.life, conman.daemon.startup\n"
        f"print(*(name for name in {late} if name in sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, text=True)
    assert told.stdout.strip() == ""
