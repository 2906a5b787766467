"""The real runtime that is driven beside fakerunc: runc, or what REAL_RUNTIME names.

A guest, whose control groups are v2's alone, plays the suite on runc and on crun (vm/suite.py).
"""

import os

REAL = os.environ.get("REAL_RUNTIME", "runc")
