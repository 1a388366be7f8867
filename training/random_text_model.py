#!/usr/bin/env python3
"""Writes a model with random weights and a SentencePiece vocabulary: a test fixture.

    python random_text_model.py ../fixtures/models/tiny-sentencepiece.gguf
"""

import argparse
import dataclasses

from gguf import TokenType

from gguf_model import Shape, random_weights, write_gguf


@dataclasses.dataclass(frozen=True)
class TextShape(Shape):
    """A shape whose vocabulary has nothing to do with bins."""

    tokens: int = 0

    @property
    def vocab(self) -> int:
        return self.tokens


def pieces() -> list[tuple[str, TokenType]]:
    """As in Llama 2, in small: specials, bytes, merged pieces, then single characters.

    Digits are left out, so that they are byte tokens.
    """
    special = [("<unk>", TokenType.UNKNOWN), ("<s>", TokenType.CONTROL), ("</s>", TokenType.CONTROL)]
    single = [chr(c) for c in range(33, 127) if not chr(c).isdigit()]
    normal = ["▁▁", "▁t", "er", "in", "▁the", "▁", *single, "é", "—"]
    return (
        special
        + [(f"<0x{byte:02X}>", TokenType.BYTE) for byte in range(256)]
        + [(text, TokenType.NORMAL) for text in normal]
    )


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("out")
    args.add_argument("--seed", type=int, default=1)
    a = args.parse_args()
    vocabulary = pieces()
    shape = TextShape(
        layers=1, width=32, heads=2, head_dim=16, ffn=32, window=32, features=0,
        tokens=len(vocabulary),
    )  # fmt: skip
    weights = random_weights(shape, a.seed)
    write_gguf(a.out, shape, weights, f"random-text-{a.seed}", vocabulary=vocabulary)
    print(f"{a.out}: {shape.parameters()} parameters, vocabulary {shape.vocab}")


if __name__ == "__main__":
    main()
