#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sum up result files: scripts/lib/results.sh [-q] SUITE... (all when none is given).
# A result file is out/results/SUITE.tsv with lines "pass|fail|skip<tab>test
# name<tab>detail". Prints the failed tests unless -q, then as the last line
# "N passed, N failed, N skipped". A suite whose file is missing or empty, or
# has a line of another form, counts as one failure: no result is no success.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/lib.sh"

quiet=0
if [ "${1:-}" = -q ]; then
	quiet=1
	shift
fi
suites=("$@")
if [ $# = 0 ]; then
	mapfile -t suites < <(find "$OUT/results" -name '*.tsv' -printf '%f\n' 2>/dev/null | sed 's/\.tsv$//' | sort)
fi

lines()
{
	local s f

	for s in "${suites[@]}"; do
		f=$OUT/results/$s.tsv
		if [ -s "$f" ]; then
			sed "s/^/$s\t/" "$f"
		else
			printf '%s\tfail\t%s\tthe suite left no results\n' "$s" "$s"
		fi
	done
}

lines | awk -F '\t' -v quiet=$quiet '
	$2 == "pass" { pass++; next }
	$2 == "skip" { skip++; next }
	$2 == "fail" { detail = $4 }
	$2 != "fail" { detail = "not a result line: " $2 }
	{
		fail++
		if (!quiet)
			printf "FAIL  %s: %s%s\n", $1, $3, detail == "" ? "" : " (" detail ")"
	}
	END {
		printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
		exit fail || !pass
	}'
