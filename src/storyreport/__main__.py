"""Where the command line starts."""

import os
import sys

from .commands import unknown

# What the command line says of itself and its commands, as a test holds: to build that takes three times as long.
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


def stored_help(command: list[str]) -> str:
    """The stored help of the program (no words) or of a command; empty where it has none."""
    with open(HELP, encoding="utf-8") as file:
        _, begin, rest = file.read().partition(" ".join(["$ storyreport", *command, "--help\n"]))
    return rest.partition("\n$ storyreport ")[0] if begin else ""


def shortcut(arguments: list[str]) -> str:
    """What is stored: a completion, a help, the list of reports; empty where the command line has to answer."""
    if "_STORYREPORT_COMPLETE" in os.environ:
        from . import shortcuts

        return shortcuts.completion(os.environ) or ""
    if arguments == ["--version"]:
        from . import __version__

        return f"storyreport {__version__}\n"
    is_help = arguments[-1:] in (["-h"], ["--help"])
    if is_help and (stored := stored_help(arguments[:-1])):
        return stored
    if arguments == ["report", "--json"]:
        from . import shortcuts

        return shortcuts.report_json()
    if arguments == ["report"] or (is_help and arguments[0] == "report" and len(arguments) == 3):
        from . import shortcuts

        return shortcuts.report_help(arguments[1]) if is_help else shortcuts.report_list()
    return ""


def main() -> None:
    """Run the command line; help, `record`, `run`, accounts and a plain ingest need nothing else of it."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        # A title may hold what a terminal's encoding lacks.
        reconfigure(errors="replace")
    if text := shortcut(sys.argv[1:]):
        say(text)
        return
    if sys.argv[1:] and (sentence := unknown(sys.argv[1])):
        print(f"Error: {sentence}", file=sys.stderr)
        sys.exit(2)
    if sys.argv[1:2] == ["record"]:
        from . import record

        if record.quick(sys.argv[2:]):
            return
    if sys.argv[1:2] == ["run"]:
        from . import wrapped

        if (code := wrapped.quick(sys.argv[2:])) is not None:
            sys.exit(code)
    if sys.argv[1:2] in (["user"], ["token"]):
        from .web import accounts

        if (done := accounts.quick(sys.argv[1:])) is not None:
            say(done)
            return
    to_ingest = sys.argv[2:] if sys.argv[1:2] == ["ingest"] else None
    if to_ingest:
        from . import unchanged

        if (noted := unchanged.answer(to_ingest)) is not None:
            say(noted)
            return
        from .commands import loading

        if (code := loading.quick(to_ingest)) is not None:
            sys.exit(code)
    from .cli import cli

    cli(prog_name="storyreport", obj=to_ingest)


if __name__ == "__main__":
    main()
