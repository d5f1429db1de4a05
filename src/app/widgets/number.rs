//! Numbers as the page spells them.

/// With thin spaces between thousands: `12 345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `3 files`
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Three significant digits: `0.312 ms`, `31.2 ms`, `4 520 ms`.
pub fn milliseconds(value: f64) -> String {
    format!("{} ms", significant(value))
}

fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value.abs() >= 999.5 {
        let scale = 10f64.powi(value.abs().log10().floor() as i32 - 2);
        let rounded = ((value / scale).round() * scale).abs() as u64;
        return format!("{}{}", if value < 0.0 { "-" } else { "" }, count(rounded));
    }
    let digits = match value.abs() {
        small if small < 0.0005 => 0,
        small if small < 0.9995 => 3,
        small if small < 9.995 => 2,
        small if small < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// `480 B`, `31 kB`, `4.2 MB`
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{} kB", number.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number as f64 / 1e6),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!(plural(1, "file", "files"), "1 file");
        assert_eq!(plural(0, "file", "files"), "0 files");
    }

    #[test]
    fn times_have_three_digits() {
        let spelled = [0.0, 0.31249, 0.9999, 3.2149, 31.25, 99.99, 312.4, 4_523.0, 999.9].map(milliseconds);
        let expected = ["0 ms", "0.312 ms", "1.00 ms", "3.21 ms", "31.2 ms", "100 ms", "312 ms"];
        assert_eq!(spelled[..7], expected);
        assert_eq!(spelled[7..], ["4\u{202f}520 ms", "1\u{202f}000 ms"]);
        assert_eq!(milliseconds(f64::NAN), "– ms");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [0, 480, 1_000, 30_400, 4_200_000, 2_000_000_000].map(bytes),
            ["0 B", "480 B", "1 kB", "31 kB", "4.2 MB", "2.0 GB"]
        );
    }
}
