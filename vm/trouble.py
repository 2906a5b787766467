"""What stops the VM stage and a person can mend: one sentence, and the command that does."""


class Trouble(Exception):
    """Its text: what is wrong, and after a colon what to do."""
