#!/usr/bin/env python3
"""Fetches freely licensed audio from Debian and public repositories, and cuts it into WAV clips for training.

    python corpus.py --out CORPUS --exclude MEASURING/MANIFEST.tsv --exclude-audio MEASURING

Needs apt-get, dpkg-deb, flac, sox, wvunpack (package wavpack), and for the rendered part
fluidsynth, openmpt123, csound and lmms (with xvfb-run where there is no display). Everything is
taken as it was published: nothing is resampled, dithered or normalised, since the codec's tokens
depend on it.
Lossy sources (ogg, opus, mp3) are left out. The manifest names source and licence of each clip.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from exclusions import Exclusions, shared_audio
from recordings import wav_files
from render import render
from variants import variant

# Games with recorded effects, often in 8 bits, and with songs as modules or MIDI.
GAMES = """
    alienblaster-data amoebax-data briquolo-data bugsquish burgerspace bzflag-data ceferino-data
    chromium-bsu-data circuslinux-data crimson criticalmass-data cuyo-data dodgindiamond2
    dreamchess-data enigma-data epiphany-data extremetuxracer-data foobillardplus-data
    freegish-data fretsonfire-songs-muldjord fretsonfire-songs-sectoid gl-117-data gnubg-data
    granatier gunroar-data gweled heroes-sound-effects heroes-sound-tracks jumpnbump
    kobodeluxe-data kolf lbreakout2-data lincity-ng-data liquidwar-data lugaru-data monsterz-data
    moon-lander-data mousetrap openarena-data overgod-data parsec47-data pathological pinball-data
    pokerth-data powermanga-data pyracerz rafkill-data ri-li-data rrootage-data simutrans-pak64
    slimevolley-data tecnoballz-data tumiki-fighters-data tuxmath-data tuxtype-data ufoai-sound
    wordwarvi-sound xblast-tnt-sounds xmoto-data
