"""What is known of commands and reports before either is built: the list of reports, their help, completion.

`python -m docs.generate` writes the files in `stored/`. To build the command line takes three times as long as Python,
to read all reports thirty times.
"""

import os
from collections.abc import Iterable, Iterator, Mapping

STORED = os.path.join(os.path.dirname(__file__), "stored")
SHELLS = ("bash", "zsh", "fish")
# Variables with which reports are other than ours, or their defaults.
OWN = ("STORYREPORT_QUERIES", "STORYREPORT_LIMITS")
# The columns of the list of reports.
LISTED = ("report", "topic", "title", "parameters")
COMPLETE = "_STORYREPORT_COMPLETE"
# Both fit into 80 columns.
NAME_WIDTH, TITLE_WIDTH = 26, 50
MORE = "`storyreport report NAME --help` explains one; `-p KEY=VALUE` sets a parameter."


def report_list() -> str:
    """The reports by topic, as `report` prints them; empty where they have to be read."""
    return listing((row[3], row[1], row[2]) for row in _lines("reports")) if _is_current() else ""


def report_rows() -> list[tuple[str, str, str, str]]:
    """(name, topic, title, parameters) of each report; empty where they have to be read."""
    if not _is_current():
        return []
    params: dict[str, list[str]] = {}
    for context, word, *_ in (line.split("\t") for line in _read("words.tsv").splitlines()):
        if context.startswith("report ") and context.endswith(" -p"):
            params.setdefault(context.split(" ")[1], []).append(word.rstrip("="))
    return [(name, topic, title, ", ".join(params.get(name, ()))) for _, name, title, topic, _ in _lines("reports")]


def report_json() -> str:
    """The list of reports as `report --json` prints it; empty where they have to be read."""
    import json

    rows = [dict(zip(LISTED, row, strict=True)) for row in report_rows()]
    return f"{json.dumps(rows, indent=1)}\n" if rows else ""


def report_help(name: str) -> str:
    """The stored help of a report; empty where there is none or it has to be read."""
    if not _is_current():
        return ""
    _, begin, rest = _read("reports.txt").partition(f"$ storyreport report {name} --help\n")
    return rest.partition("\n$ storyreport ")[0] if begin else ""


def listing(reports: Iterable[tuple[str, str, str]]) -> str:
    """The lines of a list of (topic, name, title), which is in order."""
    lines, last = [], ""
    for topic, name, title in reports:
        if topic != last:
            lines += ["", topic] if last else [topic]
            last = topic
        lines.append(f"  {name:{NAME_WIDTH}}  {title if len(title) <= TITLE_WIDTH else title[: TITLE_WIDTH - 1] + '…'}")
    return "\n".join([*lines, "", MORE, ""])


def completion(variables: Mapping[str, str]) -> str | None:
    """What a shell's completion asks for by its variables; None where click has to answer."""
    shell, _, action = variables[COMPLETE].partition("_")
    if shell not in SHELLS:
        return None
    if action == "source":
        return _read(f"completion.{shell}")
    words = variables.get("COMP_WORDS", "")
    if action != "complete" or any(letter in words for letter in "'\"\\"):
        return None
    known, place = words.split()[1:], variables.get("COMP_CWORD", "")
    if shell == "fish":
        incomplete = place
        before = known[:-1] if incomplete and known[-1:] == [incomplete] else known
    else:
        at = int(place) - 1 if place.isdigit() else len(known)
        before, incomplete = known[: max(0, at)], known[at] if 0 <= at < len(known) else ""
    found = _completed(before, incomplete)
    return None if found is None else "\n".join(_formatted(shell, *item) for item in found) + "\n"


def _completed(before: list[str], incomplete: str) -> list[tuple[str, str]] | None:
    """(word, help) of all words that may follow; None where it takes the command line to know."""
    command = ""
    while before and before[0] in {row[1] for row in _lines(command)}:
        command, before = f"{command} {before[0]}".strip(), before[1:]
    if "--" in before:
        return None
    options = {row[1]: row for row in _lines(f"{command} -".strip())}
    if incomplete.startswith("-"):
        return None if "=" in incomplete else _options(options, before, incomplete)
    if before and before[-1] in options and options[before[-1]][4]:
        return _values(command, before, incomplete)
    if before:
        return None
    if command == "report":
        return _chosen(_lines("reports"), incomplete) if _is_current() else None
    return _chosen(_lines(command), incomplete) or None


def _options(options: Mapping[str, list[str]], before: list[str], incomplete: str) -> list[tuple[str, str]]:
    """Options, without those that are given already and may be given once."""
    given = {name for word in before if word in options for name in options[word][3].split()}
    return [(name, row[2]) for name, row in options.items() if name.startswith(incomplete) and name not in given]


def _values(command: str, before: list[str], incomplete: str) -> list[tuple[str, str]] | None:
    """Values of the option that stands last: of a choice, or of a report's parameters."""
    if command != "report" or before[-1] not in ("-p", "--param"):
        return _chosen(_lines(f"{command} {before[-1]}"), incomplete) or None
    name, is_value, _ = incomplete.partition("=")
    if not _is_current() or before[0].startswith("-"):
        return None
    if is_value:
        return _chosen(_lines(f"report {before[0]} {name}="), incomplete) or None
    return _chosen(_lines(f"report {before[0]} -p"), incomplete) or None


def _chosen(lines: Iterable[list[str]], incomplete: str) -> list[tuple[str, str]]:
    return [(row[1], row[2]) for row in lines if row[1].startswith(incomplete)]


def _formatted(shell: str, word: str, meaning: str) -> str:
    """A word as the shell's script reads it."""
    if shell == "bash":
        return f"plain,{word}"
    if shell == "fish":
        return f"plain,{word}\t{meaning}" if meaning else f"plain,{word}"
    # zsh takes what stands before the first colon for the word, where there is a help.
    return "\n".join(("plain", word.replace(":", r"\:") if meaning else word, meaning or "_"))


def _is_current() -> bool:
    """Whether the reports in our folder are those that were stored, by name and size, and there are no others."""
    if any(os.environ.get(name) for name in OWN):
        return False
    package = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(package, "bundle")
    folder = installed if os.path.isdir(installed) else os.path.dirname(os.path.dirname(package))
    try:
        with os.scandir(os.path.join(folder, "queries")) as entries:
            found = {entry.name: entry.stat().st_size for entry in entries if entry.name.endswith(".sql")}
    except OSError:
        return False
    return found == {f"{row[1]}.sql": int(row[4]) for row in _lines("reports")}


def _lines(context: str) -> Iterator[list[str]]:
    """The stored words of a context (a command, its options, an option's values), each with its help and more."""
    begin = f"{context}\t"
    return (line.split("\t") for line in _read("words.tsv").splitlines() if line.startswith(begin))


def _read(name: str) -> str:
    with open(os.path.join(STORED, name), encoding="utf-8") as file:
        return file.read()
