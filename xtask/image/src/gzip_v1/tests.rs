use super::*;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use std::io::Read as _;
use std::process::{Command, Stdio};
use xtask_core::digest::Digest;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const LEVELS: [Level; 3] = [Level::Default, Level::Fast, Level::Store];

/// Text-like bytes that anybody can make again: words of a fixed list, chosen by the generator
/// x → 6364136223846793005 x + 1442695040888963407 modulo 2^64, by its highest four bits.
fn text(len: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "module",
        "exports",
        "require",
        "function",
        "return",
        "const",
        "\"use strict\";\n",
        "  ",
        "node_modules/",
        "version",
        "0.1.2",
        "{\n",
        "}\n",
        "=> ",
        "license",
        "MIT",
    ];
    let mut state = 1_u64;
    let mut bytes = Vec::with_capacity(len + 16);
    while bytes.len() < len {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(WORDS[(state >> 60) as usize].as_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn compress(input: &[u8], level: Level, threads: usize, slice: usize) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), Options { level, threads });
    for part in input.chunks(slice) {
        encoder.write_all(part).unwrap();
    }
    encoder.finish().unwrap()
}

fn whole(input: &[u8], level: Level) -> Vec<u8> {
    compress(input, level, 1, usize::MAX)
}

/// Reads one member only, so a second one would be noticed.
fn expand(compressed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = GzDecoder::new(compressed);
    decoder.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_empty_stream_is_these_bytes() {
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    assert_eq!(whole(b"", Level::Default), [&header[..], b"\x03\0", &[0; 8]].concat());
    assert_eq!(whole(b"", Level::Store), [&header[..], b"\x01\0\0\xff\xff", &[0; 8]].concat());
}

#[test]
fn a_short_stream_is_these_bytes() {
    let wanted = [
        &b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..],
        b"\xcbH\xcd\xc9\xc9\xd7Q(\xcf/\xcaI\x01\0",
        b"\x3a\x72\xab\xff\x0c\0\0\0",
    ];
    assert_eq!(hex(&whole(b"hello, world", Level::Default)), hex(&wanted.concat()));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// If this fails after a change of zlib-rs, the encoder id must change with it.
#[test]
fn golden_streams_keep_their_digests() {
    let lens = [1, BLOCK_LEN - 1, BLOCK_LEN, BLOCK_LEN + 1, 3 * BLOCK_LEN + 12_345];
    let digests = |level| lens.map(|len| Digest::of(&whole(&text(len), level)).short());
    assert_eq!(
        digests(Level::Default),
        ["931f91987ee2", "47466c8136d3", "34eadd358292", "38dfbf92d8ef", "1ec4268e6326"]
    );
    assert_eq!(
        digests(Level::Fast),
        ["931f91987ee2", "f85ae272747e", "1b369b6e3151", "5ec68de60640", "a4ad83b7b7bf"]
    );
    assert_eq!(
        digests(Level::Store),
        ["df9738a94a63", "2f67e5e05f97", "def72431cc1f", "cadfb0a76657", "30574a7a167d"]
    );
}

#[test]
fn the_encoder_id_names_the_locked_library() {
    let lock = include_str!("../../../../Cargo.lock");
    let (_, entry) = lock.split_once("name = \"zlib-rs\"\nversion = \"").unwrap();
    let (version, _) = entry.split_once('"').unwrap();
    for level in [Level::Default, Level::Fast] {
        let wanted = format!("gzip-v1 zlib-rs {version} level ");
        assert!(level.encoder_id().starts_with(&wanted), "{} {version}", level.encoder_id());
    }
}

#[test]
fn bytes_that_do_not_compress_fit_the_room() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut noise = Vec::new();
    while noise.len() < 2 * BLOCK_LEN + 1 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    for level in LEVELS {
        let compressed = whole(&noise, level);
        // A ninth bit for half of the literals is the worst that level 1 does.
        assert!(compressed.len() < noise.len() + noise.len() / 8, "{level:?} {}", compressed.len());
        assert_eq!(expand(&compressed), noise);
    }
}

#[test]
fn gzip_itself_is_content() {
    let mut gzip = Command::new(required!(required_program("gzip")));
    let gzip = gzip.arg("--test").stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut gzip = gzip.spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(&whole(&text(2_500_000), Level::Default)).unwrap();
    let output = gzip.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_sink_that_fails_is_heard_and_no_thread_hangs() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::StorageFull, "full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut encoder = Encoder::new(Full, Options { level: Level::Fast, threads: 2 });
    let written = encoder.write_all(&text(8 * BLOCK_LEN));
    let error = written.and_then(|()| encoder.finish().map(drop)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn neither_threads_nor_slices_change_a_byte(
        len in prop_oneof![0..5000_usize, (BLOCK_LEN - 2..BLOCK_LEN + 3), 0..3 * BLOCK_LEN],
        slice in prop_oneof![1..20_usize, 500..70_000_usize],
        level in prop::sample::select(LEVELS.to_vec()),
    ) {
        let input = text(len);
        let wanted = whole(&input, level);
        for threads in [1, 2, 4] {
            prop_assert!(compress(&input, level, threads, slice) == wanted);
        }
        prop_assert!(expand(&wanted) == input);
    }
}
