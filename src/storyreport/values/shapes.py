"""Signs for what a text looks like, in the place of words without which a pattern matches nothing, see `privacy`."""

# A word as long as a key, or one that begins like a key; numbers as those of telephones, cards and papers.
LIKE_KEYS = ("\0key",)
NUMBERED = ("\0number",)
# An address whose host may be a company's.
HOSTED = ("\0host",)
