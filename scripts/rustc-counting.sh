#!/bin/sh
# `rustc` for our own crates when tests are to say what they cover: with counters in the code.
exec "$@" -C instrument-coverage
