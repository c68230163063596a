#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Breaks one flush at a time and sees to it that tests/vmbind notices.
#
#   tests/break-it/run.sh [NAME...]    results to out/results/break-it.tsv
#
# A NAME is one of the breaks below, all of them when none is given. A flush is
# left out by the driver (a kernel with tests/break-it/break-*.patch) or ignored
# by the model (-M mali-ignore=MASK). Such a run must fail in the test points
# that look for it and in no others; the same points pass when nothing is
# broken, which is run first.
#
# Whether a stale translation shows must not be luck. The guest is the one of
# scripts/guest/exact-lib.sh, so where the GPU is when the driver changes a page table
# is the same each time, whatever else the host does; and the GPU is kept awake
# during a scenario, because one that sleeps forgets its translations.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"
# shellcheck source=scripts/guest/exact-lib.sh
. "$ROOT/scripts/guest/exact-lib.sh"

# MALI_IGNORE_* of model/mmu/mmu.h; IGNORE_WIDER breaks nothing that a driver may count on
IGNORE_UNLOCK=1
IGNORE_UPDATE=2
IGNORE_LOCK=8
IGNORE_WIDER=16

TSV=$OUT/results/break-it.tsv

# break_of NAME: sets kernel, ignore, about, and what expected_of sets: scenarios
# (in which the flush can be missed, and some in which it cannot, to show that a
# broken run is not simply dead), must (each of these extended regular expressions
# has to match a failed point) and may (what else may fail)
break_of()
{
	kernel=base
	ignore=0
	case $1 in
	kernel-unlock)
		about='a driver that does not lock and unlock what it changes'
		kernel=break-unlock
		;;
	model-unlock)
		about='a GPU that drops no translation at UNLOCK'
		ignore=$IGNORE_UNLOCK
		;;
	model-update)
		about='a GPU that drops no translation at UPDATE'
		ignore=$IGNORE_UPDATE
		;;
	kernel-narrow)
		about='a driver that locks less than the tables span which go'
		kernel=break-reserve-narrow
		ignore=$IGNORE_WIDER
		;;
	kernel-own)
		about='a driver that locks less than the shared tables span which it replaces'
		kernel=break-reserve-own
		ignore=$IGNORE_WIDER
		;;
	kernel-start | kernel-end | kernel-either)
		about='a driver that locks the wrong union of what it changes and the tables which go'
		kernel=break-reserve-${1#kernel-}
		ignore=$IGNORE_WIDER
		;;
	model-lock)
		about='a GPU that accesses memory in a locked region'
		ignore=$IGNORE_LOCK
		;;
	*) die "there is no break '$1'; there are: ${BREAKS[*]}" ;;
	esac
	expected_of "$1"
}

BREAKS=(kernel-unlock model-unlock model-update model-lock kernel-narrow kernel-start
	kernel-end kernel-either kernel-own wider poison)

expected_of()
{
	case $1 in
	kernel-unlock | model-unlock)
		scenarios='query copy bind async sparse rebind split gone walk errors'
		must=('^rebind: phase [0-9]+ reads tile'
		      '^bind: the GPU reads the memory that was mapped last'
		      '^async: the GPU now reads the new binding'
		      '^gone: an unmap of everything kills the job')
		may='^(bind|async|sparse|rebind|split|gone|walk): '
		;;
	model-update)
		scenarios='query copy bind async slots'
		must=('^slots: round [0-9]+: each VM reads and writes its own')
		may='^slots: '
		;;
	kernel-narrow)
		scenarios='query copy bind async rebind errors tables'
		must=('^tables: [0-9]+ tiles, each the only one of its region'
		      '^tables: tiles in [0-9]+ places, [0-9]+ others after each')
		may='^(bind|async|rebind|tables): '
		;;
	kernel-own)
		scenarios='query copy bind async rebind errors vast'
		must=('^vast: the GPU reads each of them')
		may='^vast: '
		;;
	kernel-start)
		scenarios='query copy bind async rebind errors tables'
		must=('^tables: a tile goes, and a table further up')
		may='^tables: '
		;;
	kernel-end)
		scenarios='query copy bind async rebind errors tables'
		must=('^tables: a tile goes, and a table further down')
		may='^tables: '
		;;
	kernel-either)
		scenarios='query copy bind async rebind errors tables'
		must=('^tables: tiles in [0-9]+ places, [0-9]+ others after each')
		may='^tables: '
		;;
	model-lock)
		scenarios='query copy bind async rebind running errors'
		must=('^running: 4 GiB are rebound while the GPU reads')
		may='^running: '
		;;
	esac
}

