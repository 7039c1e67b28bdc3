"""Run one test of a kit on one component, outside pytest's collection."""

import inspect
from functools import partial


def run(kit, component, test, **given):
    """Call `test` of `kit` on `component`, with the kit's fixtures made by hand."""
    cls = type("User", (kit,), {"component": component})
    user = cls()
    given |= {"make": partial(component)}
    for name in inspect.signature(getattr(user, test)).parameters:
        if name not in given:
            fixture = inspect.getattr_static(cls, name)._get_wrapped_function()
            needs = inspect.signature(fixture).parameters
            given[name] = fixture(user, **{n: given[n] for n in needs if n != "self"})
    getattr(user, test)(**{n: given[n] for n in inspect.signature(getattr(user, test)).parameters})
