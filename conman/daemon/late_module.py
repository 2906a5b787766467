"""A module that others load and hardly anybody uses: loaded when something of it is first asked for.

importlib's own LazyLoader does not do: what it stands for is loaded by the next `import` of it, used or not. It
must never be seen to be another module than the one that it stands for.
"""

import sys
from importlib import import_module
from threading import Lock
from types import ModuleType

_turn = Lock()


class LateModule(ModuleType):
    """For `sys.modules`, under its own name."""

    def __getattr__(self, name: str) -> object:
        with _turn:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        # Outside: who loads holds locks of the import system's, and others may come here holding some.
        return getattr(import_module(self.__name__), name)


def put_off(name: str) -> None:
    """Unless it is loaded already."""
    sys.modules.setdefault(name, LateModule(name))
