//! Which line a place of a text is on, counted once for the whole text.

/// Where each line begins.
pub(in crate::database) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(in crate::database) fn of(text: &'t str) -> Self {
        let behind = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(behind).collect() }
    }

    /// The line of a place, from 1.
    pub(in crate::database) fn at(&self, place: usize) -> usize {
        self.starts.partition_point(|start| *start <= place)
    }

    /// What stands on a line.
    pub(super) fn said(&self, line: usize) -> &'t str {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..];
        rest.split('\n').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_behind_one_end_to_the_next() {
        let lines = Lines::of("a\nbc\n\nd");
        let found: Vec<usize> = (0..9).map(|at| lines.at(at)).collect();
        assert_eq!(found, [1, 1, 2, 2, 2, 3, 4, 4, 4]);
        assert_eq!(
            [lines.said(1), lines.said(2), lines.said(3), lines.said(4)],
            ["a", "bc", "", "d"]
        );
        assert_eq!(Lines::of("").at(0), 1);
    }
}
