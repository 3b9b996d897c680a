"""Live cursors and live people counts for Django sites.

Names for a site's own code are at the root of this package; docs/architecture.md describes the
packages below it and how they work together.
"""

import sys
import warnings
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

MOVED = {
    "presence.history": "presence.stats",
    "presence.logs": "presence.server.logs",
    "presence.middleware": "presence.guests",
    "presence.overview_admin": "presence.admin.overview",
    "presence.processes": "presence.stats",
    "presence.trend": "presence.admin.charts",
}
"""Former names of modules that the documentation gave to sites."""


class MovedModules(MetaPathFinder, Loader):
    """Imports a module under its former name, with a warning that tells the present one."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return a spec for a former name, None for any other."""
        return spec_from_loader(fullname, self) if fullname in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of the present name in place of the new, empty one."""
        former, present = module.__name__, MOVED[module.__name__]
        warnings.warn(f"{former} has moved to {present}.", DeprecationWarning, stacklevel=2)
        sys.modules[former] = import_module(present)


# The last finder is asked only for names that no file has.
sys.meta_path.append(MovedModules())