"""
# Package -> kind of audio; songs are "rendered" wherever they are, and audio in 8 bits "bits8".
# avldrums, musescore and fluid are sound fonts; freedoom holds effects and MIDI files, csound-doc
# programs of sounds.
SOURCES = {
    "sonic-pi-samples": "music",
    "chuck-data": "music",
    "asterisk-moh-opsound-wav": "music",
    "hydrogen-drumkits": "instrument",
    "hydrogen-drumkits-effects": "instrument",
    "musescore-general-soundfont-lossless": "instrument",
    "fluid-soundfont-gm": "instrument",
    "avldrums.lv2-soundfont": "instrument",
    "asterisk-core-sounds-en-wav": "speech",
    "asterisk-core-sounds-fr-wav": "speech",
    "asterisk-core-sounds-es-wav": "speech",
    "asterisk-core-sounds-ru-wav": "speech",
    "festvox-ru": "speech",
    "ktuberling-data": "speech",
    "boswars-data": "effects",
    "ddnet-data": "effects",
    "scorched3d-data": "effects",
    "colobot-common-sounds": "effects",
    "freedoom": "bits8",
    "lmms-common": "rendered",
    "csound-doc": "rendered",
    "hydrogen-data": "instrument",
    "asterisk-core-sounds-it-wav": "speech",
    "asterisk-prompt-it-menardi-wav": "speech",
    "sound-icons": "effects",
    **dict.fromkeys(GAMES.split(), "effects"),
}
SECONDS = 20  # longest clip
SHORT = {"csound-doc": 3}  # the same of packages with many songs, each of one sound
BYTES = 20_000_000  # most audio from one package, so that none dominates


class Audio:
    """PCM as bytes of a WAV data chunk."""

    def __init__(self, rate: int, bits: int, channels: int, data: bytes) -> None:
        self.rate, self.bits, self.channels, self.data = rate, bits, channels, data
        self.frame = (bits + 7) // 8 * channels

    def cut(self, first: int, frames: int) -> Audio:
        data = self.data[first * self.frame : (first + frames) * self.frame]
        return Audio(self.rate, self.bits, self.channels, data)

    def frames(self) -> int:
        return len(self.data) // self.frame

    def write(self, path: Path) -> None:
        fmt = struct.pack(
            "<HHIIHH", 1, self.channels, self.rate, self.rate * self.frame, self.frame, self.bits
        )
        pad = b"\0" * (len(self.data) % 2)
        body = b"WAVEfmt " + struct.pack("<I", 16) + fmt
        body += b"data" + struct.pack("<I", len(self.data)) + self.data + pad
        path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def read_wav(raw: bytes) -> Audio | None:
    """Integer PCM in whole bytes; None for anything else."""
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        return None
    at, fmt = 12, None
    while at + 8 <= len(raw):
        size = struct.unpack_from("<I", raw, at + 4)[0]
        if raw[at : at + 4] == b"fmt " and size >= 16:
            fmt = struct.unpack_from("<HHIIHH", raw, at + 8)
        if raw[at : at + 4] == b"data" and fmt:
            tag, channels, rate, _, frame, bits = fmt
            if tag not in (1, 0xFFFE) or bits not in (8, 16, 24) or frame != bits // 8 * channels:
                return None
            data = raw[at + 8 : at + 8 + size]
            return Audio(rate, bits, channels, data[: len(data) // frame * frame])
        at += 8 + size + size % 2
    return None


def piped(command: list[str]) -> Audio | None:
    done = subprocess.run(command, capture_output=True, check=False)
    return read_wav(done.stdout) if done.returncode == 0 else None


def rendered(song: Path, work: Path, font: Path | None) -> Audio | None:
    raw = render(song, work / "song.wav", font)
    return read_wav(raw) if raw else None


def sound_font(path: Path) -> Iterator[tuple[str, Audio]]:
    """The samples of an SF2 file, left and right of a pair joined to stereo, in 16 or 24 bits."""
    raw = path.read_bytes()
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(raw):
        name, size = raw[at : at + 4], struct.unpack_from("<I", raw, at + 4)[0]
        if name == b"LIST":
            at += 12
            continue
        chunks[name] = raw[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    low = chunks.get(b"sm24", b"")
    headers = list(struct.iter_unpack("<20sIIIIIBbHH", chunks[b"shdr"]))
    done = set()

    def samples(first: int, last: int) -> bytes:
        high = chunks[b"smpl"][2 * first : 2 * last]
        if len(low) < last:
            return high
        wide = bytearray(3 * (last - first))
        wide[0::3], wide[1::3], wide[2::3] = low[first:last], high[0::2], high[1::2]
        return bytes(wide)

    for index, (name, first, last, _, _, rate, _, _, link, kind) in enumerate(headers[:-1]):
        if index in done or kind & 0x8000 or last - first < rate // 4:
            continue
        title = name.split(b"\0")[0].decode("latin-1").strip()
        bits = 24 if len(low) >= last else 16
        channels, data = 1, samples(first, last)
        if kind == 4 and link < len(headers) and link not in done:  # left, with its right
            _, first2, last2, _, _, rate2, *_ = headers[link]
            if rate2 == rate and last2 - first2 == last - first:
                done.add(link)
                right, wide = samples(first2, last2), bits // 8
                both = bytearray(2 * len(data))
                for byte in range(wide):
                    both[byte :: 2 * wide] = data[byte::wide]
                    both[wide + byte :: 2 * wide] = right[byte::wide]
                channels, data = 2, bytes(both)
        yield title, Audio(rate, bits, channels, data)


def wad_lumps(path: Path) -> Iterator[tuple[str, bytes]]:
    raw = path.read_bytes()
    count, table = struct.unpack_from("<II", raw, 4)
    for index in range(count):
        at, size, name = struct.unpack_from("<II8s", raw, table + 16 * index)
        yield name.rstrip(b"\0").decode("latin-1"), raw[at : at + size]


def freedoom(root: Path, work: Path, font: Path | None) -> Iterator[tuple[str, str, Audio]]:
    """8-bit effects, and MIDI when there is a sound font."""
    seen = set()
    for wad in sorted(root.rglob("*.wad")):
        for name, lump in wad_lumps(wad):
            if name in seen:
                continue
            if name.startswith("DS") and lump[:2] == b"\x03\0":
                seen.add(name)
                rate, size = struct.unpack_from("<HI", lump, 2)
                # 16 bytes of padding at either end repeat the first and last sample.
                yield "bits8", name, Audio(rate, 8, 1, lump[8 + 16 : 8 + size - 16])
            elif lump[:4] == b"MThd":
                seen.add(name)
                song = work / "song.mid"
                song.write_bytes(lump)
                if audio := rendered(song, work, font):
                    yield "rendered", name, audio


def items(
    package: str, kind: str, root: Path, work: Path, font: Path | None, exclusions: Exclusions
) -> Iterator[tuple[str, str, Audio]]:
    """Kind, name and audio of everything in an unpacked package, in random but fixed order."""
    if package == "freedoom":
        yield from freedoom(root, work, font)
        return
    files = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
    random.Random(package).shuffle(files)
    for path in files:
        ending = path.suffix.lower()
        audio = None
        if ending == ".sf2":
            samples = list(sound_font(path))
            random.Random(package).shuffle(samples)
            yield from ((kind, name, audio) for name, audio in samples)
        elif ending == ".wav":
            audio = read_wav(path.read_bytes())
        elif ending == ".flac":
            audio = piped(["flac", "-dcs", str(path)])
        elif ending in (".aif", ".aiff"):
            audio = piped(["sox", "-D", str(path), "-t", "wav", "-"])
        elif ending == ".wv":
            audio = piped(["wvunpack", "-q", str(path), "-o", "-"])
        elif exclusions.reason(package, path.stem) is None:
            audio = rendered(path, work, font)
            if audio:
                yield "rendered", path.stem, audio
            continue
        if audio:
            # Some packages keep one set of names per language.
            parent = path.parent.name + "_" if package == "ktuberling-data" else ""
            yield kind, parent + path.stem, audio


def title_of(kind: str, source: str, name: str) -> str:
    """What a clip's name starts with: kind, source and recording, two underscores between."""
    return "__".join([kind, *(re.sub(r"[^A-Za-z0-9.-]", "_", part) for part in (source, name))])


