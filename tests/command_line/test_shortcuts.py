"""What is answered without the command line (lists, help, completion, accounts) is what it would answer."""

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class
from helpers import ROOT
from helpers.command_line import all_commands, environment, printed
from helpers.platforms import on_posix

from storyreport import __main__, reports, shortcuts
from storyreport.cli import cli
from storyreport.web.accounts import add_user, path_for, quick, read

# Words that are typed, and the one that is begun.
LINES = (
    *((" ".join(command), begun) for command in all_commands() for begun in ("--", "--fo")),
    *((begun, "") for begun in ("", "record", "sources", "token", "user")),
    *(("", begun) for begun in ("re", "s", "-", "zzz")),
    *(("report", begun) for begun in ("", "slow", "cost_", "zzz")),
    *((f"report {name} -p", begun) for name in ("stuck_runs", "throughput") for begun in ("", "s", "zz")),
    ("report throughput -p by=week -p", "by="),
    ("report throughput -p", "since="),
    ("report throughput -p", "since=7"),
    ("report --format", "j"),
    ("digest --period 24h --format", ""),
    ("check --format json --limit x", "--"),
    ("ingest --db x.db --full", "--"),
    ("report cost --json", "-"),
)
# What only the command line, a folder or a report database knows.
DECLINED = (
    ("stats", ""),
    ("ingest", "da"),
    ("report throughput -p", "source="),
    ("run x --", "--"),
    ("report 'cost' -p", ""),
    ("report cost", ""),
    ("nothing", "x"),
)


def typed(shell: str, before: str, begun: str) -> dict[str, str]:
    """The variables with which a shell asks."""
    words = f"storyreport {before}".strip()
    place = begun if shell == "fish" else str(len(words.split()))
    variables = {"COMP_WORDS": f"{words} {begun}".rstrip(" "), "COMP_CWORD": place}
    return {**variables, shortcuts.COMPLETE: f"{shell}_complete"}


