"""Models by their hash (exact-engine.md, §8)."""

from pathlib import Path

from .blake3 import blake3
from .errors import NeedsModel
from .exact_model import ExactModel

# Where this repository keeps the models that lmz embeds.
EMBEDDED = Path(__file__).resolve().parents[2] / "models"


class Models:
    """The models at hand: files that are named, then the embedded ones."""

    def __init__(self, files=()):
        self.files = [*map(Path, files), *sorted(EMBEDDED.glob("*.gguf"))]
        self.hashes = {}
        self.loaded = {}

    def by_hash(self, wanted):
        """The model whose file has this BLAKE3."""
        if wanted not in self.loaded:
            self.loaded[wanted] = ExactModel(self._find(wanted))
        return self.loaded[wanted]

    def _find(self, wanted):
        for path in self.files:
            if path not in self.hashes:
                self.hashes[path] = blake3(path.read_bytes())
            if self.hashes[path].startswith(wanted):
                return path.read_bytes()
        names = ", ".join(path.name for path in self.files) or "none"
        raise NeedsModel(f"the model {wanted.hex()} is not at hand ({names}); give its file with --model")
