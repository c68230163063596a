#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How much of Panthor the guest's programs reach, by gcov.
#
#   tests/coverage/run.sh [RUN...]      all runs, or only these (-l lists them)
#   tests/coverage/run.sh campaign [SECONDS [SEED...]]
#                                       what the campaign alone reaches with the series, of
#                                       what binds: panthor_mmu.c, the reservations and Arm's
#                                       page tables; a boot for each SEED (600 s, 1 2 3)
#   tests/coverage/run.sh --report      the table again, of what was collected
#   tests/coverage/run.sh --blocks      and the longest blocks not reached
#
# Each run boots a kernel in which Panthor counts its lines, and what it counted
# is taken out before the guest powers off. All runs together are the coverage:
# out/coverage.json, a table on the screen. It fails below 75 % of the lines,
# when docs/coverage.md does not name the functions that were not reached, and
# those only, and when a guest died or its kernel complained. What a program thinks
# of its own test points is for "make test" to judge, on kernels that are faster; but what
# the campaign says is left when all is closed fails here, too.
# Environment: COVERAGE_KERNEL=base|reserve.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

KERNEL=${COVERAGE_KERNEL:-base}
DIR=$OUT/coverage

# NAME|OPTIONS OF guest.sh|WHAT IT NEEDS|COMMAND IN THE GUEST
RUNS=(
	'vmbind|--append slab_debug=F,panthor-mmu-pt|vmbind|vmbind'
	'noncoherent|--machine mali-coherent=off|vmbind|vmbind bind copy async'
	'firmware|--no-panthor||@tests/firmware/guest.sh'
	'igt|||@tests/igt/guest.sh'
	'vulkan||vulkan|@tests/vulkan/guest.sh'
	'panthor|--inject|panthor|hardpaths'
	'edges||edges|edges'
)

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0"
}

# In the guest: the counts, one file each, whatever the command did
# shellcheck disable=SC2016 # the guest expands it
collect='
to=/out/gcov; mkdir -p $to
busybox find /sys/kernel/debug/gcov -name "*.gcda" | while read -r f; do
	cat "$f" >"$to/$(basename "$f")"
done
ls $to | wc -l >/out/gcov.files'

guest_command()
{
	case $1 in
	@*) cat "$ROOT/${1#@}" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# run NAME OPTIONS NEEDS COMMAND
run()
{
	local name=coverage-$1 log=$LOGS/coverage-$1.log options rc=0

	[ -z "$3" ] || "$ROOT/tests/$3/run.sh" build >/dev/null
	read -ra options <<<"$2"
	say "  $1"
	# The command is a script of its own: it may end in exit or exec.
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --flavour gcov \
		--name "$name" "${options[@]}" -- \
		"echo -1000 >/proc/self/oom_score_adj
cat >/tmp/run <<'END_OF_RUN'
$(guest_command "$4")
END_OF_RUN
bash /tmp/run; rc=\$?
$collect
exit \$rc" >"$log" 2>&1 || rc=$?
	[ "$(cat "$OUT/guest/$name/gcov.files" 2>/dev/null || echo 0)" -gt 0 ] ||
		die "the run '$1' left no counts, see $log"
	case $rc in
	0) ;;
	1)
		say "  the run '$1' has test points that failed, see $log"
		missed+=("$1")
		;;
	*) failed+=("$1: exit code $rc, see $log") ;;
	esac
	rm -rf "${DIR:?}/$1"
	mkdir -p "$DIR"
	cp -r "$OUT/guest/$name/gcov" "$DIR/$1"
}

report()
{
	local objects=$BUILD/linux-base/out-gcov gcov=aarch64-linux-gnu-gcov

	[ "$KERNEL" != reserve ] || objects=$BUILD/linux/out-gcov
	[ "$(uname -m)" != aarch64 ] || gcov=gcov
	/usr/bin/python3 "$ROOT/tests/coverage/report.py" --gcov "$gcov" \
		--objects "$objects" --runs "$DIR" --json "$OUT/$(basename "$DIR").json" "$@"
}

