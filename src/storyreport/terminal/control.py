"""Characters that a terminal would obey."""

import re

# Also those that end a line elsewhere, and marks that turn the rest of a line around: it would read as something else.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
