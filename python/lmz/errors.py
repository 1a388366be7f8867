"""Exceptions of lmz. Those of file objects and of the operating system (`OSError`) stay as they are."""

from __future__ import annotations


class LmzError(Exception):
    """Base class: anything that lmz itself finds wrong."""


class NotWavError(LmzError):
    """The input of a compression is not a WAV file."""


class NotLmzError(LmzError):
    """The input is not an lmz file."""


class UnsupportedError(LmzError):
    """The file is sound, but needs a newer or differently built lmz."""


class CorruptError(LmzError):
    """The file is damaged; the message says where."""


class LimitError(LmzError):
    """A size is beyond `max_output`, or beyond what any decoder has to allow."""


class OutOfRangeError(LmzError, ValueError):
    """Frames are asked for that the file does not have."""


class ModelError(LmzError):
    """The language model that the file needs is not at hand, or is another one."""
