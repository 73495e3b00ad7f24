"""Reports, plugins, templates, settings and metadata of the users' own; a broken report file spoils no other."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable

import pytest
from helpers.command_line import environment, ok, storyreport
from helpers.serving import Served, fill

from storyreport import reports

HEADER = "/*\ntitle: {title}\ndescription: Planted.\ntopic: {topic}\n{more}*/\n"
GOOD = HEADER.format(title="Titles", topic="Our own", more="") + "select source_key, title from stories\n"
CHART = "chart: {{mark: {mark}, encoding: {{x: {{field: {field}, type: nominal}}, {channel}: {{field: title}}}}}}\n"


def chart(mark: str = "bar", field: str = "title", channel: str = "y") -> str:
    """A report with a chart."""
    more = CHART.format(mark=mark, field=field, channel=channel)
    return HEADER.format(title="Drawn", topic="Steps", more=more) + "select title from stories\n"


# name → (text, the line that is wrong, what is said of it)
BROKEN = {
    "no_header": ("select 1", 1, "does not begin with a /* … */ comment"),
    "no_yaml": ("/*\ntitle: [\n*/ select 1", 3, "its header is not YAML"),
    "unknown_key": (GOOD.replace("topic:", "chrat: bar\ntopic:"), 4, "its header has the unknown key 'chrat'"),
    "undeclared": (GOOD.rstrip() + "\nwhere title = :title\n", 7, "it uses :title without declaring it"),
    "two": (GOOD.rstrip() + ";\nselect 2\n", 6, "it holds more than one statement"),
    "no_column": (GOOD.replace("title from", "titel from"), 6, "its SELECT cannot be run (no such column: titel)"),
    "no_mark": (chart(mark="donut"), 5, "its chart has the unknown mark 'donut'"),
    "no_channel": (chart(channel="z"), 5, "its chart has the unknown channel 'z'"),
    "no_field": (chart(field="titel"), 5, "its chart draws 'titel', which is not a column; the columns are title"),
    "no_list": (chart().replace("{mark", "{fold: title, mark"), 5, "its chart's fold is not a list of columns"),
    "no_part": (chart().replace("{mark", "{fold: [titel], mark"), 5, "its chart draws 'titel', which is not a column"),
    "cost": (GOOD, 1, "there is a report 'cost' already"),
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a report that works and every kind that does not."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "titles.sql").write_text(GOOD, "utf-8")
    for name, (text, _, _) in BROKEN.items():
        (folder / f"{name}.sql").write_text(text, "utf-8")
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A filled report database."""
    fill(tmp_path / "report.db")
    return tmp_path / "report.db"


