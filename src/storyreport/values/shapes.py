"""Signs for what a text looks like, in the place of words without which a pattern matches nothing, see `privacy`."""

# A word as long as a key, or one that begins like a key; numbers as those of telephones, cards and papers.
LIKE_KEYS = ("\0key",)
NUMBERED = ("\0number",)
# An address whose host may be a company's.
HOSTED = ("\0host",)
# The name of a secret, and a sign that its value may follow as: a field, an option, an element, a number, a quote.
STRONG_FIELD, STRONG_OPTION, STRONG_ELEMENT = ("\0strong:",), ("\0strong-",), ("\0strong<",)
STRONG_NUMBER, STRONG_QUOTE = ("\0strong7",), ("\0strong'",)
# The same for a name that is often none.
WEAK_EQUAL, WEAK_FIELD, WEAK_NUMBER = ("\0weak=",), ("\0weak:",), ("\0weak7",)
# The word for a machine, and a name with two dots.
MACHINE = ("\0machine",)
