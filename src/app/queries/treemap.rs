//! Numbers as areas of a rectangle, as square as they can be.

/// In the units of the rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tile {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// A tile for each value, in their order, which should fall; what is not above zero has no area. After Bruls, Huizing and
/// van Wijk: rows along the shorter side grow as long as that makes their tiles more square.
pub fn squarified(values: &[f64], (width, height): (f64, f64)) -> Vec<Tile> {
    let clean = |value: &f64| if value.is_finite() && *value > 0.0 { *value } else { 0.0 };
    let sum: f64 = values.iter().map(clean).sum();
    let scale = if sum > 0.0 { width * height / sum } else { 0.0 };
    let areas: Vec<f64> = values.iter().map(|value| clean(value) * scale).collect();
    let mut out = Vec::with_capacity(areas.len());
    let mut free = Tile { left: 0.0, top: 0.0, width, height };
    let mut rest = areas.as_slice();
    while !rest.is_empty() {
        let side = free.width.min(free.height);
        let mut length = 1;
        while length < rest.len() && worst(rest.get(..length + 1), side) <= worst(rest.get(..length), side) {
            length += 1;
        }
        let (row, after) = rest.split_at(length);
        lay(row, &mut free, &mut out);
        rest = after;
    }
    out
}

/// The ratio of the least square tile of a row along `side`.
fn worst(row: Option<&[f64]>, side: f64) -> f64 {
    let row = row.unwrap_or_default();
    let sum: f64 = row.iter().sum();
    let (least, most) =
        row.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), area| (least.min(*area), most.max(*area)));
    if sum <= 0.0 || least <= 0.0 {
        return f64::INFINITY;
    }
    let square = (side / sum) * (side / sum);
    (square * most).max(1.0 / (square * least))
}

/// Puts a row along the shorter side of what is free, and takes its room.
fn lay(row: &[f64], free: &mut Tile, out: &mut Vec<Tile>) {
    let sum: f64 = row.iter().sum();
    let upright = free.width >= free.height;
    let side = if upright { free.height } else { free.width };
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let mut at = 0.0;
    for area in row {
        let length = if depth > 0.0 { area / depth } else { 0.0 };
        out.push(match upright {
            true => Tile { left: free.left, top: free.top + at, width: depth, height: length },
            false => Tile { left: free.left + at, top: free.top, width: length, height: depth },
        });
        at += length;
    }
    if upright {
        free.left += depth;
        free.width -= depth;
    } else {
        free.top += depth;
        free.height -= depth;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_the_values_and_fill_the_rectangle() {
        // The example of the paper: 6 by 4.
        let values = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let tiles = squarified(&values, (6.0, 4.0));
        for (tile, value) in tiles.iter().zip(values) {
            assert!((tile.width * tile.height - value).abs() < 1e-9, "{tile:?} {value}");
            assert!(tile.left + tile.width <= 6.0 + 1e-9 && tile.top + tile.height <= 4.0 + 1e-9, "{tile:?}");
        }
        assert_eq!(tiles[0], Tile { left: 0.0, top: 0.0, width: 3.0, height: 2.0 });
        assert_eq!(tiles[1], Tile { left: 0.0, top: 2.0, width: 3.0, height: 2.0 });
        for (at, a) in tiles.iter().enumerate() {
            for b in &tiles[at + 1..] {
                let apart = a.left + a.width <= b.left + 1e-9
                    || b.left + b.width <= a.left + 1e-9
                    || a.top + a.height <= b.top + 1e-9
                    || b.top + b.height <= a.top + 1e-9;
                assert!(apart, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn nothing_has_no_area() {
        assert!(squarified(&[], (6.0, 4.0)).is_empty());
        assert_eq!(
            squarified(&[0.0, f64::NAN], (6.0, 4.0)).iter().map(|tile| tile.width * tile.height).sum::<f64>(),
            0.0
        );
        assert_eq!(squarified(&[1.0], (6.0, 4.0)), [Tile { left: 0.0, top: 0.0, width: 6.0, height: 4.0 }]);
    }
}
