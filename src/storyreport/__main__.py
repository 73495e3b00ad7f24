"""Where the command line starts."""

import os
import sys

# What the command line itself says of it, as a test holds: to build that takes four times as long as to start.
HELP = os.path.join(os.path.dirname(__file__), "help.txt")


def say(text: str) -> None:
    """Print a text, or say in one sentence why it cannot be written."""
    try:
        print(text, end="", flush=True)
    except OSError as error:
        # Whoever closed a pipe has read enough.
        if not isinstance(error, BrokenPipeError):
            print(f"Error: The output cannot be written: {error.strerror}.", file=sys.stderr, flush=True)
        # Python would try once more to write it, and complain.
        os._exit(1)


def main() -> None:
    """Run the command line; the version, the help, a record and an unchanged ingest need nothing else of it."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        # A title may hold what a terminal's encoding lacks.
        reconfigure(errors="replace")
    if sys.argv[1:] == ["--version"]:
        from . import __version__

        say(f"storyreport {__version__}\n")
        return
    if sys.argv[1:] == ["--help"]:
        with open(HELP, encoding="utf-8") as file:
            say(file.read())
        return
    if sys.argv[1:2] == ["record"]:
        from . import record

        if record.quick(sys.argv[2:]):
            return
    to_ingest = sys.argv[2:] if sys.argv[1:2] == ["ingest"] else None
    if to_ingest:
        from . import unchanged

        if (text := unchanged.answer(to_ingest)) is not None:
            say(text)
            return
    from .cli import cli

    cli(prog_name="storyreport", obj=to_ingest)


if __name__ == "__main__":
    main()
