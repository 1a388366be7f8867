#!/usr/bin/env python3
"""What `train.py --from-gguf` relies on: python test_gguf.py"""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from gguf_model import Shape, random_weights, read_gguf, write_gguf
from model import Llama


class RoundTrip(unittest.TestCase):
    def test_export_import_export(self) -> None:
        # Nothing at its default, so that a key left out of either direction shows.
        shape = Shape(layers=1, width=96, heads=4, kv_heads=2, ffn=64, head_dim=16, window=32,
                      features=40, rope_base=5000.0, norm_eps=2e-5)  # fmt: skip
        random = random_weights(shape, 1)
        random["token_embd.weight"][shape.bins :] = 0  # never read out
        model = Llama.from_weights(shape, random)
        with tempfile.TemporaryDirectory() as folder:
            for quantised in (True, False):
                first, second = (str(Path(folder) / f"{quantised}{n}.gguf") for n in (1, 2))
                write_gguf(first, shape, model.weights(), "a model", quantised=quantised)
                read, weights = read_gguf(first)
                self.assertEqual(read, shape)
                again = Llama.from_weights(read, weights).weights()
                write_gguf(second, read, again, "a model", quantised=quantised)
                self.assertEqual(Path(first).read_bytes(), Path(second).read_bytes())
                if not quantised:
                    for name, value in model.weights().items():
                        np.testing.assert_array_equal(value, weights[name], name)


if __name__ == "__main__":
    unittest.main()
