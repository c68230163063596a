#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the root of the second disk, as the command of a line of tests/programs/list: piglit's
# OpenCL tests, each file of $@ a process. Prints what became of each, and of its parts where
# it has some: "FILE: pass", "FILE: PART: fail". One that ends without a result has crashed, one
# that takes too long is killed, and neither keeps the others from being run.

export RUSTICL_ENABLE=panfrost
# Each process would translate OpenCL's library of functions anew, which takes most of its time
unset MESA_SHADER_CACHE_DISABLE
# Of the guest's time, ten or so of which pass in one of the host's
SECONDS_MOST=3000

# piglit_test FILE: what piglit says of it
piglit_test()
{
	case $1 in
	bin/*) timeout "$SECONDS_MOST" "$1" ;;
	*) timeout "$SECONDS_MOST" bin/cl-program-tester "$1" ;;
	esac 2>&1
}

# results FILE SAID: lines of results, from what piglit says. That root has neither sed nor grep.
results()
{
	local line
	local part='^PIGLIT: \{"subtest": \{"(.*)" ?: "([a-z]+)"' whole='^PIGLIT: \{"result": "([a-z]+)"'

	while IFS= read -r line; do
		if [[ $line =~ $part ]]; then
			echo "$1: ${BASH_REMATCH[1]}: ${BASH_REMATCH[2]}"
		elif [[ $line =~ $whole ]]; then
			echo "$1: ${BASH_REMATCH[1]}"
		fi
	done <<<"$2"
}

# comment TEXT: what went wrong is told, too
comment()
{
	local line

	tail -n 30 <<<"$1" | while IFS= read -r line; do
		[[ $line = PIGLIT:* ]] || echo "# $line"
	done
}

# judge FILE SAID RC
judge()
{
	local lines

	lines=$(results "$1" "$2")
	[ -z "$lines" ] || printf '%s\n' "$lines"
	if [ "$3" = 124 ]; then
		echo "$1: timeout"
	elif [[ ! ${lines##*$'\n'} =~ ^"$1: "[a-z]+$ ]]; then
		echo "$1: crash"
		comment "exit code $3"$'\n'"$2"
	elif [[ $lines = *": "@(fail|warn)* ]]; then
		comment "$2"
	fi
}

echo "Mali by rusticl, $# files"
for file; do
	said=$(piglit_test "$file")
	judge "$file" "$said" $?
done
exit 0
