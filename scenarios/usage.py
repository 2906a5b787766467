"""What is wrong with the words on the command line: one sentence, and exit code 2."""


class Usage(Exception):
    """Bad words on the command line."""
