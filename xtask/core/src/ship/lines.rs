//! What a container wrote, in the order of writing: the engine hands out each of its two streams by
//! itself, and says of each line when it was written.

/// The lines of both streams, each with its moment before it, as one text without the moments.
pub fn in_order(stdout: &str, stderr: &str) -> String {
    let mut lines: Vec<(&str, &str)> = stamped(stdout);
    lines.extend(stamped(stderr));
    // Stable: what was written at one moment stays in the order of its stream.
    lines.sort_by_key(|(moment, _)| *moment);
    lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

/// A line without a moment, such as a notice of the engine itself, belongs to the one before it.
fn stamped(text: &str) -> Vec<(&str, &str)> {
    let mut last = "";
    let end = |line: &str| line.find(' ').filter(|end| *end == 30 && is_moment(line));
    text.lines()
        .map(|line| match end(line) {
            Some(end) => {
                last = &line[..end];
                (last, &line[end + 1..])
            }
            None if line.len() == 30 && is_moment(line) => {
                last = line;
                (last, "")
            }
            None => (last, line),
        })
        .collect()
}

/// `2026-11-27T08:00:00.123456789Z`: such texts sort as their moments do.
fn is_moment(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() >= 30
        && bytes[..30].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => *byte == b'T',
            13 | 16 => *byte == b':',
            19 => *byte == b'.',
            29 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_told_in_the_order_of_writing() {
        let at = |tenth: u32, line: &str| format!("2026-11-27T08:00:00.{tenth}00000000Z {line}\n");
        let stdout = [at(1, "one"), at(3, "three"), at(5, "five  with blanks ")].concat();
        let stderr = [at(2, "two"), at(4, "four"), at(4, "four again"), at(6, "")].concat();
        let told = in_order(&stdout, &stderr);
        assert_eq!(told, "one\ntwo\nthree\nfour\nfour again\nfive  with blanks \n");
    }

    #[test]
    fn a_line_without_a_moment_stays_with_the_one_before_it() {
        let stdout = "2026-11-27T08:00:00.500000000Z b\nError from daemon\n";
        let stderr = "2026-11-27T08:00:00.100000000Z a\n2026-11-27T08:00:00.900000000Z\n";
        assert_eq!(in_order(stdout, stderr), "a\nb\nError from daemon\n");
        assert_eq!(in_order("", ""), "");
    }
}
