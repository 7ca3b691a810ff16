//! Writes a bbolt file once: nested buckets of keys and values, as Go's bbolt reads them.
//!
//! Nothing is ever changed in such a file, so each bucket is one leaf page, with as many
//! overflow pages as it needs: no branch pages, no inline buckets, an empty freelist.
//!
//! ```text
//! page 0, 1     meta: the same but for the transaction, checked by FNV-1a
//! page 2        freelist: empty
//! page 3 …      leaves: the buckets below come before the bucket that names them
//!
//! page          id u64 · flags u16 · count u16 · overflow u32 · elements · keys and values
//! element       flags u32 (1: a bucket) · offset from here u32 · key length u32 · value length u32
//! bucket value  root page u64 · sequence u64
//! ```

use std::collections::BTreeMap;

const PAGE: usize = 4096;
const HEADER: usize = 16;
const ELEMENT: usize = 16;
const LEAF: u16 = 0x02;
const META: u16 = 0x04;
const FREELIST: u16 = 0x10;
const FREELIST_PAGE: u64 = 2;
const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;

/// Keys with their values, in the order of their bytes.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    entries: BTreeMap<Vec<u8>, Entry>,
}

#[derive(Clone, Debug)]
enum Entry {
    Value(Vec<u8>),
    Bucket(Bucket),
}

impl Bucket {
    /// Puts `value` under `key`.
    pub fn put(&mut self, key: &str, value: impl Into<Vec<u8>>) {
        self.entries.insert(key.into(), Entry::Value(value.into()));
    }

    /// The bucket called `key` inside this one; made if it is not there.
    ///
    /// # Panics
    /// If `key` holds a value.
    pub fn bucket(&mut self, key: &str) -> &mut Self {
        let entry = self.entries.entry(key.into());
        match entry.or_insert_with(|| Entry::Bucket(Self::default())) {
            Entry::Bucket(bucket) => bucket,
            Entry::Value(_) => panic!("`{key}` holds a value"),
        }
    }

    /// The whole file whose top this bucket is.
    pub fn to_file(&self) -> Vec<u8> {
        let mut pages = Pages(vec![0; PAGE * 3]);
        let root = pages.bucket(self);
        let end = pages.next();
        pages.header(FREELIST_PAGE, FREELIST, 0, 0);
        for transaction in 0..2 {
            pages.meta(transaction, root, end);
        }
        pages.0
    }
}

/// The file so far, always a whole number of pages.
struct Pages(Vec<u8>);

impl Pages {
    fn next(&self) -> u64 {
        (self.0.len() / PAGE) as u64
    }

    /// Writes the bucket and all below it; gives back its page.
    fn bucket(&mut self, bucket: &Bucket) -> u64 {
        let elements: Vec<(&[u8], u32, Vec<u8>)> = bucket
            .entries
            .iter()
            .map(|(key, entry)| match entry {
                Entry::Value(value) => (key.as_slice(), 0, value.clone()),
                Entry::Bucket(inner) => {
                    let root = self.bucket(inner);
                    (key.as_slice(), 1, [root.to_le_bytes(), [0; 8]].concat())
                }
            })
            .collect();
        self.leaf(&elements)
    }

    fn leaf(&mut self, elements: &[(&[u8], u32, Vec<u8>)]) -> u64 {
        let (mut table, mut data) = (Vec::new(), Vec::new());
        for (position, (key, flags, value)) in elements.iter().enumerate() {
            let offset = (elements.len() - position) * ELEMENT + data.len();
            for number in [*flags, long(offset), long(key.len()), long(value.len())] {
                table.extend(number.to_le_bytes());
            }
            data.extend_from_slice(key);
            data.extend_from_slice(value);
        }
        let id = self.next();
        let pages = (HEADER + table.len() + data.len()).div_ceil(PAGE);
        let start = self.0.len();
        self.0.resize(start + HEADER, 0);
        self.0.extend(table);
        self.0.extend(data);
        self.0.resize(start + pages * PAGE, 0);
        let count = u16::try_from(elements.len()).expect("a leaf counts to 65535");
        self.header(id, LEAF, count, long(pages - 1));
        id
    }

    fn header(&mut self, id: u64, flags: u16, count: u16, overflow: u32) {
        let mut header = id.to_le_bytes().to_vec();
        header.extend(flags.to_le_bytes());
        header.extend(count.to_le_bytes());
        header.extend(overflow.to_le_bytes());
        self.put(id, 0, &header);
    }

    fn meta(&mut self, transaction: u64, root: u64, end: u64) {
        self.header(transaction, META, 0, 0);
        let mut meta = Vec::new();
        for number in [MAGIC, VERSION, long(PAGE), 0] {
            meta.extend(number.to_le_bytes());
        }
        let sequence = 0;
        for number in [root, sequence, FREELIST_PAGE, end, transaction] {
            meta.extend(number.to_le_bytes());
        }
        meta.extend(fnv_1a(&meta).to_le_bytes());
        self.put(transaction, HEADER, &meta);
    }

    fn put(&mut self, page: u64, offset: usize, bytes: &[u8]) {
        let start = usize::try_from(page).expect("a page in memory") * PAGE + offset;
        self.0[start..start + bytes.len()].copy_from_slice(bytes);
    }
}

fn long(number: usize) -> u32 {
    u32::try_from(number).expect("a test's file is small")
}

fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_fnv_1a_with_64_bits() {
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_bucket_larger_than_a_page_says_how_far_it_goes() {
        let mut root = Bucket::default();
        root.bucket("large").put("key", vec![b'x'; 3 * PAGE]);
        let file = root.to_file();
        assert_eq!(file.len(), PAGE * (3 + 4 + 1), "meta, freelist, the bucket, the top");
        assert_eq!(file[3 * PAGE + 12], 3, "three pages more belong to it");
        assert_eq!(file[HEADER + 16], 7, "the top comes last");
    }
}
