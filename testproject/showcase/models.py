"""
What the demo keeps in its database.
"""

import uuid

from django.db import models


class Station(models.Model):
    """
    A weather station on a mountain, with its latest reading.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 code.")
    elevation = models.PositiveSmallIntegerField(help_text="Metres above the sea.")
    temperature = models.DecimalField(
        max_digits=4, decimal_places=1, help_text="Degrees Celsius."
    )
    observed_at = models.DateTimeField()

    class Meta:
        """
        The highest station comes first.
        """

        ordering = ("-elevation",)

    def __str__(self) -> str:
        """
        Return the station's name.
        """
        return self.name


class Cut(models.Model):
    """
    The order to end a stream: all that were open at that time, under that key.
    """

    key = models.UUIDField(db_index=True, help_text="What the page calls its stream.")
    at = models.DateTimeField()

    def __str__(self) -> str:
        """
        Return the key and the time.
        """
        return f"{self.key} at {self.at:%H:%M:%S}"
