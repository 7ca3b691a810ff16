//! Squarified treemaps: rectangles whose areas are the weights, as square as can be had.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rectangle {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rectangle {
    fn area(self) -> f64 {
        self.width * self.height
    }

    fn shorter(self) -> f64 {
        self.width.min(self.height)
    }
}

/// Fills `room` with one rectangle for each of `weights`, which are ordered, largest first.
/// Rows are laid along the shorter side, each as long as that makes its rectangles squarer.
pub(super) fn squarify(weights: &[u64], room: Rectangle) -> Vec<Rectangle> {
    let total: u64 = weights.iter().sum();
    if total == 0 {
        return vec![Rectangle { width: 0.0, height: 0.0, ..room }; weights.len()];
    }
    let scale = room.area() / total as f64;
    let areas: Vec<f64> = weights.iter().map(|weight| *weight as f64 * scale).collect();
    let (mut rectangles, mut room, mut rest) = (Vec::new(), room, areas.as_slice());
    while !rest.is_empty() {
        let (row, after) = rest.split_at(row_length(rest, room.shorter()));
        room = lay(row, room, &mut rectangles);
        rest = after;
    }
    rectangles
}

/// How many of `areas` stand in one row along `side`.
fn row_length(areas: &[f64], side: f64) -> usize {
    let mut length = 1;
    while length < areas.len() && worst(&areas[..=length], side) <= worst(&areas[..length], side) {
        length += 1;
    }
    length
}

/// The worst aspect ratio in a row along `side`.
fn worst(row: &[f64], side: f64) -> f64 {
    let depth = row.iter().sum::<f64>() / side;
    let ratio = |area: &f64| {
        let length = area / depth;
        (length / depth).max(depth / length)
    };
    row.iter().map(ratio).fold(0.0, f64::max)
}

/// Lays a row at the shorter side of `room`, and says what room is left.
fn lay(row: &[f64], room: Rectangle, rectangles: &mut Vec<Rectangle>) -> Rectangle {
    let sum: f64 = row.iter().sum();
    let side = room.shorter();
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let upright = room.height <= room.width;
    let mut at = 0.0;
    for area in row {
        let length = if depth > 0.0 { area / depth } else { 0.0 };
        rectangles.push(if upright {
            Rectangle { x: room.x, y: room.y + at, width: depth, height: length }
        } else {
            Rectangle { x: room.x + at, y: room.y, width: length, height: depth }
        });
        at += length;
    }
    if upright {
        Rectangle { x: room.x + depth, width: (room.width - depth).max(0.0), ..room }
    } else {
        Rectangle { y: room.y + depth, height: (room.height - depth).max(0.0), ..room }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROOM: Rectangle = Rectangle { x: 0.0, y: 0.0, width: 6.0, height: 4.0 };

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    #[test]
    fn rows_end_where_another_rectangle_would_make_them_longer() {
        let rectangles = squarify(&[6, 6, 4, 3, 2, 2, 1], ROOM);
        let sides: Vec<(f64, f64)> = rectangles.iter().map(|it| (it.width, it.height)).collect();
        assert!(near(sides[0].0, 3.0) && near(sides[0].1, 2.0), "{sides:?}");
        assert!(near(sides[1].0, 3.0) && near(sides[1].1, 2.0), "{sides:?}");
        assert!(near(sides[2].0, 12.0 / 7.0) && near(sides[2].1, 7.0 / 3.0), "{sides:?}");
        assert!(near(sides[3].0, 9.0 / 7.0) && near(sides[3].1, 7.0 / 3.0), "{sides:?}");
    }

    #[test]
    fn what_weighs_nothing_takes_no_room() {
        assert!(squarify(&[5, 0], ROOM)[1].area() < 1e-9);
        assert!(squarify(&[0, 0], ROOM).iter().all(|it| near(it.area(), 0.0)));
        assert_eq!(squarify(&[], ROOM), []);
    }

    proptest! {
        #[test]
        fn areas_are_the_weights_and_nothing_overlaps(
            mut weights in prop::collection::vec(1_u64..1_000_000, 1..60),
        ) {
            weights.sort_unstable_by(|left, right| right.cmp(left));
            let rectangles = squarify(&weights, ROOM);
            let total: u64 = weights.iter().sum();
            for (rectangle, weight) in rectangles.iter().zip(&weights) {
                prop_assert!(near(rectangle.area(), 24.0 * *weight as f64 / total as f64));
                prop_assert!(rectangle.x > -1e-6 && rectangle.x + rectangle.width < 6.0 + 1e-6);
                prop_assert!(rectangle.y > -1e-6 && rectangle.y + rectangle.height < 4.0 + 1e-6);
            }
            for (at, left) in rectangles.iter().enumerate() {
                for right in &rectangles[at + 1..] {
                    let beside = left.x + left.width <= right.x + 1e-6
                        || right.x + right.width <= left.x + 1e-6;
                    let above = left.y + left.height <= right.y + 1e-6
                        || right.y + right.height <= left.y + 1e-6;
                    prop_assert!(beside || above, "{left:?} {right:?}");
                }
            }
        }
    }
}
