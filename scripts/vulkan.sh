#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mesa's panvk on the virtual Mali: vulkaninfo, tests/vulkan and tests/vksparse, as a
# suite.
#
#   scripts/vulkan.sh build            build the programs for the guest, print their paths
#   scripts/vulkan.sh [test NAME...]   run them, results to out/results/vulkan.tsv
#   scripts/vulkan.sh sparse [OPTION...]  random sparse binds for long, each Mesa
#
# The guest is run as each NAME says, all but sparse-debug when none is given:
#   plain, debug                          which kernel, a coherent GPU
#   plain-noncoherent, debug-noncoherent  the same, a GPU that is not
#   sparse                                vksparse with both Mesas, on the plain kernel
#   sparse-debug                          the same on the debug kernel, the image's Mesa
#   sparse-stale                          a GPU that keeps its TLB: vksparse must fail
# Options of "sparse":
#   --binds N                 each Mesa binds so often (100000)
#   --seed N                  where chance starts (1)
#   --mesa image|next|both    the guest image's Mesa, the one beside it, both (both)
#   --kernel base|reserve     which kernel tree (reserve)
# Environment: VULKAN_KERNEL=base|reserve, the kernel tree (reserve).
#
# vulkaninfo's output is in out/guest/vulkan-NAME/vulkaninfo.txt, what vksparse says in
# out/guest/vulkan-NAME/sparse-VERSION.tap.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/vmbind-lib.sh
. "$(dirname "$0")/vmbind-lib.sh"

KERNEL=${VULKAN_KERNEL:-reserve}

usage()
{
	sed -n '/^#   scripts/,/^# Environment/s/^# \{0,3\}//p' "$0" | head -n -1 >&2
	exit 2
}

cmd_build()
{
	guest_compiler
	need_packages glslang-tools
	(
		locked vulkan
		guest_sysroot vulkan libvulkan1 libvulkan-dev
		guest_make vulkan vkqueue vulkan
		guest_make vksparse vksparse vulkan
	) || exit 1
}

# gpu_results NAME: whether the GPU took all that panvk gave it. A fault that
# is recoverable loses no device, and Vulkan may say nothing about it.
gpu_results()
{
	local what='the GPU reports no fault' found

	found=$(grep -hE 'panthor .*(FAULT|FATAL|[Ff]ault|timeout|timed out|reset)' \
		"$OUT/guest/$1/dmesg" | head -n 1) || :
	printf '%s\t%s\t%s\n' "$([ -z "$found" ] && echo pass || echo fail)" \
		"$what" "$found"
	what='the model refuses no instruction'
	found=$(grep -h '^mali-csf: ' "$OUT/log/guest-$1.qemu.log" | head -n 1) || :
	printf '%s\t%s\t%s\n' "$([ -z "$found" ] && echo pass || echo fail)" \
		"$what" "$found"
}

# sparse_guest NAME FLAVOUR ARGUMENTS [GUEST-OPTION...]: tests/guest/sparse.sh
sparse_guest()
{
	local name=$1 flavour=$2 arguments=$3 icount=()

	[ "$flavour" = debug ] || icount=(--icount)
	"$ROOT/scripts/guest.sh" run --kernel "$KERNEL" --flavour "$flavour" --name "$name" \
		"${icount[@]}" "${@:4}" -- "set -- $arguments
		$(cat "$ROOT/tests/guest/sparse.sh")" >"$LOGS/$name.log" 2>&1
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

# One or two thousand binds; the count of allocations is the debug kernel's own there
sparse_config()
{
	local name=vulkan-$1 rc=0

	say "  vksparse on $KERNEL, $1"
	case $1 in
	sparse)
		sparse_guest "$name" plain "both all $(counts) --binds 1500" || rc=$?
		sparse_results "$name" "$rc"
		;;
	sparse-debug)
		sparse_guest "$name" debug "image all no --binds 1000" || rc=$?
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

# Upstream promises nothing of the kind
counts()
{
	[ "$KERNEL" = reserve ] && echo count || echo no
}

# run_config NAME: one line a test point on stdout, the name in front
run_config()
{
	case $1 in
	sparse*) sparse_config "$1" ;;
	*) queue_config "$1" ;;
	esac
}

queue_config()
{
	local name=vulkan-$1 rc=0 args=()

	case $1 in
	# The driver's time-outs are short: time is the guest's own, not the host's
	plain*) args=(--flavour plain --icount) ;;
	debug*) args=(--flavour debug) ;;
	*) usage ;;
	esac
	case $1 in
	*-noncoherent) args+=(--machine mali-coherent=off) ;;
	esac
	say "  vulkaninfo and vkqueue on $KERNEL, $1"
	"$ROOT/scripts/guest.sh" run --kernel "$KERNEL" --name "$name" "${args[@]}" \
		-- "$(cat "$ROOT/tests/guest/vulkan.sh")" >"$LOGS/$name.log" 2>&1 || rc=$?
	{
		vmbind_points "$OUT/guest/$name/vulkaninfo.tap"
		vmbind_results "$name" "$rc"
		gpu_results "$name"
	} | sed "s/\t/\t$1: /"
}

cmd_test()
{
	[ $# -gt 0 ] || set -- plain plain-noncoherent debug debug-noncoherent sparse \
		sparse-stale
	prepare "$@"
	suite_run vulkan "$@"
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

parse_sparse()
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

cmd_sparse()
{
	local binds seed mesa name rc=0

	parse_sparse "$@"
	name=vulkan-sparse-long-$KERNEL
	prepare plain
	mkdir -p "$LOGS" "$OUT/results"
	say "  $binds random sparse binds on $KERNEL, seed $seed; see $OUT/guest/$name/"
	sparse_guest "$name" plain "$mesa random $(counts) --binds $binds --seed $seed" \
		--timeout $((3600 + binds / 10)) || rc=$?
	sparse_results "$name" "$rc" >"$OUT/results/vulkan-sparse.tsv"
	"$ROOT/scripts/results.sh" vulkan-sparse
}

if [ "${1:-}" = sparse ]; then
	shift
	cmd_sparse "$@"
	exit
fi
suite_main "$@"
