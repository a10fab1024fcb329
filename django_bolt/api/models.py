"""
Response models: a handler's value is converted, and only its fields go out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec
from asgiref.sync import sync_to_async

from django_bolt.api.reading import Reading, Shape
from django_bolt.conversion import describe_view
from django_bolt.encoding.hook import MayBlock
from django_bolt.types import View

logger = logging.getLogger("django_bolt")

_PLACE = re.compile(r" - at `(\$[^`]*)`$")
# What msgspec says of enumerations, unknown fields and ``__post_init__`` quotes the
# value.
_HARMLESS = re.compile(
    r"Expected `[^`]*`, got `[^`]*`|Object missing required field `[^`]*`"
)


class ResponseModelError(TypeError):
    """What a handler returned does not fit its response model."""


class ResponseModel:
    """
    What the values of a handler are converted to before they are sent.

    Args:
        handler: The handler, to be named in errors.
        model: A type that msgspec converts to.
        passes: Types whose instances are left as they are.

    Raises:
        TypeError: msgspec has no rule for the type.
        NameError: A type in it is named before it is defined.
    """

    def __init__(
        self, handler: View, model: Any, passes: tuple[type, ...] = ()
    ) -> None:
        msgspec.json.Decoder(model)
        self.handler = handler
        self.model = model
        self.passes = passes
        self.shape = Shape(msgspec.inspect.type_info(model))
        self.takes_none = self.shape.takes_none

    def convert(self, value: object) -> object:
        """
        Convert a value, be it an object with attributes, to the model.

        Raises:
            ResponseModelError: The value does not fit. It is logged, too; of the
                value nothing is told.
        """
        return self._convert(value, inline=False)

    async def aconvert(self, value: object) -> object:
        """Do the same in an event loop: what may query goes to a thread."""
        try:
            return self._convert(value, inline=True)
        except MayBlock:
            return await sync_to_async(self.convert)(value)

    def _convert(self, value: object, *, inline: bool) -> object:
        # Not ``isinstance``: it would evaluate a lazy object.
        if issubclass(type(value), self.passes):
            return value
        if issubclass(type(value), Iterator):
            # Read once, since a second look may follow.
            if inline:
                raise MayBlock
            value = list(cast(Iterator[object], value))
        try:
            return self._read(value, inline=inline, thorough=False)
        except _Unfit:
            pass
        try:
            return self._read(value, inline=inline, thorough=True)
        except _Unfit as unfit:
            text = (
                f"The handler {describe_view(self.handler)} returned what does not fit "
                f"its response model: {unfit.problem}"
            )
        logger.error(text)
        raise ResponseModelError(text)

    def _read(self, value: object, *, inline: bool, thorough: bool) -> object:
        reading = Reading(self.shape, inline=inline, thorough=thorough)
        unfit = None
        converted: object = None
        try:
            converted = msgspec.convert(
                reading.open(value), self.model, from_attributes=True
            )
        except (msgspec.ValidationError, RecursionError) as error:
            unfit = _Unfit(error)
        for fault in reading.faults:
            if not isinstance(fault, RecursionError):
                raise fault
            unfit = _Unfit(fault)
        if unfit is not None:
            raise unfit
        return converted


class _Unfit(Exception):
    """What msgspec said of a value."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    @property
    def problem(self) -> str:
        """The sentence to log; what may quote the value is left out."""
        text = str(self.error)
        if isinstance(self.error, RecursionError):
            return "It is nested too deep, or holds itself."
        found = _PLACE.search(text)
        place = found[1] if found else "$"
        text = text[: found.start()] if found else text
        if self.error.__cause__ is None and _HARMLESS.fullmatch(text):
            return f"{text}, at {place}."
        return f"The value at {place} is refused by its type."
