//! One outside thing per file; an edge reads and changes, and decides nothing.
