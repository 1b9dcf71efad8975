//! A rejected row on a page: where it stood, why it was not taken, and what was in it.

/// A rejected row, for the page.
#[derive(Clone, Debug)]
pub struct RejectionView {
    /// The line of the file where it began.
    pub line: i64,
    /// Why it was not taken, in plain words.
    pub reason: String,
    /// Its fields as they stood.
    pub values: Vec<String>,
}

impl RejectionView {
    /// The row as one line; long ones are cut, the download has them whole.
    pub fn row(&self) -> String {
        let named = |value: &String| {
            if value.trim().is_empty() {
                "(empty)".to_owned()
            } else {
                value.clone()
            }
        };
        let row = self.values.iter().map(named).collect::<Vec<_>>().join(" │ ");
        match row.char_indices().nth(300) {
            Some((end, _)) => format!("{}…", &row[..end]),
            None => row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rows_are_cut_between_letters() {
        let row = RejectionView {
            line: 2,
            reason: String::new(),
            values: vec!["é".repeat(400), " ".into()],
        }
        .row();
        assert_eq!(row.chars().count(), 301);
        assert!(row.ends_with('…'));
    }
}