# All of Panthor, and what docs/coverage.md says that nothing reaches
report_all()
{
	report --files 'drivers/gpu/drm/panthor/*' --reasons "$ROOT/docs/coverage.md" --minimum 75 "$@"
}

# Counts are of no use for another kernel than the one that made them.
forget_old_counts()
{
	local objects=$BUILD/linux-base/out-gcov key

	[ "$KERNEL" != reserve ] || objects=$BUILD/linux/out-gcov
	key=$(hash_of "$objects/drivers/gpu/drm/panthor/panthor_mmu.gcno" \
		"$objects/drivers/gpu/drm/panthor/panthor_sched.gcno")
	if [ $# = 0 ] || ! stamp_ok "$DIR.kernel" "$key"; then
		rm -rf "$DIR"
	fi
	stamp_set "$DIR.kernel" "$key"
}

prepare()
{
	locked suite-coverage
	need_packages python3
	mkdir -p "$LOGS"
	"$ROOT/scripts/qemu/qemu.sh" build >/dev/null
	"$ROOT/scripts/kernel/kernel.sh" build "$KERNEL" gcov >/dev/null
	"$ROOT/scripts/guest/guest.sh" image >/dev/null
}

main()
{
	local spec name options needs command wanted=" $* " failed=() missed=() rc=0

	prepare
	forget_old_counts "$@"
	for spec in "${RUNS[@]}"; do
		IFS='|' read -r name options needs command <<<"$spec"
		if [ $# = 0 ] || [[ $wanted = *" $name "* ]]; then
			run "$name" "$options" "$needs" "$command"
		fi
	done
	report_all || rc=1
	for name in "${failed[@]}"; do
		say "the run $name"
		rc=1
	done
	return $rc
}

# --- The campaign --------------------------------------------------------

# What binds, and what it binds in
BINDS=(
	'drivers/gpu/drm/panthor/panthor_mmu.c'
	'drivers/gpu/drm/panthor/panthor_reserve*.c'
	'drivers/gpu/drm/drm_gpuvm_reserve.c'
	'drivers/iommu/io-pgtable-arm.c'
	'drivers/iommu/io-pgtable-re*.c'
	'drivers/iommu/iommu-reserve*.c'
	'drivers/iommu/iopte-page.c'
)

# What is for others than Panthor does not count, and is named with a reason
campaign_report()
{
	report --files "${BINDS[@]}" --reasons "$ROOT/docs/reliability.md" --apart --minimum 95 "$@"
}

# A boot for each seed, with little memory in all but each third one, in which the driver is
# unbound as well; the walker of every third is not coherent
campaign()
{
	local seconds=${1:-600} seeds=("${@:2}") seed mem=(1G 640M 768M) unbind=(--unbind '' '')
	local walker=('' '' '--machine mali-coherent=off') failed=() missed=() name rc=0

	[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
	prepare
	"$ROOT/tests/campaign/run.sh" build >/dev/null
	forget_old_counts "$@"
	for seed in "${seeds[@]}"; do
		run "seed-$seed" "--inject ${walker[seed % 3]} --mem ${mem[seed % 3]} --timeout $((seconds * 8 + 1200))" '' \
			"campaign --seed $seed --seconds $seconds --with-findings ${unbind[seed % 3]}"
	done
	campaign_report || rc=1
	# That memory is short is no mistake, what is left when all is closed is one
	for name in "${failed[@]}"; do
		say "the run $name"
		[[ $name = *": exit code 97,"* ]] &&
			"$ROOT/scripts/guest/kernel-log.sh" -s -m "$OUT/log/guest-coverage-${name%%:*}.log" || rc=1
	done
	[ ${#missed[@]} = 0 ] || rc=1
	return "$rc"
}

case ${1:-} in
campaign)
	KERNEL=reserve
	DIR=$OUT/coverage-campaign
	if [ "${2:-}" = --blocks ]; then
		campaign_report --blocks 40
	else
		campaign "${@:2}"
	fi
	;;
-l) printf '%s\n' "${RUNS[@]%%|*}" ;;
--report) report_all ;;
--blocks) report_all --blocks 25 ;;
-*)
	usage >&2
	exit 2
	;;
*) main "$@" ;;
esac
