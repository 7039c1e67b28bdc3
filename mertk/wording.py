"""pydantic's errors in the words of someone who writes YAML."""

import re
from collections.abc import Mapping
from typing import Any

from mertk.errors import did_you_mean

TYPES: Mapping[str, str] = {
    "list_type": "a list, such as [a, b]",
    "tuple_type": "a list, such as [a, b]",
    "dict_type": "a mapping, such as {key: value}",
    "model_type": "a mapping, such as {key: value}",
    "model_attributes_type": "a mapping, such as {key: value}",
}
"""Types by pydantic's name of the error, where its own words are those of JSON."""

PATTERNS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]*$": "small letters, digits and _, a letter first",
    r"^[A-Za-z0-9][\w.-]*$": "letters, digits, _, . and -, a letter or digit first",
}
"""The patterns of names."""


def explain(error: Any) -> str:
    """Say one of pydantic's errors in the house's words."""
    shown = repr(error["input"])
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return f"{_sentence(error)} (got {shown}){_hint(error) if error['input'] else ''}"


def _hint(error: Any) -> str:
    """What may have been meant by a word."""
    given, kind = error["input"], error["type"]
    if kind == "literal_error" and isinstance(given, str):
        choices = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
        near = did_you_mean(given, choices)
        return near if "did you mean" in near else ""
    if given == "None":
        return "; YAML's word for it is null"
    if kind.startswith("bool") and given in ("yes", "no", "on", "off"):
        return "; write true or false"
    return ""


def _sentence(error: Any) -> str:
    kind, ctx, message = error["type"], error.get("ctx", {}), str(error["msg"])
    if kind in TYPES:
        return f"expected {TYPES[kind]}"
    if kind == "too_short":
        return f"expected at least {ctx['min_length']}"
    if kind == "string_pattern_mismatch" and ctx["pattern"] in PATTERNS:
        return f"expected {PATTERNS[ctx['pattern']]}"
    for beginning in ("Input should be ", "Value error, "):
        if message.startswith(beginning):
            rest = message.removeprefix(beginning)
            return f"expected {rest}" if beginning.startswith("Input") else rest
    return message[:1].lower() + message[1:]
