"""Keys that are made of several values."""


def key(*parts: object) -> str | None:
    """One key of several parts, '/' between them and escaped within them; None where all are None."""
    if parts.count(None) == len(parts):
        return None
    return "/".join("" if part is None else str(part).replace("~", "~0").replace("/", "~1") for part in parts)
