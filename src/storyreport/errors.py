"""Errors as one sentence that a person can act on."""

import os


class StoryreportError(Exception):
    """An error that the caller can fix; the message says what is wrong, where, and what to do."""


class NotOursError(StoryreportError):
    """A file that no known system has written."""


class UsageError(StoryreportError):
    """A wrong call: an unknown report, parameter or option value."""


def system_error(error: OSError) -> str:
    """An error of the system as a sentence: where, and what is wrong."""
    return f"{error.filename or 'The system'}: {error.strerror or error}."


class StaleError(Exception):
    """What was read of a source before the report database was locked does not suffice: some groups, or all, lack."""

    def __init__(self, groups: frozenset[str] = frozenset(), is_whole: bool = False):
        super().__init__()
        self.groups = groups
        self.is_whole = is_whole


class NotContinuedError(Exception):
    """Rows that were added to a file say something of those before: the file is to be read whole."""


def how_to_load() -> str:
    """The command that loads sources: those of the sources file, where this folder has one."""
    return "storyreport ingest" if os.path.exists("storyreport.toml") else "storyreport ingest SOURCE"
