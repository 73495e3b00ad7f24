"""Reports: one file `queries/<name>.sql` each, a YAML header in a comment and one SELECT."""

from ..errors import StoryreportError, UsageError
from .catalogue import FOLDERS, TOPICS, Catalogue, add_folders, find, load_catalogue, load_reports, read_folders
from .header import BrokenReportError, Report, read_report
from .params import FORMS, Param
from .run import Rows, bind, run

__all__ = [
    "FOLDERS",
    "FORMS",
    "TOPICS",
    "BrokenReportError",
    "Catalogue",
    "Param",
    "Report",
    "Rows",
    "StoryreportError",
    "UsageError",
    "add_folders",
    "bind",
    "find",
    "load_catalogue",
    "load_reports",
    "read_folders",
    "read_report",
    "run",
]
