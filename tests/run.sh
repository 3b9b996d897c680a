#!/bin/sh
# Runs the Python tests. Those in a browser run beside all others, and print their result after them:
# on two cores, each half leaves the other enough.
#
# usage: tests/run.sh FOLDER   where coverage and pytest are
set -u

bin=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

situations=tests/client_facing/test_situations
"$bin/pytest" tests/client_facing --ignore-glob="$situations*" >"$log" 2>&1 &
browser=$!
# The others wait more than they work, so three run at a time.
"$bin/pytest" -n 3 --dist loadfile --cov=presence/protocol --cov=presence/rooms --cov-report= \
    --ignore=tests/client_facing --ignore=tests/system --ignore=tests/hostile
status=$?
"$bin/pytest" -n 3 --dist loadfile tests/system --ignore=tests/system/test_hop.py || status=1
# Two browsers, side by side.
"$bin/pytest" -n 2 --dist loadfile "$situations.py" "${situations}_firefox.py" || status=1
wait "$browser" || status=1
cat "$log"
# These measure, so nothing else may run.
"$bin/pytest" tests/system/test_hop.py tests/hostile || status=1
exit "$status"