# guest_verdict NAME RC: a result line for what the guest itself has to say
guest_verdict()
{
	local name=$1 rc=$2 run=$OUT/break-it/$1

	if ! "$ROOT/scripts/guest/kernel-log.sh" -s "$run.console" "$run.complaints"; then
		verdict fail 'the kernel reports no mistake of its own' "see $run.console"
	elif [ "$rc" -gt 1 ]; then
		verdict fail 'the guest comes to its end' "exit code $rc, see $run.console"
	else
		verdict pass 'the kernel reports no mistake of its own'
	fi
}

# run_vmbind NAME SCENARIOS KERNEL IGNORE [APPEND]: result lines to
# $OUT/break-it/NAME.tsv
run_vmbind()
{
	local name=$1 run=$OUT/break-it/$1 dir=$BUILD/break-it/$1

	rm -f "$run".*
	exact_prepare "$dir" "$3" vmbind
	# What is broken may hang; a scenario that is not takes a few seconds.
	exact_initramfs "$dir" "$(exact_quietly "vmbind --awake --timeout 60 $2")"
	exact_run "$dir" "$run" 3 "${5:-}" -M "mali-ignore=$4" \
		-d guest_errors -D "$run.qemu.log" ||
		say "  QEMU ended with $?, see $run.log"
	exact_output "$run" >"$run.tap"
	exact_complaints "$run" >"$run.complaints"
	{
		vmbind_points "$run.tap"
		guest_verdict "$name" "$(exact_status "$run")"
	} >"$run.tsv"
	rm -rf "$dir"
}

verdict()
{
	printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}"
}

failed_points()
{
	awk -F '\t' '$1 == "fail" { print $2 }' "$1"
}

# Each expectation is met by some failed point.
judge_caught()
{
	local file=$1 name=$2 pattern points

	for pattern in "${must[@]}"; do
		points=$(failed_points "$file" | grep -E "$pattern" || :)
		if [ -n "$points" ]; then
			verdict pass "$name: caught by '$(head -n 1 <<<"$points")'" \
				"$(wc -l <<<"$points") points of this kind"
		else
			verdict fail "$name: $pattern catches it" "no such point failed"
		fi
	done
}

# Nothing else fails, something still passes, the kernel has no complaint.
judge_rest()
{
	local file=$1 name=$2 others passed

	others=$(failed_points "$file" | grep -Ev "$may" || :)
	passed=$(grep -c '^pass' "$file" || :)
	if [ -z "$others" ] && [ "$passed" -ge 40 ]; then
		verdict pass "$name: everything else passes" "$passed points"
	else
		verdict fail "$name: everything else passes" \
			"$passed passed; $(head -n 3 <<<"$others" | paste -sd';')"
	fi
}

# In run NAME nothing fails.
judge_all()
{
	local file=$OUT/break-it/$1.tsv

	if grep -q '^fail' "$file"; then
		verdict fail "$1: every point passes" \
			"$(failed_points "$file" | head -n 3 | paste -sd';')"
	else
		verdict pass "$1: every point passes" "$(grep -c '^pass' "$file") points"
	fi
}

# The very points that caught the break pass on the run that is not broken.
judge_intact()
{
	local file=$1 name=$2 wrong

	wrong=$(failed_points "$file" |
		grep -Fxf <(awk -F '\t' '$1 != "pass" { print $2 }' "$OUT/break-it/intact.tsv") || :)
	if [ -z "$wrong" ]; then
		verdict pass "$name: the same points pass when nothing is broken"
	else
		verdict fail "$name: the same points pass when nothing is broken" \
			"$(head -n 3 <<<"$wrong" | paste -sd';')"
	fi
}

