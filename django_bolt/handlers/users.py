"""
The user of a request in one hop to its thread, where Django takes two.

``request.auser()`` asks the database for the session, comes back to the event
loop, and asks for the user. Here Django's function for sync code does both in the
thread, where sessions and users are Django's own in all that takes part: else what
a project has written for async code would not be called. Imported when
``django.contrib.auth`` is in use.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import backends, base_user
from django.contrib.auth import middleware as djangos
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Manager, QuerySet
from django.utils.module_loading import import_string

from django_bolt.handlers.originals import find_function, find_original
from django_bolt.handlers.threads import call_in_thread

_NAMES: tuple[tuple[Any, str], ...] = (
    (
        auth,
        "_aget_user_session_key _get_user_session_key aget_user get_user load_backend",
    ),
    (
        SessionStore,
        "__getitem__ __setitem__ _aget_session _aget_session_from_db _get_session "
        "_get_session_from_db acreate acycle_key adelete aflush aget aload asave aset "
        "create cycle_key decode delete flush get load save",
    ),
    (backends.ModelBackend, "aget_user get_user user_can_authenticate"),
    (Manager, "aget get get_queryset"),
    (QuerySet, "aget get"),
    (base_user.AbstractBaseUser, "_get_session_auth_hash get_session_auth_hash"),
)
"""Whose functions do what is done here in another way; packages replace them."""

_ORIGINALS = tuple(
    (
        owner,
        name,
        find_original(owner, name)
        if isinstance(owner, type)
        else find_function(owner, name),
    )
    for owner, names in _NAMES
    for name in names.split()
)

_DJANGOS_AUSER = find_function(djangos, "auser")


def hasten(request: Any) -> None:
    """Give a request a faster ``auser``, after ``AuthenticationMiddleware`` did."""
    given = request.auser
    if type(given) is partial and given.func is _DJANGOS_AUSER:
        request.auser = partial(auser, request)


async def auser(request: Any) -> Any:
    """Return the user who is logged in, or an ``AnonymousUser``."""
    if hasattr(request, "_acached_user") or not _is_known(request):
        return await djangos.auser(request)
    user = request._acached_user = await call_in_thread(auth.get_user, request)
    return user


def _is_known(request: Any) -> bool:
    """Tell whether a session is to be loaded, and all that is asked is Django's own."""
    session = request.session
    model: Any = backends.UserModel
    return (
        type(session) is SessionStore
        and session.session_key is not None
        and not hasattr(session, "_session_cache")
        and all(getattr(owner, name) is found for owner, name, found in _ORIGINALS)
        and _asks_as_djangos(session.model.objects)
        and _asks_as_djangos(model._default_manager)
        and _proves_as_djangos(model)
        and all(map(_is_model_backend, settings.AUTHENTICATION_BACKENDS))
    )


def _asks_as_djangos(manager: Any) -> bool:
    kind = type(manager)
    return (
        kind.get is Manager.get
        and kind.aget is Manager.aget
        and kind.get_queryset is Manager.get_queryset
        and manager._queryset_class is QuerySet
        and vars(manager).keys().isdisjoint(("get", "aget", "get_queryset"))
    )


def _proves_as_djangos(model: Any) -> bool:
    """Tell whether the proof that a user is logged in needs no more than its data."""
    known: Any = base_user.AbstractBaseUser
    return (
        getattr(model, "get_session_auth_hash", None) is known.get_session_auth_hash
        and model._get_session_auth_hash is known._get_session_auth_hash
        and type(model._meta.pk).__module__.startswith("django.")
    )


def _is_model_backend(path: str) -> bool:
    """Tell whether a backend gets its users as ``ModelBackend`` does."""
    try:
        kind = import_string(path)
    except ImportError:
        return False
    known = backends.ModelBackend
    return all(
        getattr(kind, name, None) is getattr(known, name)
        for name in ("__init__", "get_user", "aget_user", "user_can_authenticate")
    )
