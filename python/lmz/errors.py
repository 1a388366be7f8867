"""Exceptions of lmz. Those of file objects and of the operating system (`OSError`) are passed on unchanged."""

from __future__ import annotations


class LmzError(Exception):
    """Base class of all errors of lmz."""


class NotWavError(LmzError):
    """The input of a compression is not a WAV file."""


class NotLmzError(LmzError):
    """The input is not an lmz file."""


class UnsupportedError(LmzError):
    """The file is intact, but needs a newer or differently built lmz."""


class CorruptError(LmzError):
    """The file is damaged; the message says where."""


class LimitError(LmzError):
    """A size exceeds `max_output` or a limit of the format."""


class OutOfRangeError(LmzError, ValueError):
    """The file does not have the requested frames."""


class ModelError(LmzError):
    """The language model that the file needs is missing, or is a different one."""
