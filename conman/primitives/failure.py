"""An OSError as the value that every performer answers with, so that each errno reads the same.

It must never swallow anything: what was not an OSError goes on as the bug that it is.
"""

import errno

from conman.primitives.shared_results import Failed


def failed(error: OSError, path: str = "") -> Failed:
    """The errno's name, and the system's own words with the file that they are about.

    `path`: that file, for calls on descriptors, whose errors name none.
    """
    name = errno.errorcode.get(error.errno or 0, "EUNKNOWN")
    text, about = error.strerror or str(error), error.filename or path
    return Failed(name, f"{text}: {about}" if about else text)
