"""Token stream, adaptive bits and LSB block (§9.2, §10.1, §10.4)."""

from .errors import Damaged

TOP = 1 << 48
EVEN = 1 << 31


class CodedStream:
    """Decodes the binary decisions of a coded stream."""

    def __init__(self, data):
        self.data = data
        self.code = int.from_bytes(data[:7].ljust(7, b"\0"), "big")
        self.range = (1 << 56) - 1
        self.taken = 7

    def decision(self, p):
        """One decision whose probability of being true is p / 2^32."""
        part = self.range * p >> 32
        true = self.code < part
        if true:
            self.range = part
        else:
            self.range -= part
            self.code -= part
        while self.range < TOP:
            self.range <<= 8
            byte = self.data[self.taken] if self.taken < len(self.data) else 0
            self.code = (self.code << 8 | byte) & 0xFFFFFFFFFFFFFFFF
            self.taken += 1
            self._check_not_exhausted()
        return true

    def uniform(self, bits):
        value = 0
        for _ in range(bits):
            value = 2 * value + self.decision(EVEN)
        return value

    def adaptive(self, bit):
        true = self.decision(bit.p)
        bit.learn(true)
        return true

    def _check_not_exhausted(self):
        if self.taken > len(self.data) + 7:
            raise Damaged("a coded stream ends before its decisions do")

    def finish(self):
        self._check_not_exhausted()
        if self.taken < len(self.data):
            raise Damaged("a coded stream has bytes that nothing reads")


class AdaptiveBit:
    """An integer estimate of one bit's probability of being true (§9.2)."""

    __slots__ = ("p", "seen")

    def __init__(self):
        self.p = EVEN
        self.seen = 0

    def learn(self, true):
        target = 0xFFFFFFFF if true else 0
        change = abs(target - self.p) * 2 // (2 * self.seen + 3)
        self.p += change if true else -change
        self.p = min(max(self.p, 1 << 10), (1 << 32) - (1 << 10))
        self.seen = min(self.seen + 1, 250)


class LowBits:
    """Reads the LSB block (§10.4)."""

    def __init__(self, data):
        self.data = data
        self.bits = int.from_bytes(data, "big")
        self.total = 8 * len(data)
        self.left = self.total

    def raw(self, k):
        if k > self.left:
            raise Damaged("an LSB block ends before its samples do")
        self.left -= k
        return self.bits >> self.left & ((1 << k) - 1)

    def finish(self):
        if self.left >= 8 or self.bits & ((1 << self.left) - 1):
            raise Damaged("an LSB block has bits that nothing reads")
