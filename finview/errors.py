"""The errors finview raises on purpose: a sentence for the user, and what to do next."""


class FinviewError(Exception):
    """Something the user can mend; the command line prints it without a traceback.

    Args:
        message: What went wrong, naming the file, table or rule.
        next_step: What to do about it, as a command or a short instruction.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.next_step}" if self.next_step else self.message
