"""Numbers with their nouns; nothing is imported, as every command says some."""


def counted(count: float, noun: str) -> str:
    """A number with its noun, `1 row`, `1,200 rows`; a plural without an s stands behind a bar: `story|stories`."""
    one, _, many = noun.partition("|")
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
