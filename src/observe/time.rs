//! Times as logs write them, in microseconds since 1970. Zones are left out: one log has one.

/// `2024-01-02 03:04:05`, with `T` in between too, and a fraction behind `.` or `,`, at the start of the text. Also how
/// many bytes that are.
pub(super) fn timestamp(text: &[u8]) -> Option<(i64, usize)> {
    let fixed: &[u8; 19] = text.first_chunk()?;
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| fixed.get(*at) != Some(mark)) || !matches!(fixed[10], b' ' | b'T') {
        return None;
    }
    let two = |at: usize| fixed.get(at..at + 2).and_then(number);
    let day = days(two(0)? * 100 + two(2)?, two(5)?, two(8)?)?;
    let (micros, length) = fraction(text.get(19..)?);
    Some((clock(day, two(11)?, two(14)?, two(17)?)? + micros, 19 + length))
}

/// `1700000000.123`, as `%n` of PostgreSQL writes it.
pub(super) fn epoch(text: &[u8]) -> Option<i64> {
    let seconds = number(text.get(..10)?)?;
    (text.get(10) == Some(&b'.')).then(|| seconds * 1_000_000 + fraction(text.get(10..).unwrap_or_default()).0)
}

/// `240102  3:04:05`, as MariaDB writes it.
pub(super) fn short(text: &[u8]) -> Option<i64> {
    let fixed: &[u8; 15] = text.first_chunk()?;
    if fixed[6] != b' ' || fixed[9] != b':' || fixed[12] != b':' {
        return None;
    }
    let two = |at: usize| fixed.get(at..at + 2).and_then(number);
    let hour = if fixed[7] == b' ' { number(&fixed[8..9])? } else { two(7)? };
    clock(days(2000 + two(0)?, two(2)?, two(4)?)?, hour, two(10)?, two(13)?)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

fn clock(day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let fits = hour < 24 && minute < 60 && second <= 60;
    fits.then_some((((day * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000)
}

/// Days since 1970 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

/// `.123`, as microseconds, and its length.
fn fraction(text: &[u8]) -> (i64, usize) {
    if !matches!(text.first(), Some(b'.' | b',')) {
        return (0, 0);
    }
    let digits = text.iter().skip(1).take_while(|byte| byte.is_ascii_digit());
    let (mut micros, mut unit, mut length) = (0, 100_000, 1);
    for digit in digits {
        micros += i64::from(digit - b'0') * unit;
        unit /= 10;
        length += 1;
    }
    if length == 1 { (0, 0) } else { (micros, length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |text: &str| timestamp(text.as_bytes());
        assert_eq!(at("1970-01-01 00:00:00"), Some((0, 19)));
        assert_eq!(at("2024-02-29T23:59:59.123456Z").unwrap(), (1_709_251_199_123_456, 26));
        assert_eq!(at("2026-11-21 18:45:42,954 UTC").unwrap(), (1_795_286_742_954_000, 23));
        assert_eq!(epoch(b"1795286746.676 "), Some(1_795_286_746_676_000));
        assert_eq!(short(b"261121 18:45:42"), Some(1_795_286_742_000_000));
        assert_eq!(short(b"240101  3:04:05"), Some(1_704_078_245_000_000));
        for odd in ["", "2024-13-01 00:00:00", "2024-01-01 25:00:00", "2024-01-0x 00:00:00", "20240-1-01 00:00:00"] {
            assert_eq!(at(odd), None, "{odd}");
        }
    }
}
