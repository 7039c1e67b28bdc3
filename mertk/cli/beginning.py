"""What every verb begins with that works on a corpus."""

from mertk.console import Screen
from mertk.launched import launched
from mertk.registry import Registry, discover


def begin() -> tuple[Screen, Registry]:
    """A screen, and every component; plugins that do not load are named on the screen."""
    screen, registry = Screen(silent=launched().rank > 0), discover()
    for plugin in registry.skipped:
        screen.say(f"mertk: plugin {plugin.name} was skipped: {plugin.reason}")
    return screen, registry
