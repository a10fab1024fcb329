"""
Python values to JSON, with what Django code holds.

One msgspec encoder serves every caller. It refuses what it cannot encode, and
only then is the data walked in Python, to say where in it the mistake lies.
"""

from __future__ import annotations

from django_bolt.encoding.errors import explain
from django_bolt.encoding.forms import holds_errors, spell_out
from django_bolt.encoding.hook import (
    REFUSALS,
    ConsumedIterator,
    MayBlock,
    encode,
    encode_inline,
)

__all__ = ["encode_item", "encode_item_inline", "encode_json", "encode_json_inline"]


def encode_json(data: object) -> bytes:
    """
    Encode a value as JSON, in UTF-8; a whole answer, that may tell of a form.

    Args:
        data: As :func:`encode_item`, and errors of forms.

    Raises:
        TypeError, ValueError, RuntimeError: As :func:`encode_item`.
    """
    return encode_item(spell_out(data) if holds_errors(data) else data)


def encode_json_inline(data: object) -> bytes | None:
    """
    Encode the same as JSON, if nothing in it may wait.

    Returns:
        The JSON text, or ``None``, as :func:`encode_item_inline`.

    Raises:
        TypeError, ValueError: As :func:`encode_item`.
    """
    return encode_item_inline(spell_out(data) if holds_errors(data) else data)


def encode_item(data: object) -> bytes:
    """
    Encode a value as JSON, in UTF-8; one of many, such as an item of a stream.

    Args:
        data: Anything msgspec encodes, and what Django code holds: lazy
            strings, subclasses of str, int and float, querysets of values,
            mappings, iterables, paths, file fields, pydantic models. NaN and
            the infinities become ``null``.

    Returns:
        One JSON text, without white space between its tokens.

    Raises:
        TypeError: A value or a key has no JSON form; the text names its type
            and the path to it.
        ValueError: A string cannot be encoded in UTF-8, or the data holds
            itself or is nested too deep.
        RuntimeError: A method of something in it has raised ``StopIteration``.

    Spec: RFC 8259 §8.1.
    """
    try:
        return encode(data)
    except StopIteration as error:
        # As a generator does it. From a thread, no future carries it, and who
        # waits for that would wait for ever.
        raise RuntimeError("A value to encode raised StopIteration.") from error
    except (*REFUSALS, ConsumedIterator) as error:
        explained = explain(error, data)
    raise explained


def encode_item_inline(data: object) -> bytes | None:
    """
    Encode a value as JSON, if nothing in it may wait.

    For use in an event loop. A refusal consumes nothing: the same data can be
    given to :func:`encode_item` in a thread afterwards.

    Returns:
        The JSON text, or ``None`` when ``data`` holds a queryset, an iterable
        or a lazy object, whose evaluation may query the database.

    Raises:
        TypeError: As :func:`encode_item`.
        ValueError: As :func:`encode_item`.
    """
    try:
        return encode_inline(data)
    except MayBlock:
        return None
    except REFUSALS as error:
        explained = explain(error, data)
    raise explained
