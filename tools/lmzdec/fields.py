"""Reading fields of fixed width, and CRC-32 (§1, §12.1)."""

import struct
import zlib

from .errors import Damaged, Unsupported


class Reader:
    """A place in the bytes of a file."""

    def __init__(self, data, at=0):
        self.data = data
        self.at = at

    def take(self, n, what):
        if self.at + n > len(self.data):
            raise Damaged(f"the file ends within {what}")
        self.at += n
        return self.data[self.at - n:self.at]

    def checked(self, n, what):
        """`n` bytes of which the last four are the CRC-32 of the others; a reader of those."""
        found = self.take(n, what)
        if zlib.crc32(found[:-4]) != int.from_bytes(found[-4:], "little"):
            raise Damaged(f"the CRC-32 of {what} is wrong")
        return Reader(found[:-4])

    def unpack(self, fields):
        fields = "<" + fields
        return struct.unpack(fields, self.take(struct.calcsize(fields), "a field"))

    def done(self):
        return self.at == len(self.data)


def reserved(value, what):
    if value:
        raise Unsupported(f"{what} is {value}; the file may be of a later version")
