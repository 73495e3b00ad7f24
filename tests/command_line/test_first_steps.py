"""What a new user reads before anything was loaded fits the folder that they are in."""

from pathlib import Path

from helpers.cli_cases import assert_one_sentence, plant
from helpers.command_line import ok, printed, storyreport


def test_what_to_run_fits_the_folder(tmp_path: Path) -> None:
    """With a sources file `ingest` needs no source; in a folder with spaces and umlauts, too."""
    folder = tmp_path / "Größe und Maß"
    folder.mkdir()
    for command in ("serve", "digest"):
        done = storyreport(command, cwd=folder)
        assert_one_sentence(done, 1)
        assert "run `storyreport ingest SOURCE` first." in done.stderr
    plant(folder / "sources" / "studio 1.db")
    ok("init", cwd=folder)
    done = storyreport("serve", cwd=folder)
    assert_one_sentence(done, 1)
    assert done.stderr.endswith(": run `storyreport ingest` first.\n")
    ok("ingest", cwd=folder)
    assert "no runs" in printed("digest", "--db", folder / "storyreport.db")
