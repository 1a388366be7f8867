"""BLAKE3 (unkeyed, 32 bytes), after the paper by O'Connor, Aumasson, Neves and Wilcox-O'Hearn."""

import struct

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
COLUMNS_AND_DIAGONALS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)
MASK = 0xFFFFFFFF


def _rotate(x, by):
    return (x >> by | x << (32 - by)) & MASK


def _compress(cv, words, counter, length, flags):
    v = [*cv, *IV[:4], counter & MASK, counter >> 32, length, flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(COLUMNS_AND_DIAGONALS):
            for word, turn, back in ((words[2 * i], 16, 12), (words[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & MASK
                v[d] = _rotate(v[d] ^ v[a], turn)
                v[c] = (v[c] + v[d]) & MASK
                v[b] = _rotate(v[b] ^ v[c], back)
        words = [words[i] for i in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)]


def _chunk(data, counter, root):
    cv = IV
    blocks = max(1, (len(data) + 63) // 64)
    for i in range(blocks):
        block = data[64 * i:64 * i + 64]
        flags = CHUNK_START * (i == 0) | (CHUNK_END | root) * (i == blocks - 1)
        words = struct.unpack("<16I", block.ljust(64, b"\0"))
        cv = _compress(cv, words, counter, len(block), flags)
    return cv


def _tree(data, counter, root):
    if len(data) <= 1024:
        return _chunk(data, counter, root)
    left = 1024
    while 2 * left < len(data):
        left *= 2
    words = _tree(data[:left], counter, 0) + _tree(data[left:], counter + left // 1024, 0)
    return _compress(IV, words, 0, 64, PARENT | root)


def blake3(data):
    """The 32 bytes of the hash of `data`."""
    return struct.pack("<8I", *_tree(data, 0, ROOT))
