"""Examine a corpus: open it as far as it can be, read its media once, and name what is wrong.

Each check is a small function over what was opened and read, in a file named for what it looks at;
`checks` is the table of all of them.
"""

from mertk.doctor.checks import CHECKS, diagnose
from mertk.doctor.findings import Check, Diagnosis, Examined, Finding
from mertk.doctor.opening import Opened, open_dataset
from mertk.doctor.reading import Media, read_media

__all__ = [
    "CHECKS",
    "Check",
    "Diagnosis",
    "Examined",
    "Finding",
    "Media",
    "Opened",
    "diagnose",
    "open_dataset",
    "read_media",
]
