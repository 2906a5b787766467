"""What holds for every test: which of them this machine can run, and how hypothesis behaves.

A test that needs the real runc bears the marker `runc`; where it cannot run, its skip says why. The
outcome of `make test` must never depend on what an earlier run found, nor on a slow machine.
"""

import gc
import os
import shutil

import pytest
from hypothesis import settings

from scenarios.stages.daemon import SLOWER
from tests.integration.real_runtime import REAL

settings.register_profile("conman", database=None, derandomize=True, deadline=None)
settings.load_profile("conman")

# A fork inherits no thread, but the garbage of tests that had some: whose finalizers would wait for them.
os.register_at_fork(after_in_child=gc.disable)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SLOWER > 1 and (limit := item.get_closest_marker("timeout")):
            item.add_marker(pytest.mark.timeout(SLOWER * limit.args[0]), append=False)
    if os.geteuid() != 0:
        why = "real runc needs root"
    elif shutil.which(REAL) is None:
        why = f"{REAL} is not installed"
    else:
        return
    for item in items:
        if item.get_closest_marker("runc"):
            item.add_marker(pytest.mark.skip(reason=why))
