#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What user space sees of VM_BIND, tests/answers, on upstream's kernel and on the one
# with the series: the same questions, and the answers side by side.
#
#   tests/answers/run.sh build            build it for the guest, print its path
#   tests/answers/run.sh [test]           ask both, results to out/results/answers.tsv
#   tests/answers/run.sh show [PREFIX]    ask both what begins with PREFIX, show answers
#
# Environment: ANSWERS_KERNELS="base reserve", the two kernel trees.
#
# A question is a test point. It passes when both answers are the same, or are those
# that tests/answers/differences has, with the reason why they differ. An entry
# there that no longer differs fails, and so do questions that are not answered, too
# few of them, a kernel warning, and a guest that dies.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

read -r UPSTREAM OURS <<<"${ANSWERS_KERNELS:-base reserve}"
DIFFERENCES=$ROOT/tests/answers/differences
# Fewer questions than this, and something does not ask any more
FLOOR=1150

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_program answers answers
}

# ask_kernel KERNEL [PREFIX]: its answers to out/guest/answers-KERNEL/stdout, the exit
# code of the guest to build/log/answers-KERNEL.rc
ask_kernel()
{
	local name=answers-$1 rc=0

	say "  answers of $1"
	# Time is the guest's own: how long a fence is waited for must not depend on
	# what else the host does.
	"$ROOT/scripts/guest/guest.sh" run --kernel "$1" --flavour plain --name "$name" --inject --icount \
		-- "answers ${2:-}" >"$LOGS/$name.log" 2>&1 || rc=$?
	printf '%s\n' "$rc" >"$LOGS/$name.rc"
}

# answers_of KERNEL: "name<tab>answer" lines
answers_of()
{
	sed -n 's/^answer\t//p' "$OUT/guest/answers-$1/stdout"
}

# run_points KERNEL: that it came to its end, and without a complaint
run_points()
{
	local out=$OUT/guest/answers-$1/stdout rc

	rc=$(cat "$LOGS/answers-$1.rc")
	case $rc in
	0) printf 'pass\t%s: the kernel reports no mistake of its own\t\n' "$1" ;;
	97) printf 'fail\t%s: the kernel reports no mistake of its own\tsee out/log/guest-answers-%s.log\n' "$1" "$1" ;;
	*) printf 'fail\t%s: the guest comes to its end\texit code %s, see build/log/answers-%s.log\n' "$1" "$rc" "$1" ;;
	esac
	awk -F '\t' -v kernel="$1" -v floor="$FLOOR" '
		$1 == "answer" { answers++ }
		$1 == "answer" && seen[$2]++ { twice = twice " " $2 }
		$1 == "died" { printf "fail\t%s: %s is answered\t%s\n", kernel, $2, $3 }
		/^not ok / { setup = $0 }
		/^# / && setup != "" && detail == "" { detail = substr($0, 3) }
		$1 == "asked" { asked = $2 }
		function point(ok, name, why) {
			printf "%s\t%s: %s\t%s\n", ok ? "pass" : "fail", kernel, name, ok ? "" : why
		}
		END {
			point(asked != "", "the program comes to its end", "it was cut short")
			point(setup == "", "the world of each question is made", setup " " detail)
			point(twice == "", "each question has a name of its own", twice)
			point(answers + 0 >= floor && answers >= asked + 0, "no question is missing",
				  sprintf("%d answers, %d questions, at least %d", answers, asked, floor))
		}' "$out"
}

# compare UPSTREAM OURS: a point a question, from the two lists of answers. An entry of
# differences is a name, then "upstream" and "series" with the answers, in lines of
# their own; "#" begins a comment, which an entry must have.
compare()
{
	awk -F '\t' '
		function bad(why) { printf "fail\tdifferences: %s\t%s\n", name, why; name = "" }
		FILENAME == ARGV[1] {
			if (/^#/) {
				reason = 1
			} else if (/^$/) {
				reason = 0
			} else if (/^\tupstream\t/) {
				up[name] = $3
			} else if (/^\tseries\t/) {
				our[name] = $3
			} else {
				name = $1
				listed[name] = 1
				if (!reason)
					bad("it has no reason")
			}
			next
		}
		FILENAME == ARGV[2] { base[$1] = $2; next }
		{
			asked[$1] = 1
			detail = ""
			if (!($1 in base))
				detail = "only the series answers"
			else if ($1 in listed && base[$1] == $2)
				detail = "differences lists it, but both say: " $2
			else if ($1 in listed && (up[$1] != base[$1] || our[$1] != $2))
				detail = "not as listed: upstream: " base[$1] " | series: " $2
			else if (!($1 in listed) && base[$1] != $2)
				detail = "upstream: " base[$1] " | series: " $2
			printf "%s\t%s%s\t%s\n", detail == "" ? "pass" : "fail", $1,
				   $1 in listed ? " differs as listed" : "", detail
		}
		END {
			for (n in base)
				if (!(n in asked))
					printf "fail\t%s\tonly upstream answers\n", n
			for (n in listed)
				if (!(n in asked))
					printf "fail\t%s\tdifferences lists it, and nobody asks\n", n
		}' "$DIFFERENCES" "$1" "$2"
}

prepare()
{
	guest_prepare "$UPSTREAM" plain
	guest_prepare "$OURS" plain
	cmd_build >/dev/null
	locked suite-answers
	mkdir -p "$LOGS" "$OUT/results"
}

cmd_test()
{
	local out=$OUT/results/answers.tsv

	prepare
	ask_kernel "$UPSTREAM"
	ask_kernel "$OURS"
	answers_of "$UPSTREAM" >"$LOGS/answers-upstream.txt"
	answers_of "$OURS" >"$LOGS/answers-series.txt"
	{
		run_points "$UPSTREAM"
		run_points "$OURS"
		compare "$LOGS/answers-upstream.txt" "$LOGS/answers-series.txt"
	} >"$out.tmp"
	mv "$out.tmp" "$out"
	"$ROOT/scripts/lib/results.sh" answers
}

cmd_show()
{
	local kernel

	prepare
	for kernel in "$UPSTREAM" "$OURS"; do
		ask_kernel "$kernel" "${1:-}"
		answers_of "$kernel" | sed "s/^/$kernel\t/"
	done
}

case ${1:-test} in
show) cmd_show "${2:-}" ;;
*) suite_main "$@" ;;
esac
