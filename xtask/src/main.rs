//! Parse, dispatch, say the error, exit.

fn main() {}
