"""Errors as one sentence that a person can act on."""


class StoryreportError(Exception):
    """An error that the caller can fix; the message says what is wrong, where, and what to do."""


class NotOursError(StoryreportError):
    """A file that no known system has written."""


class UsageError(StoryreportError):
    """A wrong call: an unknown report, parameter or option value."""


class NotContinuedError(Exception):
    """Rows that were added to a file say something of those before: the file is to be read whole."""
