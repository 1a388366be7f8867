//! The worked example of the format's description: files and hex dump are what they say.
//!
//! `make pinned` writes them anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::support::{compress, decompress, wav};

const START: &str = "<!-- Start of what tests/format/spec_example.rs writes -->\n";
const END: &str = "<!-- End of what tests/format/spec_example.rs writes -->\n";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/examples").join(name)
}

/// 120 frames of 16 bits: parabolas, with the last bits anything but smooth.
fn original() -> Vec<u8> {
    let samples: Vec<i16> = (0..120)
        .map(|i| {
            let t = i % 40 - 20;
            let arc = (400 - t * t) * if i / 40 % 2 == 0 { 20 } else { -20 };
            (arc + i * i * 37 % 101) as i16
        })
        .collect();
    wav::pcm16(1, 8_000, &samples)
}

/// Lists fields of a file, front to back.
struct Listing<'a> {
    bytes: &'a [u8],
    at: usize,
    text: String,
}

impl<'a> Listing<'a> {
    /// Takes a field and writes its bytes, 16 to a line, and its meaning.
    fn field(&mut self, length: usize, meaning: &str) -> &'a [u8] {
        let field = &self.bytes[self.at..self.at + length];
        for (i, line) in field.chunks(16).enumerate() {
            let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02X}")).collect();
            let meaning = if i == 0 { meaning } else { "" };
            let row = format!("{:04X}  {:<47}  {meaning}", self.at + 16 * i, hex.join(" "));
            writeln!(self.text, "{}", row.trim_end()).unwrap();
        }
        self.at += length;
        field
    }

    /// Takes an integer of fixed width and writes its value behind its meaning.
    fn integer(&mut self, length: usize, meaning: &str) -> usize {
        let field = &self.bytes[self.at..self.at + length];
        let value = field.iter().rev().fold(0, |value, &byte| value << 8 | usize::from(byte));
        self.field(length, &format!("{meaning}: {value}"));
        value
    }

    /// The same for a number (§1).
    fn number(&mut self, meaning: &str) -> usize {
        let rest = &self.bytes[self.at..];
        let length = 1 + rest.iter().position(|&byte| byte < 0x80).unwrap();
        let low = |byte: &u8| usize::from(byte & 0x7F);
        let value = rest[..length].iter().rev().fold(0, |value, byte| value << 7 | low(byte));
        self.field(length, &format!("{meaning}: {value}"));
        value
    }

    fn heading(&mut self, heading: &str) {
        if !self.text.is_empty() {
            self.text.push_str("```\n\n");
        }
        writeln!(self.text, "**{heading}**\n\n```").unwrap();
    }

    /// Returns the length of the header's body.
    fn file_header(&mut self) -> usize {
        self.heading("File header (§4)");
        self.field(8, "signature");
        self.integer(1, "version");
        self.integer(1, "draft");
        let body = self.integer(2, "body length");
        let end = self.at + body;
        self.integer(1, "level");
        self.field(1, "flags: there is an audio format");
        self.field(1, "container 0, sample format 1");
        self.number("format tag");
        self.number("channels");
        self.number("sample rate");
        self.number("average bytes per second, less the usual ones");
        self.number("valid bits per sample");
        self.number("channel mask");
        self.number("segment frames");
        assert_eq!(self.at, end, "a fingerprint");
        self.field(4, "CRC-32 of the file header");
        body
    }

    fn block(&mut self, number: usize) {
        self.heading(&format!("Block {number} (§5)"));
        self.field(4, "marker");
        self.integer(1, "length of the fields");
        let kind = self.integer(1, "kind and flags");
        if kind & 15 == 4 {
            self.integer(1, "mapping");
        }
        self.number("original offset");
        self.number("original length");
        let stream = self.number("stream length");
        let lsb = if kind & 15 == 4 { self.number("LSB length") } else { 0 };
        self.field(4, "CRC-32 of the payload");
        self.field(4, "CRC-32 of the original bytes");
        self.field(4, "CRC-32 of the block header");
        self.field(
            stream,
            if kind & 15 == 4 { "coded stream" } else { "output of the byte model" },
        );
        self.field(lsb, "LSB block");
    }

    fn trailer(&mut self, body: usize) {
        self.heading("Trailer and footer (§6)");
        self.field(4, "marker");
        self.integer(2, "length of the fields");
        let blocks = self.number("block count");
        self.number("original length");
        self.field(16, "hash of the original");
        self.field(body, "copy of the header's body");
        for block in 0..blocks {
            self.number(&format!("length of block {block}"));
            self.number("its frames");
            self.field(4, "CRC-32 of its original bytes");
        }
        self.field(4, "CRC-32 of the trailer");
        self.integer(4, "length of the trailer");
        self.field(4, "end marker");
        self.text.push_str("```\n");
    }
}

fn listing(lmz: &[u8]) -> String {
    let mut listing = Listing { bytes: lmz, at: 0, text: String::new() };
    let body = listing.file_header();
    let mut blocks = 0;
    while lmz[listing.at..].starts_with(b"\xB7lb\n") {
        listing.block(blocks);
        blocks += 1;
    }
    listing.trailer(body);
    assert_eq!(listing.at, lmz.len());
    listing.text
}

#[test]
fn the_example_is_what_the_encoder_writes() {
    let original = original();
    let lmz = compress(&original);
    assert!(decompress(&lmz).unwrap() == original);

    let page = fs::read_to_string(path("README.md")).unwrap();
    let (before, rest) = page.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = [before, START, &listing(&lmz), END, after].concat();
    if env::var_os("LMZ_UPDATE_EXAMPLE").is_some() {
        fs::write(path("tiny.wav"), &original).unwrap();
        fs::write(path("tiny.lmz"), &lmz).unwrap();
        fs::write(path("README.md"), &expected).unwrap();
        return;
    }
    let stale = "out of date: run `make pinned`";
    assert!(fs::read(path("tiny.wav")).unwrap() == original, "tiny.wav is {stale}");
    assert!(fs::read(path("tiny.lmz")).unwrap() == lmz, "tiny.lmz is {stale}");
    assert!(page == expected, "README.md is {stale}");
}
