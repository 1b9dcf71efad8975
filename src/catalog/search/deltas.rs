//! Ascending ordinals as bytes: of each its difference from the one before, the first as it is, seven bits to a byte from the
//! lowest on; all but the last byte of a difference have the eighth bit (LEB128).

use super::bits::Bits;
use roaring::RoaringBitmap;
use std::io;

/// What a byte has of a number, and how many bits that are.
const PART: u8 = 0x7f;
const PART_BITS: u32 = 7;

/// So many are put into a bitmap as a set of bits: one after the other takes longer.
const MANY: usize = 1_024;

/// The bytes of a number.
pub fn parts(mut number: u32) -> impl Iterator<Item = u8> {
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let part = number as u8 & PART;
        number >>= PART_BITS;
        is_over = number == 0;
        Some(if is_over { part } else { part | !PART })
    })
}

/// Puts the bytes together to a number.
fn number(mut next: impl FnMut() -> Option<u8>) -> Option<u32> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = next()?;
        number |= u32::from(byte & PART).checked_shl(shift)?;
        if byte <= PART {
            return Some(number);
        }
        shift += PART_BITS;
    }
}

/// Puts ordinals behind what is there.
pub fn put(bytes: &mut Vec<u8>, ordinals: &[u32]) {
    let mut before = 0;
    for ordinal in ordinals {
        bytes.extend(parts(ordinal - before));
        before = *ordinal;
    }
}

/// The ordinals that bytes have.
pub fn read(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let (mut bytes, mut ordinal) = (bytes.iter(), 0_u32);
    std::iter::from_fn(move || {
        ordinal = ordinal.wrapping_add(number(|| bytes.next().copied())?);
        Some(ordinal)
    })
}

/// The same as a bitmap.
///
/// # Errors
/// If they do not ascend, or end within a number: then these are no ordinals.
pub fn bitmap(bytes: &[u8]) -> io::Result<RoaringBitmap> {
    let ordinals: Vec<u32> = read(bytes).collect();
    let is_whole = bytes.iter().filter(|byte| **byte <= PART).count() == ordinals.len() && bytes.last() <= Some(&PART);
    if !is_whole || !ordinals.is_sorted_by(|one, next| one < next) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "ordinals are damaged"));
    }
    if ordinals.len() < MANY {
        let bitmap = RoaringBitmap::from_sorted_iter(ordinals).map_err(io::Error::other)?;
        // Without the room that it was made with: it may be kept.
        return Ok(bitmap.clone());
    }
    let products = ordinals.last().map_or(0, |last| *last as usize + 1);
    Ok(Bits::of(ordinals, products).bitmap())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ordinals_are_read_as_they_were_put(ordinals in btree_set(prop_oneof![0_u32..500, any::<u32>()], 0..200)) {
            let ordinals: Vec<u32> = ordinals.into_iter().collect();
            let mut bytes = Vec::new();
            put(&mut bytes, &ordinals);
            prop_assert_eq!(read(&bytes).collect::<Vec<_>>(), ordinals.clone());
            prop_assert_eq!(bitmap(&bytes).unwrap().into_iter().collect::<Vec<_>>(), ordinals);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = bitmap(&bytes);
        }
    }

    #[test]
    fn small_differences_take_a_byte() {
        let mut bytes = Vec::new();
        put(&mut bytes, &[0, 127, 255, 100_000]);
        assert_eq!(bytes.len(), 1 + 1 + 2 + 3);
    }

    #[test]
    fn many_are_the_same() {
        let ordinals: Vec<u32> = (5..3_000).map(|at| at * at / 9).collect();
        let mut bytes = Vec::new();
        put(&mut bytes, &ordinals);
        assert!(bitmap(&bytes).unwrap().into_iter().eq(ordinals));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        for bytes in [
            &[7, 0][..],
            &[7, 0x80],
            &[0x80; 6],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] {
            assert!(bitmap(bytes).is_err(), "{bytes:x?}");
        }
    }
}
