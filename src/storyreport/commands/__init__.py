"""The commands: one module a group, imported when it is called."""

# Command → module and name. Of the commands that are not called nothing is imported: a script waits for it.
COMMANDS = {
    "ack": ("acknowledge", "ack"),
    "backup": ("care", "backup"),
    "check": ("check", "check"),
    "demo": ("serve", "demo"),
    "diagnose": ("fix", "diagnose"),
    "digest": ("digest", "digest"),
    "doctor": ("care", "doctor"),
    "export-lake": ("lake", "export_lake"),
    "fix-script": ("fix", "fix_script"),
    "ingest": ("ingest", "ingest"),
    "init": ("ingest", "init"),
    "note": ("note", "note"),
    "optimize": ("care", "optimize"),
    "prune": ("care", "prune"),
    "record": ("record", "record"),
    "report": ("reports", "report"),
    "reprice": ("care", "reprice"),
    "restore": ("care", "restore"),
    "rollup": ("lake", "rollup"),
    "run": ("record", "run_command"),
    "scrub": ("care", "scrub"),
    "serve": ("serve", "serve"),
    "snapshot": ("snapshot", "snapshot"),
    "sources": ("sources", "sources"),
    "stats": ("reports", "stats"),
    "status": ("status", "status"),
    "token": ("access", "token"),
    "user": ("access", "user"),
}


def unknown(name: str) -> str:
    """The sentence on a name that no command has, with the nearest one; empty for a command and for an option."""
    if name in COMMANDS or name.startswith("-"):
        return ""
    import difflib  # no other command waits for it

    close = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {close[0]}?" if close else "`storyreport --help` lists them all."
    return f"There is no command {name!r}: {hint}"
