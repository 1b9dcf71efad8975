//! The products of a gram while a segment is built: most grams have very few.

use roaring::{MultiOps as _, RoaringBitmap};

/// So many take no more room than an empty bitmap and its tag.
const FEW: usize = 6;

/// Ordinals in ascending order.
#[derive(Debug)]
pub enum Ordinals {
    Few(u8, [u32; FEW]),
    Many(RoaringBitmap),
}

impl Default for Ordinals {
    fn default() -> Self {
        Self::Few(0, [0; FEW])
    }
}

impl Ordinals {
    /// Adds ordinals, which ascend and are beyond those that are there.
    pub fn append(&mut self, more: &[u32]) {
        match self {
            Self::Few(count, few) => {
                let (start, end) = (usize::from(*count), usize::from(*count) + more.len());
                if let Some(room) = few.get_mut(start..end) {
                    room.copy_from_slice(more);
                    *count = end as u8;
                } else {
                    let all = few[..start].iter().chain(more).copied();
                    *self = Self::Many(ascending(all));
                }
            }
            Self::Many(bitmap) => {
                // It takes them all.
                let _ = bitmap.append(more.iter().copied());
            }
        }
    }

    /// How much memory they take besides their own size.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Few(..) => 0,
            Self::Many(bitmap) => bitmap.serialized_size() + CONTAINER_BYTES,
        }
    }

    /// All of them together.
    pub fn union<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let many = all.clone().filter_map(|ordinals| match ordinals {
            Self::Few(..) => None,
            Self::Many(bitmap) => Some(bitmap),
        });
        // All at once: one after the other, thousands would each be merged into a longer and longer list.
        let mut union = many.union();
        let mut few: Vec<u32> = all.flat_map(Self::few).copied().collect();
        few.sort_unstable();
        few.dedup();
        union |= ascending(few.into_iter());
        Self::of(union)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let many = match self {
            Self::Few(..) => None,
            Self::Many(bitmap) => Some(bitmap),
        };
        self.few().iter().copied().chain(many.into_iter().flatten())
    }

    fn of(bitmap: RoaringBitmap) -> Self {
        if bitmap.len() > FEW as u64 {
            return Self::Many(bitmap);
        }
        let mut ordinals = Self::default();
        ordinals.append(&bitmap.iter().collect::<Vec<u32>>());
        ordinals
    }

    fn few(&self) -> &[u32] {
        match self {
            Self::Few(count, few) => &few[..usize::from(*count)],
            Self::Many(_) => &[],
        }
    }
}

/// What a bitmap takes besides its values, about.
const CONTAINER_BYTES: usize = 48;

fn ascending(ordinals: impl Iterator<Item = u32>) -> RoaringBitmap {
    let mut bitmap = RoaringBitmap::new();
    let _ = bitmap.append(ordinals);
    bitmap
}