def row_of(path: Path, kind: str, source: str, licence: str, audio: Audio) -> tuple:
    """A clip's row of the manifest."""
    seconds = round(audio.frames() / audio.rate, 2)
    return (path.name, kind, source, licence, audio.rate, audio.bits, audio.channels, seconds)


def recorded(folder: Path | None, work: Path, clips: Path) -> list[tuple]:
    """Writes the clips of `recordings.tsv` and a variant of each; rows of the manifest."""
    rows = []
    for recording, raw in wav_files(folder, work):
        audio = read_wav(raw)
        if audio is None or len(set(audio.data)) < 3:
            continue
        kind = "bits8" if audio.bits == 8 else recording.kind
        source = recording.repository.replace("/", ".")
        path = clips / f"{title_of(kind, source, recording.clip)}__0.wav"
        audio.write(path)
        # Of the same recording, so that both train or both validate.
        changed = path.with_name(path.name.replace("__0.wav", "__1.wav"))
        changed.write_bytes(variant(path, audio.rate, audio.bits))
        for clip in (path, changed):
            form = read_wav(clip.read_bytes())
            assert form, clip
            rows.append(row_of(clip, kind, recording.source, recording.licence, form))
    return rows


def licence(root: Path, package: str) -> str:
    """Licences that the package's copyright file names; the file itself is kept beside the clips."""
    text = (root / f"usr/share/doc/{package}/copyright").read_text(errors="replace")
    names = re.findall(r"^License:[ \t]*(\S.*)$", text, re.MULTILINE)
    return "; ".join(dict.fromkeys(n.strip() for n in names)) or "see its copyright file"


