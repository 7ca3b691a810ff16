#!/bin/sh
# nutri: in place only while apt.sh runs. No server starts meanwhile but Docker, which is wanted.
case "$1" in docker* | containerd*) [ -d /run/systemd/system ] && exit 0 ;; esac
exit 101
