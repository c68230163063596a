#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Turn TAP on standard input into result lines on standard output:
#
#   tap-results.sh PREFIX EXIT-CODE <TAP >RESULTS.tsv
#
# Lines are "pass|fail|skip <TAB> PREFIX: name <TAB> detail"; the detail of a
# failure is the first comment after it. A program that says less than its
# plan, or that ends with EXIT-CODE other than 0 without a failed point,
# counts as one failure more.

if [ $# != 2 ]; then
	sed -n '4,/^$/s/^# \{0,1\}//p' "$0"
	[ "${1:-}" = --help ]
	exit
fi
awk -v prefix="$1" -v status="$2" '
function flush_line() {
	if (name != "")
		printf "%s\t%s: %s\t%s\n", verdict, prefix, name, detail
	name = detail = ""
}
{ sub(/\r$/, "") }
/^(not )?ok [0-9]+( |$)/ {
	flush_line()
	verdict = /^ok/ ? "pass" : "fail"
	# What failed is not skipped, whatever it says
	if (verdict == "pass" && /# [Ss][Kk][Ii][Pp]/)
		verdict = "skip"
	failed += verdict == "fail"
	run++
	name = $0
	sub(/^(not )?ok [0-9]+( - )?/, "", name)
	gsub(/\t/, " ", name)
	if (name == "")
		name = "point " run
	next
}
/^# / && verdict == "fail" && detail == "" {
	detail = substr($0, 3)
	gsub(/\t/, " ", detail)
}
/^1\.\.[0-9]+/ { planned = substr($1, 4) }
END {
	flush_line()
	if (planned == "" || planned != run || (status && !failed))
		printf "fail\t%s: completion\tplan %s, ran %d, exit code %d\n",
		       prefix, planned == "" ? "none" : planned, run, status
}'
