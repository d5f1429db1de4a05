//! 64 well-mixed bits of text, the same on every platform and in every build: sketches are written and merged later.

/// FNV-1a over the texts, each ended by a byte that none holds.
pub fn of_texts<S: AsRef<str>>(texts: &[S]) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        for byte in text.as_ref().bytes().chain([0xff]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    mixed(state)
}

pub fn pair(a: u64, b: u64) -> u64 {
    mixed(a.rotate_left(32) ^ mixed(b))
}

/// The last step of MurmurHash3: what FNV leaves uneven in the high bits, a sketch would take for rare.
fn mixed(mut h: u64) -> u64 {
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}
