#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run TAP programs and turn what they say into one result file.
#
#   run.sh RESULTS.tsv PROGRAM...
#
# A program that dies, says less than its plan or exits with an error without
# a failed test counts as one failure more. Exits 0 only when all passed.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# What fails is counted
set +e +o pipefail

results=$1
shift
: > "$results"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

for program in "$@"; do
	name=$(basename "$program")
	echo "# $name"
	"$program" 2>&1 | tee "$log"
	"$ROOT/scripts/lib/tap-results.sh" "$name" "${PIPESTATUS[0]}" <"$log" >>"$results"
done

passed=$(grep -c '^pass' "$results")
failed=$(grep -c '^fail' "$results")
skipped=$(grep -c '^skip' "$results")
echo "$passed passed, $failed failed, $skipped skipped"
[[ $passed -gt 0 && $failed -eq 0 ]]