def run(command: list[str], where: Path) -> None:
    subprocess.run(command, cwd=where, check=True, capture_output=True)


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--exclude", type=Path, action="append", required=True,
                      help="MANIFEST.tsv of clips that serve for measuring")  # fmt: skip
    args.add_argument("--exclude-audio", type=Path, action="append", default=[],
                      help="folder of such clips: no training clip may share audio with them")  # fmt: skip
    args.add_argument("--packages", nargs="*", default=list(SOURCES))
    args.add_argument("--recordings", type=Path,
                      help="folder with FLACs of recordings.tsv; others come from their repositories")  # fmt: skip
    args.add_argument("--font", type=Path, help="of MIDI; fluid-soundfont-gm's where it is fetched")
    a = args.parse_args()
    exclusions = Exclusions(a.exclude)
    out = a.out.resolve()
    clips, debs, trees, work = (out / n for n in ("clips", "deb", "tree", "work"))
    for folder in (clips, debs, trees, work, out / "licences"):
        folder.mkdir(parents=True, exist_ok=True)

    font: Path | None = a.font and a.font.resolve()
    rows = recorded(a.recordings, work, clips)
    print(f"recordings: {len(rows)} clips", flush=True)
    # Rendering needs its sound font.
    for package in sorted(a.packages, key=lambda p: p != "fluid-soundfont-gm"):
        assert not exclusions.reason(package, ""), package
        if not (found := sorted(debs.glob(f"{package}_*.deb"))):
            run(["apt-get", "download", package], debs)
            found = sorted(debs.glob(f"{package}_*.deb"))
        tree = trees / package
        run(["dpkg-deb", "-x", str(found[-1]), str(tree)], out)
        shutil.copy(tree / f"usr/share/doc/{package}/copyright", out / "licences" / package)
        terms = licence(tree, package)
        if package == "fluid-soundfont-gm":
            font = next(tree.rglob("*.sf2"), font)
        total, left_out = 0, 0
        names: dict[str, int] = {}
        for kind, name, audio in items(package, SOURCES[package], tree, work, font, exclusions):
            if exclusions.reason(package, name):
                left_out += 1
                continue
            if audio.frames() < audio.rate // 8:
                continue  # too short to teach anything
            kind = "bits8" if audio.bits == 8 else kind
            title = title_of(kind, package, name)
            names[title] = names.get(title, 0) + 1
            if names[title] > 1:
                title += f".{names[title]}"
            # Long files: two clips, from random but fixed places.
            length = SHORT.get(package, SECONDS) * audio.rate
            starts = [0]
            if audio.frames() > length:
                rng = random.Random(title)
                starts = sorted(rng.randrange(audio.frames() - length) for _ in range(2))
            for number, start in enumerate(starts):
                clip = audio.cut(start, length)
                if len(set(clip.data)) < 3:
                    continue  # silence
                path = clips / f"{title}__{number}.wav"
                clip.write(path)
                rows.append(row_of(path, kind, f"apt:{found[-1].name}", terms, clip))
                total += len(clip.data)
            if total > BYTES:
                break
        print(f"{package}: {total / 1e6:.0f} MB, {left_out} files left out", flush=True)
        if not (font and font.is_relative_to(tree)):
            shutil.rmtree(tree)

    with (out / "MANIFEST.tsv").open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow("clip kind source licence rate bits channels seconds".split())
        table.writerows(rows)
    measuring = sorted(p for folder in a.exclude_audio for p in folder.rglob("*.wav"))
    if pairs := shared_audio([clips / r[0] for r in rows], measuring):
        for clip, other in pairs:
            print(f"{clip} shares audio with {other}")
        raise SystemExit("the corpus holds audio that serves for measuring; nothing may be trained")
    hours: dict[str, float] = {}
    for row in rows:
        hours[row[1]] = hours.get(row[1], 0) + row[7] / 3600
    print({kind: round(h, 2) for kind, h in sorted(hours.items())}, "hours")


if __name__ == "__main__":
    main()
