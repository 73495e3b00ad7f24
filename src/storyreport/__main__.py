"""Where the command line starts."""

import os
import sys

# What the command line itself says of it, as a test holds: to build that takes four times as long as to start.
HELP = os.path.join(os.path.dirname(__file__), "help.txt")


def main() -> None:
    """Run the command line; who only wants the version or the help is told at once, without the rest of the program."""
    if sys.argv[1:] == ["--version"]:
        from . import __version__

        print(f"storyreport {__version__}")
        return
    if sys.argv[1:] == ["--help"]:
        with open(HELP, encoding="utf-8") as file:
            print(file.read(), end="")
        return
    from .cli import cli

    cli(prog_name="storyreport")


if __name__ == "__main__":
    main()
