"""Reading fields of fixed width, numbers, and CRC-32 (§1, §12.1)."""

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

    def check(self, start, what):
        """The next four bytes are the CRC-32 of those from `start` to here."""
        found = zlib.crc32(self.data[start:self.at])
        if found != int.from_bytes(self.take(4, what), "little"):
            raise Damaged(f"the CRC-32 of {what} is wrong")

    def number(self, bits):
        """A number (§1) below 2^bits."""
        value = shift = 0
        while True:
            (byte,) = self.take(1, "a number")
            value |= (byte & 0x7F) << shift
            if value >> bits:
                raise Damaged(f"a number of more than {bits} bits")
            if byte < 0x80:
                break
            shift += 7
        if byte == 0 and shift:
            raise Damaged("a number that is longer than it needs to be")
        return value

    def rest(self):
        return self.take(len(self.data) - self.at, "")

    def unpack(self, fields):
        fields = "<" + fields
        return struct.unpack(fields, self.take(struct.calcsize(fields), "a field"))

    def done(self):
        return self.at == len(self.data)


def reserved(value, what):
    if value:
        raise Unsupported(f"{what} is {value}; the file may be of a later version")
