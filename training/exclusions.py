"""What must never be trained on, because it serves for measuring."""

from __future__ import annotations

import csv
import mmap
import re
from pathlib import Path

PACKAGES = re.compile(
    r"^(searchandrescue-data|csoundqt-examples|pekka-kana-2-data|freedink-data|pingus-data"
    r"|codec2-examples|openttd-.*)$"
)
SONGS = (
    "CoolSnip", "esp", "FinalStep", "Progress", "AxeFromThe80s", "ZeroSumGame", "DirtyLove",
    "InnerRecreation", "MakeMe",
)  # fmt: skip
# Sources that validate as a whole: what a model saves here, it saves on material it has not met.
UNSEEN = {
    "auspicious3000.autovc", "google.lyra", "watson-developer-cloud.python-sdk",
    "realpython.python-speech-recognition", "LCAV.pyroomacoustics",
    "neshanjo.strudel-producer-space-samples", "walbourn.directx-sdk-samples",
    "walbourn.directxtktest", "ddiakopoulos.libnyquist", "csteinmetz1.pyloudnorm",
    "freepats.electric-bass-YR", "sfzinstruments.Karoryfer.HorsePulse",
    "musikalkemist.AudioSignalProcessingForML", "oramics.sampled", "Calinou.kenney-ui-audio",
    "tecnoballz-data", "lbreakout2-data",
}  # fmt: skip
# Collections that one person speaks; few tokens of each, or the model learns the voice.
ONE_VOICE = {
    "rhasspy.dataset-voice-kathleen", "festvox-ru", "ktuberling-data",
    "asterisk-core-sounds-en-wav", "asterisk-core-sounds-fr-wav", "asterisk-core-sounds-es-wav",
    "asterisk-core-sounds-ru-wav", "asterisk-core-sounds-it-wav", "asterisk-prompt-it-menardi-wav",
}  # fmt: skip


def plain(name: str) -> str:
    """Letters and digits alone, so that renamed copies compare equal."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


class Exclusions:
    """The rules above, and the clips of a measuring corpus by name."""

    def __init__(self, manifests: list[Path]) -> None:
        self.clips: list[tuple[str, str]] = []  # package, name in letters and digits
        for path in manifests:
            with path.open(newline="") as file:
                for row in csv.DictReader(file, delimiter="\t"):
                    parts = row["clip"].removesuffix(".wav").split("__", 2)
                    name = parts[-1]
                    # Samples of sound fonts carry their number and side there.
                    name = re.sub(r"^\d{3,}_", "", re.sub(r"_[LR]_$", "", name))
                    self.clips.append((row["source"].split(":")[-1], plain(name)))

    def reason(self, package: str, stem: str) -> str | None:
        """Why this source file is left out, or None."""
        if PACKAGES.match(package):
            return "package"
        if package == "festvox-ru" and re.search(r"[125]$", stem):
            return "festvox-ru number"
        if package.startswith("freedoom") and re.match(r"DS[BCMS]", stem.upper()):
            return "freedoom sound"
        if package.startswith("lmms") and any(plain(s) in plain(stem) for s in SONGS):
            return "LMMS song"
        bare = plain(re.sub(r"[ _(-]?[LR]\)?$", "", stem))
        for source, name in self.clips:
            same_package = package in source or source.split("(")[0] in package
            # Either name may carry a folder in front.
            alike = bool(bare) and (name.endswith(bare) or plain(stem).endswith(name))
            if name in (plain(stem), bare) or (same_package and alike):
                return f"measuring clip {name}"
        return None


def shared_audio(clips: list[Path], measuring: list[Path]) -> list[tuple[str, str]]:
    """Pairs of training and measuring clips with audio in common, sample for sample.

    Three stretches of 96 bytes of each measuring clip are searched for; stretches that repeat
    within themselves (silence, square waves) say nothing and are passed over.
    """
    needles: list[tuple[str, bytes]] = []
    for path in measuring:
        data = path.read_bytes()[256:]
        found = 0
        for part in range(2, 30):
            at = len(data) * part // 32
            needle = data[at : at + 96]
            if len(set(needle)) > 24 and data.count(needle) == 1:
                needles.append((path.name, needle))
                found += 1
                if found == 3:
                    break
    pairs = set()
    for clip in clips:
        with clip.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            pairs |= {(clip.name, name) for name, needle in needles if data.find(needle) >= 0}
    return sorted(pairs)