@pytest.mark.parametrize("shell", shortcuts.SHELLS)
def test_completion_is_that_of_click(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word, in the form that the shell's script reads."""
    made = get_completion_class(shell)
    assert made
    for before, begun in LINES:
        variables = typed(shell, before, begun)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        expected = made(cli, {}, "storyreport", shortcuts.COMPLETE).complete()
        found = shortcuts.completion(variables)
        # Where nothing fits, click may say so as well.
        assert found == f"{expected}\n" or (not expected and found is None), (before, begun)


@pytest.mark.parametrize(("before", "begun"), DECLINED)
def test_what_is_not_stored_is_left_to_click(before: str, begun: str) -> None:
    """Nothing is guessed."""
    assert shortcuts.completion(typed("bash", before, begun)) is None


@on_posix
def test_bash_completes() -> None:
    """The script is bash's: it is evaluated, and its function called as bash does."""
    script = """
        eval "$(_STORYREPORT_COMPLETE=bash_source storyreport)"
        COMP_WORDS=(storyreport report slow)
        COMP_CWORD=2
        _storyreport_completion storyreport
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", script], env=environment(PATH=path), capture_output=True, text=True, check=True
    )
    assert sorted(done.stdout.split()) == sorted(path.stem for path in (ROOT / "queries").glob("slow*.sql"))


def test_the_list_has_every_report() -> None:
    """By topic, with its title, in 80 columns, as the command line builds it from the files."""
    lines = shortcuts.report_list().splitlines()
    assert sorted(line.split()[0] for line in lines if line.startswith("  ")) == sorted(
        path.stem for path in (ROOT / "queries").glob("*.sql")
    )
    assert [line for line in lines[:-1] if line and not line.startswith(" ")] == list(reports.TOPICS)
    assert max(map(len, lines)) <= 80
    known = reports.load_reports().values()
    assert shortcuts.report_rows() == [
        (each.name, each.topic, each.title, ", ".join(param.name for param in each.params)) for each in known
    ]
    assert shortcuts.listing((each.topic, each.name, each.title) for each in known) == shortcuts.report_list()


def test_the_list_as_json() -> None:
    """It is that which the command line builds."""
    assert __main__.shortcut(["report", "--json"]) == printed("report", "--json")


@pytest.mark.parametrize("name", sorted(reports.load_reports()))
def test_the_help_of_a_report(name: str) -> None:
    """It is that which the command line builds."""
    assert shortcuts.report_help(name) == printed("report", name, "--help")


def test_other_reports_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file came, went or grew, or there are reports of one's own, nothing stored is said."""
    package = tmp_path / "src" / "storyreport"
    package.mkdir(parents=True)
    shutil.copytree(ROOT / "queries", tmp_path / "queries")
    monkeypatch.setattr(shortcuts, "__file__", str(package / "shortcuts.py"))
    assert shortcuts.report_list()
    changed = tmp_path / "queries" / "cost.sql"
    text = changed.read_text(encoding="utf-8")
    for content in (f"{text}-- more\n", None):
        changed.write_text(content, encoding="utf-8") if content else changed.unlink()
        assert (shortcuts.report_list(), shortcuts.report_json(), shortcuts.report_help("cost")) == ("", "", "")
    changed.write_text(text, encoding="utf-8")
    assert shortcuts.report_help("cost")
    for name in itertools.chain(shortcuts.OWN):
        with monkeypatch.context() as patch:
            patch.setenv(name, "x")
            assert shortcuts.report_list() == ""
            assert shortcuts.completion(typed("bash", "report", "co")) is None


def test_own_reports_are_listed(tmp_path: Path) -> None:
    """With their topic, a long title cut."""
    own = "/*\ntitle: " + "Long " * 20 + "\ndescription: x\ntopic: Ours\n*/\nselect 1 as one\n"
    (tmp_path / "mine.sql").write_text(own, encoding="utf-8")
    lines = printed("report", "--queries", tmp_path).splitlines()
    place = lines.index("Ours")
    assert lines[place + 1].startswith("  mine                        Long Long")
    assert len(lines[place + 1]) <= 80


def test_every_command_is_stored() -> None:
    """Each group's own commands, too."""
    assert ["record", "step"] in all_commands()
    assert isinstance(cli.get_command(click.Context(cli), "record"), click.Group)


# What a process does, one command after the other, in which click cannot be imported.
WITHOUT_CLICK = """
import sys
sys.modules["click"] = None
from storyreport.__main__ import main
for command in sys.stdin.read().splitlines():
    sys.argv = ["storyreport", *command.split()]
    try:
        main()
    except SystemExit as end:
        print("exit", end.code)
"""


def test_commands_that_need_no_click(tmp_path: Path) -> None:
    """Users and tokens, and a command that there is not: at the end the script's token is the only one."""
    (tmp_path / "storyreport.db").touch()
    add_user(tmp_path / "storyreport.db", "ann", "long enough")
    commands = (
        "digets\nuser list\nuser remove ann\nuser list\ntoken create b\ntoken create a\ntoken remove b\ntoken list"
    )
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CLICK],
        cwd=tmp_path,
        env=environment(),
        input=commands,
        capture_output=True,
        text=True,
        check=True,
    )
    first, listed, *tokens, last = done.stdout.splitlines()
    assert (first, listed, last) == ("exit 2", "ann", "a")
    assert [token[:3] for token in tokens] == ["sr_", "sr_"]
    assert done.stderr.splitlines()[0] == "Error: There is no command 'digets': did you mean digest?"
    known = read(path_for(tmp_path / "storyreport.db"))
    assert (known.users, list(known.tokens), known.owner_of(tokens[1])) == ({}, ["a"], "a")


@pytest.mark.parametrize(
    "command",
    ["user remove bob", "token create ../x", "user list --db .", "user list x", "token create", "user list --db"],
)
def test_click_says_what_is_wrong_with_accounts(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is answered without it, and no file is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "storyreport.db").touch()
    assert quick(command.split()) is None
    assert [path.name for path in tmp_path.iterdir()] == ["storyreport.db"]
