#!/usr/bin/env python3
"""A grown model computes what the small one did, and can learn: python test_grow.py"""

import dataclasses
import unittest

import numpy as np
import torch

from gguf_model import BINS, Shape, random_weights
from grow import WRITERS, grow
from model import Llama


class Growth(unittest.TestCase):
    def setUp(self) -> None:
        self.shape = Shape(layers=2)
        self.weights = random_weights(self.shape, 1)
        rng = np.random.default_rng(2)
        self.last = torch.from_numpy(rng.integers(BINS + 1, size=(2, 64)))
        self.features = torch.from_numpy(rng.integers(-127, 128, size=(2, 64, 43)).astype(np.int8))

    def grown(self, **sizes: int) -> Llama:
        larger = dataclasses.replace(self.shape, **sizes)
        return Llama.from_weights(larger, grow(self.shape, self.weights, larger))

    def test_logits_stay(self) -> None:
        small = Llama.from_weights(self.shape, self.weights)
        for sizes in ({"layers": 3}, {"width": 192}, {"ffn": 512}, {"heads": 4},
                      {"layers": 4, "width": 256, "ffn": 768, "heads": 4}):  # fmt: skip
            with self.subTest(sizes), torch.no_grad():
                before, after = (m(self.last, self.features) for m in (small, self.grown(**sizes)))
                self.assertLess(float((before - after).abs().max()), 1e-3)

    def test_what_is_new_learns(self) -> None:
        model = self.grown(layers=3, width=192, ffn=512, heads=4)
        model(self.last, self.features).square().mean().backward()
        for name, p in model.named_parameters():
            if name.endswith(WRITERS):
                new_rows = p.grad[self.shape.width :]
                new_columns = p.grad[:, self.weights["blk.0." + name.split(".", 2)[2]].shape[1] :]
                for part in (new_rows, new_columns):
                    self.assertTrue(bool(part.abs().amax(1).all()), name)

    def test_a_smaller_one_is_refused(self) -> None:
        with self.assertRaises(AssertionError):
            grow(self.shape, self.weights, dataclasses.replace(self.shape, layers=1))


if __name__ == "__main__":
    unittest.main()
