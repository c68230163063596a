#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run TAP programs and turn what they say into one result file.
#
#   run.sh RESULTS.tsv PROGRAM...
#
# A program that dies, says less than its plan or exits with an error without
# a failed test counts as one failure more. Exits 0 only when all passed.

set -u

results=$1
shift
: > "$results"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Lines "pass|fail <TAB> program: name <TAB> detail", the detail being the
# first comment after a failed test.
to_tsv() {
	awk -v prog="$1" -v status="$2" '
	function flush_line() {
		if (name != "")
			printf "%s\t%s: %s\t%s\n", verdict, prog, name, detail
		name = detail = ""
	}
	/^(not )?ok [0-9]+ - / {
		flush_line()
		verdict = /^ok/ ? "pass" : "fail"
		failed += verdict == "fail"
		run++
		name = $0
		sub(/^(not )?ok [0-9]+ - /, "", name)
		gsub(/\t/, " ", name)
		next
	}
	/^# / && verdict == "fail" && detail == "" {
		detail = substr($0, 3)
		gsub(/\t/, " ", detail)
	}
	/^1\.\.[0-9]+$/ { planned = substr($0, 4) }
	END {
		flush_line()
		if (planned == "" || planned != run || (status && !failed))
			printf "fail\t%s: completion\tplan %s, ran %d, exit %d\n",
			       prog, planned == "" ? "none" : planned, run, status
	}' "$3"
}

for program in "$@"; do
	name=$(basename "$program")
	echo "# $name"
	"$program" 2>&1 | tee "$log"
	to_tsv "$name" "${PIPESTATUS[0]}" "$log" >> "$results"
done

passed=$(grep -c '^pass' "$results")
failed=$(grep -c '^fail' "$results")
echo "$passed passed, $failed failed, 0 skipped"
[[ $passed -gt 0 && $failed -eq 0 ]]
