#!/bin/sh
# Runs the Python tests. Those of many processes take minutes of real time in which this machine has
# little to do, so they run beside all others, and tell what they found at the end.
#
# usage: tests/run.sh FOLDER   where coverage and pytest are
set -u

bin=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$bin/pytest" tests/system --ignore=tests/system/test_hop.py >"$log" 2>&1 &
cluster=$!
"$bin/coverage" run -m pytest --ignore=tests/system
rest=$?
wait "$cluster"
status=$?
cat "$log"
# Now that nothing else runs: it measures.
"$bin/pytest" tests/system/test_hop.py
hop=$?
[ "$rest" = 0 ] && [ "$status" = 0 ] && [ "$hop" = 0 ]
