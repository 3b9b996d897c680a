#!/bin/sh
# Runs the Python tests. Those in a browser run beside all others, and print their result after them:
# so both cores have work all the time. What measures how long something takes runs alone at the end.
#
# usage: tests/run.sh FOLDER   where coverage and pytest are
set -u

bin=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The others wait more than they work, so two run at a time. Files begin in the order of
# tests/conftest.py. Otherwise those with the most tests would be first, which are the quick ones, and a
# long one would be left at the end.
two="-n 2 --dist loadfile --no-loadscope-reorder"
short="not(alone)and(not(long))"

"$bin/pytest" -m "$short" tests/client_facing >"$log" 2>&1 &
browser=$!
# Coverage makes a test take twice as long, so only those have it that cover all of protocol and rooms.
covered="tests/protocol tests/rooms/test_frames.py tests/rooms/test_pacing.py tests/rooms/test_room.py"
covered="$covered tests/server/test_[!f]*.py tests/django/test_boards.py"
# shellcheck disable=SC2086  # several options
"$bin/pytest" $two -m "$short" --cov=presence/protocol --cov=presence/rooms --cov-report= $covered
status=$?
others=""
for path in $covered; do others="$others --ignore=$path"; done
# shellcheck disable=SC2086
"$bin/pytest" $two -m "$short" tests --ignore=tests/client_facing $others || status=1
wait "$browser" || status=1
cat "$log"
# Only the files that have some are read: to collect all tests takes pytest half a minute.
alone=$(grep -rl --include='test_*.py' --exclude-dir=client_facing pytest.mark.alone tests)
# shellcheck disable=SC2086
"$bin/pytest" -m "alone and not(long)" $alone || status=1
"$bin/pytest" -m "alone and not(long)" tests/client_facing || status=1
exit "$status"
