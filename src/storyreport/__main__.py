"""Where the command line starts."""

import sys


def main() -> None:
    """Run the command line; what only wants the version is told at once, without the rest of the program."""
    if sys.argv[1:] == ["--version"]:
        from . import __version__

        print(f"storyreport {__version__}")
        return
    from .cli import cli

    cli(prog_name="storyreport")


if __name__ == "__main__":
    main()
