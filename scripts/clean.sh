#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make clean: remove what was built, and the results; kernel and QEMU sources
# and all downloads stay. make distclean (--all): remove build/, out/ and the
# user's cache of this project. Neither removes work in build/linux that the
# repository does not have.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

keep_edits()
{
	local edits

	[ -e "$TREE/.git" ] && [ -n "$(kref refs/panthor/composed)" ] || return 0
	edits=$(tree_edits)
	[ -z "$edits" ] ||
		die "build/linux has $edits; run 'make kernel-save' first, or remove $TREE yourself"
}

# Who works in there would go on in what is no more, and lose its lock
nobody_works_here()
{
	local lock name

	for lock in "$BUILD"/.*.lock; do
		[ -e "$lock" ] || continue
		name=${lock##*/.}
		flock -n "$lock" true || die "'${name%.lock}' is at work in $BUILD; run this again when it has ended"
	done
}

# Kernels are built inside their trees; trees themselves are sources.
clean_build()
{
	find "$BUILD" -mindepth 1 -maxdepth 1 ! -name linux ! -name 'linux-*' ! -name linux.git \
		! -name stamp ! -name drift ! -name .drift ! -name '.*.lock' -exec rm -rf {} +
	rm -rf "$BUILD"/linux*/out-*
}

# ours DIR OUR-OWN MARK...: a folder that the environment names in place of OUR-OWN, and that
# has nothing of ours, stays
ours()
{
	local dir=$1 mark

	[ "$dir" != "$2" ] || return 0
	[ -d "$dir" ] && [ -n "$(find "$dir" -mindepth 1 -print -quit)" ] || return 0
	for mark in "${@:3}"; do
		[ ! -e "$dir/$mark" ] || return 0
	done
	die "$dir has nothing that this project makes, and is not removed; is OUT, BUILD or CACHE in the environment meant for something else?"
}

ours "$BUILD" "$ROOT/build" linux.git stamp log .kernel-tree.lock
ours "$OUT" "$ROOT/out" results
[ "${1:-}" != --all ] || ours "$CACHE" '' downloads sources ccache guest
nobody_works_here
[ ! -d "$BUILD" ] || locked kernel-tree
case ${1:-} in
--all)
	keep_edits
	rm -rf "$BUILD" "$OUT" "$CACHE"
	;;
'')
	rm -rf "$OUT"
	[ ! -d "$BUILD" ] || clean_build
	;;
*)
	die "usage: clean.sh [--all]"
	;;
esac
