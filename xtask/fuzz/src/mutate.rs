//! Damage to a seed, chosen by a number: the same number, the same damage.

/// `seed` with a few bytes changed, cut out or doubled.
pub fn damaged(seed: &[u8], number: u64) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let mut state = number;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    for _ in 0..=next(6) {
        let at = next(bytes.len());
        match next(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, next(256).to_le_bytes()[0]),
            2 => drop(bytes.drain(at..(at + next(16)).min(bytes.len()))),
            3 => bytes.extend_from_within(at..(at + next(64)).min(bytes.len())),
            _ if at < bytes.len() => bytes[at] = next(256).to_le_bytes()[0],
            _ => {}
        }
    }
    bytes
}
