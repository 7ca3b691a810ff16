#!/usr/bin/env bash
# Prints the Python to use: the system's 3.11 first, because a version manager's takes long to start.
found=$(type -P /usr/bin/python3.11 python3.11 python3 | head -1)
echo "${found:-python3}"
