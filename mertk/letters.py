"""Letters that can be shown: names from a corpus or a plugin may hold any."""

import re
from typing import Final

_STRANGE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What no XML or UTF-8 can hold, what steers a terminal, and what turns round the text beside it:
written from right to left, `better` and `worse` would change places."""


def visible(text: str) -> str:
    r"""The text with such letters as Python writes them.

    >>> visible("a\x1b[31m")
    'a\\x1b[31m'
    """
    return _STRANGE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
