"""What ends a run before or between tests: a sentence for whoever asked for it."""


class Refusal(Exception):
    """str() says what is missing, and what to do."""
