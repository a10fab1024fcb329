"""
A tune as a WAV file, made of sine waves.
"""

import io
import math
import wave
from functools import lru_cache

RATE = 8000
"""Samples a second; one byte each."""

NOTES = (262, 294, 330, 392, 440, 392, 330, 294, 262, 330, 392, 523)
"""Frequencies in hertz."""


@lru_cache
def tune() -> bytes:
    """
    Return the whole file: a second for each note, 96 kB.
    """
    samples = bytearray()
    for frequency in NOTES:
        for index in range(RATE):
            fading = 1 - index / RATE
            swing = math.sin(math.tau * frequency * index / RATE)
            samples.append(round(128 + 90 * fading * swing))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(RATE)
        writer.writeframes(samples)
    return file.getvalue()
