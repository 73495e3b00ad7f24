"""What can go wrong, said in one sentence that a person can act on."""


class StoryreportError(Exception):
    """Something that the caller can mend; the message says what was found, what was expected and what to do."""


class UsageError(StoryreportError):
    """A wrong call: an unknown report, parameter or option value."""
