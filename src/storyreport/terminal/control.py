"""Characters that a terminal would obey."""

import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
