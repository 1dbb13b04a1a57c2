"""Why a delivered file is not taken as a whole."""


class Refusal(Exception):
    """A file that cannot be taken, with the reason for its owner; never with a value of it."""
