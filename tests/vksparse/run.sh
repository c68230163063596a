#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sparse buffers as an application has them: tests/vksparse in the guest, with two
# versions of Mesa's panvk, as a suite.
#
#   tests/vksparse/run.sh build            build vksparse for the guest, print its path
#   tests/vksparse/run.sh [test NAME...]   run it, results to out/results/vksparse.tsv
#   tests/vksparse/run.sh --all            each NAME that there is
#   tests/vksparse/run.sh long [OPTION...] random sparse binds for long, each Mesa
#
# A NAME is [base-]sparse[-debug][-noncoherent]; both Mesas run with each:
#   base-               upstream's kernel, not the one with the series
#   -debug              the debug kernel, few binds
#   -noncoherent        a GPU that is not I/O coherent, few binds
# Another NAME is "[base-]sparse-stale", a GPU that keeps its TLB: vksparse must fail. "sparse" and
# this run when none is given.
# Options of "long":
#   --binds N                 each Mesa binds so often (100000)
#   --seed N                  where chance starts (1)
#   --mesa image|next|both    the guest image's Mesa, the one beside it, both (both)
#   --kernel base|reserve     which kernel tree (reserve)
# Environment: VULKAN_KERNEL=base|reserve, the kernel tree (reserve).
#
# What vksparse says is in out/guest/vksparse-NAME/sparse-VERSION.tap.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

KERNEL=${VULKAN_KERNEL:-reserve}
# Guests of one processor each
SIDE_BY_SIDE=$(nproc)

usage()
{
	sed -n '/^#   tests/,/^# Environment/s/^# \{0,3\}//p' "$0" | head -n -1 >&2
	exit 2
}

cmd_build()
{
	guest_compiler
	need_packages glslang-tools
	(
		locked vulkan
		guest_sysroot vulkan libvulkan1 libvulkan-dev
		guest_make vksparse vksparse vulkan
	) || exit 1
}

# sparse_guest NAME KERNEL FLAVOUR ARGUMENTS [GUEST-OPTION...]: tests/vksparse/guest.sh
sparse_guest()
{
	local name=$1 kernel=$2 flavour=$3 arguments=$4

	# A shader that spins is ended by the GPU's timer: time is the guest's own
	"$ROOT/scripts/guest/guest.sh" run --kernel "$kernel" --flavour "$flavour" --name "$name" \
		--icount "${@:5}" -- "set -- $arguments
		$(cat "$ROOT/tests/vksparse/guest.sh")" >"$LOGS/$name.log" 2>&1
}

# sparse_results NAME RC: of each Mesa that ran there, its version in front
sparse_results()
{
	local file version found=

	for file in "$OUT/guest/$1"/sparse-*.points; do
		[ -f "$file" ] || continue
		found=1
		version=${file##*/sparse-}
		version=${version%.points}
		version=${version%-fault}
		if [ -f "${file%.points}.tap" ]; then
			vmbind_points "${file%.points}.tap"
		fi | sed "s/\t/\tMesa $version: /"
		sed "s/\t/\t${version:+Mesa $version: }/" "$file"
	done
	[ -n "$found" ] || printf 'fail\tvksparse runs\tsee build/log/%s.log\n' "$1"
	vmbind_results "$1" "$2" | tail -n 1
}

# A GPU that answers UNLOCK and keeps its translations (MALI_IGNORE_UNLOCK of
# model/mmu/mmu.h): what is bound again is seen where it was. A point of random must
# fail, and with a word that is not what it should be.
stale_results()
{
	local file what='is noticed by vksparse, a GPU that keeps its TLB'

	for file in "$OUT/guest/$1"/sparse-*.tap; do
		if [ -f "$file" ] && grep -A 1 '^not ok .*random: GPU, memory and model agree' "$file" |
			grep -qE '# (a load|a store|memory) .* should be'; then
			printf 'pass\t%s\t%s\n' "$what" "$(grep -m 1 -E '# .* should be' "$file")"
		else
			printf 'fail\t%s\tsee out/guest/%s\n' "$what" "$1"
		fi
	done
}

# counts KERNEL FLAVOUR: upstream promises nothing of the kind, and on the debug kernel the
# count of allocations is its own
counts()
{
	[ "$1 $2" = 'reserve plain' ] && echo count || echo no
}

# flavour_of NAME
flavour_of()
{
	case ${1#base-} in
	sparse-debug | sparse-debug-noncoherent) echo debug ;;
	sparse | sparse-noncoherent | sparse-stale) echo plain ;;
	*) usage ;;
	esac
}

# run_config NAME: one or two thousand binds, or few
run_config()
{
	local name=vksparse-$1 rc=0 kernel flavour binds=300 count args=()

	kernel=$(kernel_of "$1" "$KERNEL")
	flavour=$(flavour_of "$1") || exit
	count=$(counts "$kernel" "$flavour")
	say "  vksparse on $kernel, $1"
	case $1 in
	*sparse) binds=1500 ;;
	*-noncoherent) args=(--machine mali-coherent=off) ;;
	esac
	if [ "${1#base-}" = sparse-stale ]; then
		sparse_guest "$name" "$kernel" plain "image random no --binds 1500" \
			--machine mali-ignore=1 || :
		stale_results "$name"
	else
		sparse_guest "$name" "$kernel" "$flavour" \
			"both all $count --binds $binds" "${args[@]}" || rc=$?
		sparse_results "$name" "$rc"
	fi | sed "s/\t/\t$1: /"
}

cmd_test()
{
	[ $# -gt 0 ] || set -- sparse sparse-stale
	prepare "$@"
	suite_run vksparse "$@"
}

# prepare NAME...: all that their guests need
prepare()
{
	local name flavour

	for name; do
		flavour=$(flavour_of "$name") || exit
		guest_prepare "$(kernel_of "$name" "$KERNEL")" "$flavour" || exit
	done
	cmd_build >/dev/null
	# It counts allocations
	guest_program bindcost bindcost >/dev/null
}

parse_long()
{
	binds=100000 seed=1 mesa=both
	while [ $# -gt 0 ]; do
		case $1=${2:-} in
		--binds=[1-9]*) binds=$2 ;;
		--seed=[0-9]*) seed=$2 ;;
		--mesa=image | --mesa=next | --mesa=both) mesa=$2 ;;
		--kernel=base | --kernel=reserve) KERNEL=$2 ;;
		*) usage ;;
		esac
		shift 2
	done
}

cmd_long()
{
	local binds seed mesa name rc=0

	parse_long "$@"
	name=vksparse-long-$KERNEL
	prepare sparse
	mkdir -p "$LOGS" "$OUT/results"
	say "  $binds random sparse binds on $KERNEL, seed $seed; see $OUT/guest/$name/"
	sparse_guest "$name" "$KERNEL" plain \
		"$mesa random $(counts "$KERNEL" plain) --binds $binds --seed $seed" \
		--timeout $((3600 + binds / 10)) || rc=$?
	sparse_results "$name" "$rc" >"$OUT/results/vksparse-long.tsv"
	"$ROOT/scripts/lib/results.sh" vksparse-long
}

if [ "${1:-}" = --all ]; then
	set -- test sparse-stale {,base-}sparse{,-debug}{,-noncoherent}
fi
if [ "${1:-}" = long ]; then
	shift
	cmd_long "$@"
	exit
fi
suite_main "$@"
