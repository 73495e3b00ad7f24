"""Reports: one file `queries/<name>.sql` each, a YAML header in a comment and one SELECT."""

from ..errors import StoryreportError, UsageError
from .catalogue import (
    FOLDERS,
    LIMITS,
    TOPICS,
    Catalogue,
    add_folders,
    find,
    load_catalogue,
    load_reports,
    read_folders,
    set_limits,
)
from .header import BrokenReportError, Report, read_report
from .headline import headline
from .known import Near, check_name, check_names, closest, hint, names_like, near, spellings
from .lakes import KEYS as KEYS_OF_LAKES
from .lakes import Lake, class_of, elsewhere, lakes_of, missing
from .params import BOUNDS, FORMS, Param, WrongValueError
from .periods import SUGGESTIONS as DATES
from .run import Rows, bind, for_sql, run, select

__all__ = [
    "BOUNDS",
    "DATES",
    "FOLDERS",
    "FORMS",
    "KEYS_OF_LAKES",
    "LIMITS",
    "TOPICS",
    "BrokenReportError",
    "Catalogue",
    "Lake",
    "Near",
    "Param",
    "Report",
    "Rows",
    "StoryreportError",
    "UsageError",
    "WrongValueError",
    "add_folders",
    "bind",
    "check_name",
    "check_names",
    "class_of",
    "closest",
    "elsewhere",
    "find",
    "for_sql",
    "headline",
    "hint",
    "lakes_of",
    "load_catalogue",
    "load_reports",
    "missing",
    "names_like",
    "near",
    "read_folders",
    "read_report",
    "run",
    "select",
    "set_limits",
    "spellings",
]
