"""What an error must look like: `where: what is wrong (value); way out`, and no traceback."""

import re

HOUSE = re.compile(r"^mertk: \S.*:\s+\S", re.MULTILINE)
"""A place, a colon, and what is wrong there, in the same line or a list below."""


def well_formed(err: str) -> str:
    """The message of an error; all of it where it is not of the house's form is the fault.

    Raises:
        AssertionError: It is not.
    """
    assert "Traceback" not in err, err
    assert "fault in the code" not in err, err
    found = HOUSE.search(err)
    assert found, err
    return err[found.start() :].strip()
