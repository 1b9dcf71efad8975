//! Ordinals as a set of bits, a bit for each product that there may be.

use roaring::RoaringBitmap;

/// A set of ordinals; the lowest bit of the first byte is ordinal zero.
#[derive(Default)]
pub struct Bits(Vec<u8>);

impl Bits {
    /// An empty set with room for ordinals below `products`.
    pub fn below(products: usize) -> Self {
        Self(vec![0; products.div_ceil(8)])
    }

    /// A set of ordinals, with room for those below `products`.
    pub fn of(ordinals: impl IntoIterator<Item = u32>, products: usize) -> Self {
        let mut bits = Self::below(products);
        for ordinal in ordinals {
            bits.put(ordinal);
        }
        bits
    }

    /// Adds an ordinal.
    pub fn put(&mut self, ordinal: u32) {
        let at = ordinal as usize / 8;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (ordinal % 8);
    }

    /// Whether an ordinal is there.
    pub fn has(&self, ordinal: u32) -> bool {
        let byte = self.0.get(ordinal as usize / 8);
        byte.is_some_and(|byte| byte & (1 << (ordinal % 8)) != 0)
    }

    /// The same as a bitmap.
    pub fn bitmap(&self) -> RoaringBitmap {
        RoaringBitmap::from_lsb0_bytes(0, &self.0)
    }

    /// How much memory it takes.
    pub fn size_bytes(&self) -> usize {
        self.0.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let bitmap: RoaringBitmap = [0, 7, 8, 63].into_iter().collect();
        let mut bits = Bits::of(&bitmap, 10);
        assert!([0, 7, 8, 63].into_iter().all(|ordinal| bits.has(ordinal)));
        assert!([1, 9, 62, 64, u32::MAX].into_iter().all(|ordinal| !bits.has(ordinal)));
        assert_eq!(bits.bitmap(), bitmap);
        bits.put(200);
        assert!(bits.has(200) && !bits.has(199));
    }
}
