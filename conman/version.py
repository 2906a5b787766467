"""conman's version, for daemon and client: the package's metadata takes 8 ms to be asked, at every start."""

#: As pyproject.toml has it; a test compares.
VERSION = "0.1.0"