@pytest.fixture
def served(own: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Datasette with these reports."""
    monkeypatch.setenv(reports.FOLDERS, str(own))
    served = Served(path)
    yield served
    served.close()


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_file_is_named_with_its_line(own: Path, name: str) -> None:
    """Each file that cannot be used is listed once, with the line and the reason; all others are there."""
    ours = Path(reports.__file__).parents[3] / "queries"
    catalogue = reports.read_folders([ours, own])
    _, line, reason = BROKEN[name]
    (error,) = [error for error in catalogue.broken if error.path == own / f"{name}.sql"]
    assert error.line == line
    assert reason in error.reason
    assert str(error).startswith(f"{own / name}.sql:{line}: ")
    assert "\n" not in str(error)
    assert len(catalogue.broken) == len(BROKEN)
    assert {"titles", "cost", "slowest_steps"} <= catalogue.reports.keys()


def test_the_others_are_served(served: Served) -> None:
    """The catalogue lists what is broken; the good report and ours have their pages and data; nothing answers 500."""
    home = served.get("/-/reports").text
    assert 'href="/storyreport/titles"' in home
    assert re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', home.partition('id="broken"')[0])[-1] == "Our own", (
        "a topic of one's own comes last"
    )
    for name, (_, line, _) in BROKEN.items():
        assert f"<li>{name}.sql, line {line}: " in home
        if name != "cost":
            for ending in ("", ".json", ".csv"):
                answer = served.get(f"/storyreport/{name}{ending}")
                assert answer.status_code == 404
                assert f"{name}.sql, line {line}: " in answer.text
    assert served.get("/storyreport/titles.json?_shape=arrayfirst").json() == ["story-1", "story-2"]
    assert "story-2" in served.get("/storyreport/titles").text
    assert "gpt-5" in served.get("/storyreport/cost.csv").text, "ours stays"


def test_the_command_line_goes_on(own: Path, path: Path, tmp_path: Path) -> None:
    """`report` lists ours and the good one and warns of the rest; a broken one by name is exit code 1."""
    listed = storyreport("report", "--queries", own, "--format", "csv", "--db", path, cwd=tmp_path)
    assert listed.returncode == 0
    assert {"titles", "cost"} <= {line.partition(",")[0] for line in listed.stdout.splitlines()}
    assert len(listed.stderr.splitlines()) == len(BROKEN)
    assert all(re.match(r"Warning: .*/own/\w+\.sql:\d+: ", line) for line in listed.stderr.splitlines())
    assert "story-2" in ok("report", "titles", "--queries", own, "--db", path, cwd=tmp_path)
    assert "story-2" in ok("report", "titles", "--db", path, cwd=tmp_path, STORYREPORT_QUERIES=str(own))
    done = storyreport("report", "no_field", "--queries", own, "--db", path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {own / 'no_field.sql'}:5: its chart draws 'titel'")


@pytest.mark.parametrize("kind", ["does not exist", "holds no report"])
def test_a_folder_without_reports_is_a_sentence(path: Path, tmp_path: Path, kind: str) -> None:
    """A folder that is not there or is empty is a warning; our reports work."""
    folder = tmp_path / "nothing"
    if kind == "holds no report":
        folder.mkdir()
    done = storyreport("report", "cost", "--queries", folder, "--db", path, cwd=tmp_path)
    assert done.returncode == 0
    assert "gpt-5" in done.stdout
    assert done.stderr.startswith(f"Warning: {folder} {kind}")
    assert len(done.stderr.splitlines()) == 1


PLUGIN = """
from datasette import hookimpl


@hookimpl
def extra_body_script():
    return "window.planted = 7"
"""


def test_serve_takes_what_datasette_takes(own: Path, path: Path, tmp_path: Path) -> None:
    """A plugin, a template, a folder, metadata, a setting, CORS and a login of the user's own, in a real process."""
    for name in ("plugins", "templates", "pictures"):
        (tmp_path / name).mkdir()
    (tmp_path / "plugins" / "planted_script.py").write_text(PLUGIN, "utf-8")
    (tmp_path / "templates" / "_preview.html").write_text('<meta name="planted" content="preview">', "utf-8")
    (tmp_path / "pictures" / "dot.txt").write_text("dot", "utf-8")
    (tmp_path / "own.yml").write_text("title: Ours\ndatabases: {storyreport: {description: Planted text}}\n", "utf-8")
    command = [executable, "-m", "storyreport", "serve", "--port", "0", "--db", str(path), "--queries", str(own)]
    command += ["--plugins-dir", "plugins", "--template-dir", "templates", "--static", "pictures:pictures"]
    command += ["--metadata", "own.yml", "--setting", "max_returned_rows", "7", "--root", "--cors", "--crossdb"]
    with Popen(command, cwd=tmp_path, env=environment(), stderr=PIPE, encoding="utf-8") as process:
        try:
            assert process.stderr
            lines = [process.stderr.readline() for _ in range(len(BROKEN) + 2)]
            assert sum(line.startswith("Warning: ") for line in lines) == len(BROKEN)
            site = next(found[1] for line in lines if (found := re.match(r"Serving (\S+)/ ", line)))
            (login,) = [line for line in lines if line.startswith("Log in as root: ")]

            def get(address: str) -> str:
                with urllib.request.urlopen(site + address) as answer:
                    assert answer.headers["access-control-allow-origin"] == "*" or ".json" not in address
                    return str(answer.read().decode())

            home = get("/")
            assert "<title>Ours</title>" in home
            assert "window.planted = 7" in home
            assert '<meta name="planted" content="preview">' in home
            assert "Planted text" in get("/storyreport")
            assert get("/pictures/dot.txt") == "dot"
            assert '"max_returned_rows": 7' in get("/-/settings.json")
            assert "story-2" in get("/storyreport/titles.json")
            assert "_memory" in get("/-/databases.json")
            with urllib.request.urlopen(login.rpartition(" ")[2].strip()) as answer:
                assert answer.status == 200
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--setting", "max_returned_row", "7"], "did you mean max_returned_rows?"),
        (["--setting", "max_returned_rows", "many"], "takes a whole number, not 'many'"),
        (["--setting", "allow_download", "maybe"], "takes on or off, not 'maybe'"),
        (["--static", "pictures"], "is not MOUNT:DIR"),
        (["--plugins-dir", "nowhere"], "does not exist"),
        (["--metadata", "nowhere.yml"], "does not exist"),
    ],
)
def test_a_wrong_option_is_a_sentence(path: Path, tmp_path: Path, options: list[str], said: str) -> None:
    """It is exit code 2 and nothing is served."""
    done = storyreport("serve", "--port", "0", "--db", path, *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_metadata_that_is_none_is_a_sentence(path: Path, tmp_path: Path) -> None:
    """Exit code 1, with the file's name."""
    (tmp_path / "own.yml").write_text("title: [", "utf-8")
    done = storyreport("serve", "--port", "0", "--db", path, "--metadata", "own.yml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: own.yml cannot be read as JSON or YAML")
