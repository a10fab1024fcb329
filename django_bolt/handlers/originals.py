"""
Which methods of Django are its own.

Packages that trace requests replace methods of Django's classes. A shortcut is
taken past those only that are Django's own: at each request, a method is compared
with what it was when this package was imported, and what it was then is looked at
here, for settings are mostly where such packages begin, which may be read before.
"""

from __future__ import annotations

from types import FunctionType, ModuleType


def find_original(kind: type, name: str) -> object:
    """
    Return a method of a class of Django's, to compare it with later.

    Args:
        kind: The class, or one that inherits the method.
        name: Its name.

    Returns:
        Something that is no method where it was replaced already.
    """
    owner = next(parent for parent in kind.__mro__ if name in vars(parent))
    return _own(vars(owner)[name], owner.__module__)


def find_function(module: ModuleType, name: str) -> object:
    """
    Return a function of a module of Django's, to compare it with later.

    Args:
        module: The module.
        name: Its name.

    Returns:
        Something that is no function where it was replaced already.
    """
    return _own(getattr(module, name), module.__name__)


def has_originals(kind: type, *names: str) -> bool:
    """
    Tell whether the methods of a class of Django's are its own.

    Args:
        kind: The class.
        names: Those of its methods that matter. It need not have all of them.
    """
    return all(
        find_original(kind, name) is getattr(kind, name)
        for name in names
        if hasattr(kind, name)
    )


def _own(function: object, module: str) -> object:
    # functools.wraps copies the name of the module, and not what a function sees.
    if (
        type(function) is FunctionType
        and function.__globals__.get("__name__") == module
    ):
        return function
    return object()