judge_break()
{
	local kernel ignore about scenarios must may file=$OUT/break-it/$1.tsv

	break_of "$1"
	judge_caught "$file" "$1"
	judge_rest "$file" "$1"
	judge_intact "$file" "$1"
}

# What a kernel frees it fills with a pattern, and the GPU reports a walk that
# reads it.
POISON=slab_debug=FP,panthor-mmu-pt

# Walks through freed tables that QEMU reported in run NAME
freed_walks()
{
	grep -c 'reads a freed table' "$OUT/break-it/$1.qemu.log" || :
}

# A flush that is left out leaves the walk cache with tables that were freed.
judge_poison()
{
	local name walks

	for name in poison poison-intact; do
		walks=$(freed_walks "$name")
		if [ "$name" = poison ] && [ "$walks" -gt 0 ]; then
			verdict pass 'poison: a table freed too early is reported' "$walks walks"
		elif [ "$name" = poison-intact ] && [ "$walks" = 0 ] &&
		     ! grep -q '^fail' "$OUT/break-it/$name.tsv"; then
			verdict pass 'poison: none is when nothing is broken'
		else
			verdict fail "poison: $name" "$walks walks through freed tables"
		fi
	done
}

# A GPU that keeps tables which span more than what was locked harms neither driver:
# upstream's frees no such tables, and ours locks what they span.
judge_wider()
{
	judge_all wider-base
	judge_all wider-reserve
}

# runs_of NAME: its guests
runs_of()
{
	case $1 in
	poison) printf '%s\n' poison poison-intact ;;
	wider) printf '%s\n' wider-base wider-reserve ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# run_guest RUN: each has files of its own
run_guest()
{
	local kernel ignore about scenarios must may

	case $1 in
	intact)
		say "  intact: nothing is broken"
		run_vmbind intact '' base 0
		;;
	poison*)
		kernel=base
		[ "$1" != poison ] || kernel=break-unlock
		say "  $1: walks through freed tables on $kernel"
		run_vmbind "$1" 'query bind walk rebind split' "$kernel" 0 "$POISON"
		;;
	wider-*)
		say "  $1: the ${1#wider-} kernel on a GPU that keeps wider tables"
		run_vmbind "$1" '' "${1#wider-}" $IGNORE_WIDER
		;;
	*)
		break_of "$1"
		say "  $1: $about"
		run_vmbind "$1" "$scenarios" "$kernel" "$ignore"
		;;
	esac
}

# kernels_of NAME: those that it runs on
kernels_of()
{
	local kernel ignore about scenarios must may

	case $1 in
	poison) printf '%s\n' base break-unlock ;;
	wider) printf '%s\n' base reserve ;;
	*)
		break_of "$1"
		printf '%s\n' "$kernel"
		;;
	esac
}

main()
{
	local name kernel kernels runs

	locked break-it
	kernels=$(for name; do kernels_of "$name"; done | sort -u)
	vmbind_prepare base plain
	for kernel in $kernels; do
		"$ROOT/scripts/kernel/kernel.sh" build "$kernel" plain >/dev/null
	done
	mkdir -p "$OUT/results" "$OUT/break-it" "$LOGS"
	# The firmware is put in its place once
	guest_firmware
	mapfile -t runs < <(for name in intact "$@"; do runs_of "$name"; done)
	side_by_side "$(nproc)" run_guest "${runs[@]}"
	{
		judge_all intact
		for name; do
			case $name in
			poison) judge_poison ;;
			wider) judge_wider ;;
			*) judge_break "$name" ;;
			esac
		done
	} >"$TSV.tmp"
	mv "$TSV.tmp" "$TSV"
	"$ROOT/scripts/lib/results.sh" break-it
}

[ $# -gt 0 ] || set -- "${BREAKS[@]}"
main "$@"
