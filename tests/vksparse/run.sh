#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sparse buffers as an application has them: tests/vksparse in the guest, with two
# versions of Mesa's panvk, as a suite.
#
#   tests/vksparse/run.sh build            build vksparse for the guest, print its path
#   tests/vksparse/run.sh [test NAME...]   run it, results to out/results/vksparse.tsv
#   tests/vksparse/run.sh long [OPTION...] random sparse binds for long, each Mesa
#
# The guest is run as each NAME says, "sparse" and "sparse-stale" when none is given:
#   sparse              both Mesas, on the plain kernel
#   sparse-debug        the debug kernel, the image's Mesa, few binds
#   sparse-noncoherent  a GPU that is not I/O coherent, the image's Mesa, few binds
#   sparse-stale        a GPU that keeps its TLB: vksparse must fail
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

# sparse_guest NAME FLAVOUR ARGUMENTS [GUEST-OPTION...]: tests/vksparse/guest.sh
sparse_guest()
{
	local name=$1 flavour=$2 arguments=$3 icount=()

	[ "$flavour" = debug ] || icount=(--icount)
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --flavour "$flavour" --name "$name" \
		"${icount[@]}" "${@:4}" -- "set -- $arguments
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

# Upstream promises nothing of the kind
counts()
{
	[ "$KERNEL" = reserve ] && echo count || echo no
}

# run_config NAME: one or two thousand binds; on the debug kernel the count of allocations
# is its own
run_config()
{
	local name=vksparse-$1 rc=0

	say "  vksparse on $KERNEL, $1"
	case $1 in
	sparse)
		sparse_guest "$name" plain "both all $(counts) --binds 1500" || rc=$?
		sparse_results "$name" "$rc"
		;;
	sparse-debug)
		sparse_guest "$name" debug "image all no --binds 300" || rc=$?
		sparse_results "$name" "$rc"
		;;
	sparse-noncoherent)
		sparse_guest "$name" plain "image all $(counts) --binds 300" \
			--machine mali-coherent=off || rc=$?
		sparse_results "$name" "$rc"
		;;
	sparse-stale)
		sparse_guest "$name" plain "image random no --binds 1500" \
			--machine mali-ignore=1 || :
		stale_results "$name"
		;;
	*) usage ;;
	esac | sed "s/\t/\t$1: /"
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
	local flavours

	mapfile -t flavours < <(printf '%s\n' "$@" |
		sed 's/.*debug.*/debug/; t; s/.*/plain/' | sort -u)
	guest_prepare "$KERNEL" "${flavours[@]}"
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
	prepare plain
	mkdir -p "$LOGS" "$OUT/results"
	say "  $binds random sparse binds on $KERNEL, seed $seed; see $OUT/guest/$name/"
	sparse_guest "$name" plain "$mesa random $(counts) --binds $binds --seed $seed" \
		--timeout $((3600 + binds / 10)) || rc=$?
	sparse_results "$name" "$rc" >"$OUT/results/vksparse-long.tsv"
	"$ROOT/scripts/lib/results.sh" vksparse-long
}

if [ "${1:-}" = long ]; then
	shift
	cmd_long "$@"
	exit
fi
suite_main "$@"
