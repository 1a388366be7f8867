"""The parts of a GGUF file that the exact engine reads (exact-engine.md, §2)."""

import struct
from collections import namedtuple

from .errors import WrongModel

F32, Q8_0 = 0, 8
BLOCK = 32
BLOCK_BYTES = 2 + BLOCK
MAX_DIMENSIONS = 4
UINT32, FLOAT32, TEXT, ARRAY = 4, 6, 8, 9
# What a value of each type takes; texts and arrays have their own lengths.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

Value = namedtuple("Value", "type value")
Tensor = namedtuple("Tensor", "dimensions type offset")


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise WrongModel(f"a GGUF file that ends at {len(self.data)}, within its head")
        self.at += n
        return self.data[self.at - n:self.at]

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def u64(self):
        return int.from_bytes(self.take(8), "little")

    def text(self):
        try:
            return self.take(self.u64()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise WrongModel("a GGUF file with a text that is not UTF-8") from error

    def value(self):
        kind = self.u32()
        if kind == UINT32:
            return Value(kind, self.u32())
        if kind == FLOAT32:
            return Value(kind, struct.unpack("<f", self.take(4))[0])
        if kind == TEXT:
            return Value(kind, self.text())
        if kind == ARRAY:
            self._skip_array()
        else:
            self.take(self._size(kind))
        return Value(kind, None)

    def _skip_array(self):
        kind, count = self.u32(), self.u64()
        if kind != TEXT:
            self.take(count * self._size(kind))
            return
        for _ in range(count):
            self.take(self.u64())

    @staticmethod
    def _size(kind):
        if kind not in _SIZES:
            raise WrongModel(f"a GGUF file with a value of type {kind}")
        return _SIZES[kind]


class Gguf:
    """Metadata and tensors of a file held in memory."""

    def __init__(self, data):
        reader = _Reader(data)
        if reader.take(4) != b"GGUF":
            raise WrongModel("no GGUF file")
        if (version := reader.u32()) != 3:
            raise WrongModel(f"GGUF version {version}")
        tensors, entries = reader.u64(), reader.u64()
        self.data = data
        self.metadata, self.tensors = {}, {}
        for _ in range(entries):
            self._add(self.metadata, reader.text(), reader.value())
        for _ in range(tensors):
            self._add(self.tensors, reader.text(), self._tensor(reader))
        alignment = self.number("general.alignment", 32)
        if alignment & (alignment - 1) or not 1 <= alignment <= 1 << 16:
            raise WrongModel(f"a GGUF file with an alignment of {alignment}")
        self.start = -(-reader.at // alignment) * alignment
        for name, tensor in self.tensors.items():
            if tensor.offset % alignment:
                raise WrongModel(f"tensor {name!r} is not aligned")

    @staticmethod
    def _add(entries, name, value):
        if name in entries:
            raise WrongModel(f"a GGUF file with {name!r} twice")
        entries[name] = value

    @staticmethod
    def _tensor(reader):
        count = reader.u32()
        if not 1 <= count <= MAX_DIMENSIONS:
            raise WrongModel(f"a tensor of {count} dimensions")
        dimensions = tuple(reader.u64() for _ in range(count))
        return Tensor(dimensions, reader.u32(), reader.u64())

    def _typed(self, key, kind, default):
        found = self.metadata.get(key)
        if found is None:
            if default is None:
                raise WrongModel(f"a model without {key!r}")
            return default
        if found.type != kind:
            raise WrongModel(f"a model whose {key!r} has type {found.type} instead of {kind}")
        return found.value

    def number(self, key, default=None):
        return self._typed(key, UINT32, default)

    def real(self, key, default=None):
        return self._typed(key, FLOAT32, default)

    def text(self, key, default=None):
        return self._typed(key, TEXT, default)

    def bytes_of(self, name):
        """The bytes of a tensor of a type that is known."""
        tensor = self.tensors[name]
        elements = 1
        for dimension in tensor.dimensions:
            elements *= dimension
        size = 4 * elements if tensor.type == F32 else elements // BLOCK * BLOCK_BYTES
        start = self.start + tensor.offset
        if start + size > len(self.data):
            raise WrongModel(f"tensor {name!r} does not lie within the file")
        return self.data[start:start + size]
