//! The two ways to make text stand what happens on its way (RFC 6376, section 3.4).

/// How much may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canon {
    /// Next to nothing.
    Simple,
    /// Blanks and folds.
    Relaxed,
}

impl Canon {
    /// The word in `c=`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Relaxed => "relaxed",
        }
    }

    /// The way that a word names.
    pub fn parse(word: &str) -> Option<Canon> {
        [Self::Simple, Self::Relaxed].into_iter().find(|canon| canon.word() == word.trim().to_lowercase())
    }

    /// The other one.
    pub fn other(self) -> Canon {
        if self == Self::Simple { Self::Relaxed } else { Self::Simple }
    }

    /// A header made ready for hashing.
    pub fn header(self, raw: &[u8]) -> Vec<u8> {
        if self == Self::Simple {
            return raw.to_vec();
        }
        let colon = raw.iter().position(|byte| *byte == b':').unwrap_or(raw.len());
        let (name, value) = raw.split_at(colon);
        let mut ready = name.trim_ascii_end().to_ascii_lowercase();
        ready.push(b':');
        let value = value.get(1..).unwrap_or_default();
        let words = value.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        for (place, word) in words.enumerate() {
            if place > 0 {
                ready.push(b' ');
            }
            ready.extend_from_slice(word);
        }
        ready.extend_from_slice(b"\r\n");
        ready
    }

    /// A line of a body made ready for hashing, without its end.
    fn line(self, line: &[u8], ready: &mut Vec<u8>) {
        if self == Self::Simple {
            return ready.extend_from_slice(line);
        }
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let end = line.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1);
        let mut in_blanks = false;
        for byte in &line[..end] {
            if !is_blank(byte) {
                ready.push(*byte);
            } else if !in_blanks {
                ready.push(b' ');
            }
            in_blanks = is_blank(byte);
        }
    }

    /// The lines of a body made ready for hashing, each with its CRLF, also those that end the body and do not count.
    pub fn lines(self, body: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let mut rest = body;
        std::iter::from_fn(move || {
            let (line, after) = super::letter::take_line(rest);
            let mut ready = Vec::with_capacity(line.len() + 2);
            rest = after;
            (!line.is_empty()).then(|| {
                self.whole_line(line, &mut ready);
                ready
            })
        })
    }

    fn whole_line(self, line: &[u8], ready: &mut Vec<u8>) {
        self.line(line.strip_suffix(b"\r\n").unwrap_or(line), ready);
        ready.extend_from_slice(b"\r\n");
    }

    /// A body made ready for hashing.
    pub fn body(self, body: &[u8]) -> Vec<u8> {
        let mut ready = Vec::with_capacity(body.len() + 2);
        let mut rest = body;
        while !rest.is_empty() {
            let (line, after) = super::letter::take_line(rest);
            self.whole_line(line, &mut ready);
            rest = after;
        }
        self.ended(ready)
    }

    /// A body of lines that are ready.
    pub fn join<'l>(self, lines: impl Iterator<Item = &'l [u8]>) -> Vec<u8> {
        self.ended(lines.collect::<Vec<_>>().concat())
    }

    /// Empty lines at the end do not count.
    fn ended(self, mut ready: Vec<u8>) -> Vec<u8> {
        while ready == b"\r\n" || ready.ends_with(b"\r\n\r\n") {
            ready.truncate(ready.len() - 2);
        }
        if ready.is_empty() && self == Self::Simple {
            ready.extend_from_slice(b"\r\n");
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376, section 3.4.5.
    #[test]
    fn the_example_of_the_standard() {
        let (a, b) = (b"A: X\r\n", b"B : Y\t\r\n\tZ  \r\n");
        let body = b" C \r\nD \t E\r\n\r\n\r\n";
        let relaxed = Canon::Relaxed;
        assert_eq!([relaxed.header(a), relaxed.header(b)].concat(), b"a:X\r\nb:Y Z\r\n");
        assert_eq!(relaxed.body(body), b" C\r\nD E\r\n");
        assert_eq!(Canon::Simple.header(b), b);
        assert_eq!(Canon::Simple.body(body), b" C \r\nD \t E\r\n");
    }

    #[test]
    fn an_empty_body_and_one_without_a_last_line_end() {
        for body in [&b""[..], b"\r\n", b"\r\n\r\n"] {
            assert_eq!((Canon::Simple.body(body), Canon::Relaxed.body(body)), (b"\r\n".to_vec(), vec![]));
        }
        assert_eq!((Canon::Relaxed.body(b" \t\r\n"), Canon::Simple.body(b"a")), (vec![], b"a\r\n".to_vec()));
    }
}
