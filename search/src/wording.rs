//! Numbers in texts for people.

use std::fmt::Display;

/// So many of something: `1 trial`, `2 trials`, `1 class`, `2 classes`.
pub fn counted(count: impl Display, what: &str) -> String {
    let count = count.to_string();
    let ending = match count.as_str() {
        "1" => "",
        _ if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {what}{ending}")
}

/// A whole number in groups of three digits.
pub fn grouped(value: impl Display) -> String {
    let digits = value.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups = groups.map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        for (count, what, text) in [
            (0, "trial", "0 trials"),
            (1, "trial", "1 trial"),
            (2, "trial", "2 trials"),
            (1, "class", "1 class"),
            (10, "class", "10 classes"),
        ] {
            assert_eq!(counted(count, what), text);
        }
        assert_eq!(counted(grouped(1001), "network"), "1 001 networks");
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        for (value, text) in [
            (1, "1"),
            (999, "999"),
            (1000, "1 000"),
            (1_234_567, "1 234 567"),
        ] {
            assert_eq!(grouped(value), text);
        }
    }
}
