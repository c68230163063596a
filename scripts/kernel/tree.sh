#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make kernel-tree: build/linux, the kernel with the series on it, one commit a
# step on the branch "reserve", and build/linux-base, the same kernel without
# it (tag "base"). Both are work trees of the repository build/linux.git.
#
# The kernel is the distribution's source package, or your own tree:
#   make kernel-tree KERNEL_SRC=/path/to/linux
# which is only read: its tracked files as they are now if it is a git tree,
# else all files that its .gitignore does not name. The series is written for Linux
# $KERNEL_SERIES (kernel-lib.sh) and for those that have a folder patches/VERSION; another
# one is refused, unless DRIFT=1 says to try. LINUX=VERSION takes the package of such a
# version in place of $KERNEL_SERIES.
#
# Where a step does not apply, build/linux has the steps before it, and is in the
# middle of git am with that step and those after it: mend it there, go on with
# "git am --continue", and carry it back with "make kernel-save".
#
# Run again after a change below patches/, drivers/, include/, Documentation/
# or Kconfig: only the commits are made anew, and only files that differ are
# written, so that make rebuilds little. Work in build/linux is never thrown
# away; scripts/kernel/save.sh is the way back from there into the repository.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

# --- the base commit -----------------------------------------------------

# check_series WHAT: sets FOUND to the version of the Makefile on stdin
check_series()
{
	FOUND=$(linux_version)
	if [ -n "$FOUND" ] && series_knows "$SERIES_ROOT" "$FOUND"; then
		return
	fi
	if [ -n "$FOUND" ] && [ "${DRIFT:-}" = 1 ]; then
		say "  $1 is Linux $FOUND, and the series is written for Linux $KERNEL_SERIES; trying"
		return
	fi
	die "$1 is ${FOUND:+Linux }${FOUND:-no kernel tree}, but the series is written for Linux $KERNEL_SERIES; give such a tree with KERNEL_SRC=/path/to/linux-$KERNEL_SERIES, or see how far it gets with DRIFT=1"
}

user_files()
{
	if [ -e "$KERNEL_SRC/.git" ]; then
		(cd "$KERNEL_SRC" && git ls-files -z | perl -0ne 'chomp; print "$_\0" if -l $_ || -f $_')
	else
		GIT_INDEX_FILE=$BUILD/.none kgit --work-tree="$KERNEL_SRC" -C "$KERNEL_SRC" \
			ls-files -z --others --exclude-standard
	fi
}

user_key()
{
	(cd "$KERNEL_SRC" && user_files | xargs -0 stat -c '%n %s %y %a' | sha256sum | cut -c1-40)
}

user_tar()
{
	user_files | tar -C "$KERNEL_SRC" --null --no-recursion --hard-dereference -T - -cf -
}

package_tar()
{
	dpkg-deb --fsys-tarfile "$DEB" | tar -xOf - "./usr/src/linux-source-$LINUX.tar.xz" | xz -T0 -dc
}

# import STRIP MESSAGE: the tar on stdin becomes the commit refs/panthor/import.
import()
{
	rm -f "$KGIT"/objects/pack/tmp_*
	kgit update-ref -d refs/panthor/import
	python3 "$ROOT/scripts/kernel/tar-import.py" refs/panthor/import "$1" "$2" |
		kgit -c core.fsync=none fast-import --quiet --done --depth=0
}

import_user()
{
	user_tar | import 0 "Linux $FOUND from $KERNEL_SRC"
}

import_package()
{
	package_tar | import 1 "Linux $LINUX from $(basename "$DEB")"
}

init_repository()
{
	if [ "$(kgit config panthor.ready 2>/dev/null)" = 1 ]; then
		return
	fi
	rm -rf "$KGIT"
	git init -q --bare "$KGIT"
	# Only the repository itself is bare. Tools that read the common
	# configuration, such as the kernel's spdxcheck, would take the work
	# trees for bare ones too.
	kgit config extensions.worktreeConfig true
	kgit config --unset core.bare
	kgit config --worktree core.bare true
	# Not a branch that a work tree will have: it would count as taken.
	kgit symbolic-ref HEAD refs/heads/none
	# A step's author is who mails it, unless somebody is named.
	kgit config user.name "$IDENT_NAME"
	kgit config user.email "$IDENT_EMAIL"
	# Speed over size: the pack is local and temporary.
	kgit config core.compression 0
	kgit config gc.auto 0
	# Names of steps survive amend and rebase.
	kgit config notes.rewriteRef refs/notes/step
	mkdir -p "$KGIT/info"
	printf '/out-*/\n' >"$KGIT/info/exclude"
	kgit config panthor.ready 1
}

# Each target composes what its own LINUX= and KERNEL_SRC= say
tell_version()
{
	local was

	[ -n "$(kref base)" ] || return 0
	was=$(commit_version base)
	[ "$was" = "$1" ] ||
		say "  build/linux was Linux $was and becomes Linux $1; what is to stay at the other has to say so: LINUX=$was, or KERNEL_SRC=, with each target"
}

make_base()
{
	local key files

	if [ -n "${KERNEL_SRC:-}" ]; then
		[ -f "$KERNEL_SRC/Makefile" ] || die "KERNEL_SRC=$KERNEL_SRC is no kernel tree"
		check_series "KERNEL_SRC=$KERNEL_SRC" <"$KERNEL_SRC/Makefile"
		KERNEL_SRC=$(cd "$KERNEL_SRC" && pwd -P)
		init_repository
		files=$(user_key) || die "the files of KERNEL_SRC=$KERNEL_SRC cannot be listed; see above what git says"
		key=$(hash_of "tree $KERNEL_SRC" "$files")
	else
		series_knows "$SERIES_ROOT" "$LINUX" ||
			die "LINUX=$LINUX is not among the versions that the series is written for: $(series_versions "$SERIES_ROOT" | paste -sd " ")"
		DEB=$(suite_download "$KERNEL_SUITE" all "linux-source-$LINUX") ||
			die "Linux $LINUX could not be fetched; give a tree of your own with KERNEL_SRC=/path/to/linux-$LINUX"
		init_repository
		key=$(hash_of "$(basename "$DEB")" "$(stat -c %s "$DEB")")
	fi
	if stamp_ok "$BASE_STAMP" "$key" && [ -n "$(kref base)" ]; then
		return
	fi
	guard_edits
	need_space "$BUILD" 8000 "the kernel tree"
	if [ -n "${KERNEL_SRC:-}" ]; then
		step "import kernel from KERNEL_SRC" import_user
	else
		step "import linux-source-$LINUX" import_package
	fi
	check_series "the kernel tree" < <(kgit show refs/panthor/import:Makefile)
	tell_version "$FOUND"
	kgit tag -f base refs/panthor/import >/dev/null
	stamp_set "$BASE_STAMP" "$key"
}

# --- the composed tree ---------------------------------------------------

guard_edits()
{
	local edits

	[ -e "$TREE/.git" ] && [ -n "$(kref refs/panthor/composed)" ] || return 0
	edits=$(tree_edits)
	[ -z "$edits" ] ||
		die "build/linux has $edits and would be overwritten; commit them there and run 'make kernel-save', or drop them with: git -C $TREE checkout -f -B reserve refs/panthor/composed"
}

# Move build/linux to a commit, writing only the files that differ. The target
# is noted first: when this is cut short, the next run knows why the tree is
# neither here nor there.
switch_tree()
{
	local to=$1 from

	from=$(wgit "$TREE" rev-parse HEAD)
	kgit update-ref refs/panthor/next "$to"
	wgit "$TREE" read-tree -u -m "$from" "$to"
	finish_switch "$to"
}

finish_switch()
{
	kgit update-ref refs/heads/reserve "$1"
	kgit update-ref refs/panthor/composed "$1"
	wgit "$TREE" symbolic-ref HEAD refs/heads/reserve
	kgit update-ref -d refs/panthor/next
}

# A switch was cut short: carry it through. Files that neither commit explains
# are somebody's work and stop us.
recover_switch()
{
	local next from dir

	next=$(kref refs/panthor/next)
	[ -n "$next" ] && [ -e "$TREE/.git" ] || return 0
	say "  an earlier run was interrupted while it wrote build/linux; finishing it"
	dir=$(wgit "$TREE" rev-parse --absolute-git-dir)
	rm -f "$dir/index.lock"
	from=$(wgit "$TREE" rev-parse HEAD)
	wgit "$TREE" read-tree "$from"
	{
		wgit "$TREE" diff --name-only "$from"
		wgit "$TREE" ls-files --others --exclude-standard
	} | sort >"$BUILD/.dirty"
	kgit diff --name-only --no-renames "$from" "$next" | sort | comm -23 "$BUILD/.dirty" - >"$BUILD/.foreign"
	[ ! -s "$BUILD/.foreign" ] ||
		die "build/linux has changes of yours ($(head -n 1 "$BUILD/.foreign")) besides an interrupted update; save them and run: git -C $TREE checkout -f -B reserve refs/panthor/next"
	keep_unknown "$from" "$next" <"$BUILD/.dirty"
	wgit "$TREE" read-tree --reset -u "$next"
	finish_switch "$next"
}

# keep_unknown FROM NEXT: of the files named on stdin, those that are as neither commit has
# them, copied: git may have written half of such a file, or somebody all of it
keep_unknown()
{
	local path blob

	while read -r path; do
		if [ ! -f "$TREE/$path" ] || [ -L "$TREE/$path" ]; then
			continue
		fi
		blob=$(kgit hash-object --no-filters "$TREE/$path")
		if [ "$blob" != "$(kgit rev-parse -q --verify "$1:$path")" ] &&
			[ "$blob" != "$(kgit rev-parse -q --verify "$2:$path")" ]; then
			mkdir -p "$BUILD/interrupted/$(dirname "$path")"
			cp -p "$TREE/$path" "$BUILD/interrupted/$path"
			say "  build/interrupted/$path: as it was in build/linux, and in no step"
		fi
	done
}

# stop_as_am: what somebody has who applied the series by git am, up to the step that
# does not apply. Tells where that is.
stop_as_am()
{
	local step head steps total n where

	read -r step head <"$BUILD/.drift"
	steps=$(series_steps "$SERIES_ROOT" "$(commit_version base)")
	total=$(wc -l <<<"$steps")
	n=$(grep -nx -- "$step" <<<"$steps" | cut -d: -f1)
	where=$(sed -n 's/^error: patch failed: //p; s/^error: \(.*\): does not exist in index$/\1, which is not there/p' \
		"$LOGS/compose-the-series.log" | sort -u | paste -sd ' ')
	printf '%s\n' "$head" >"$BUILD/.head"
	step "write kernel trees" make_trees
	stamp_set "$COMPOSE_STAMP" "$(series_key "$(kref base)" "$SERIES_ROOT")"
	# It fails: that is what it is for
	GIT_COMMITTER_NAME=$IDENT_NAME GIT_COMMITTER_EMAIL=$IDENT_EMAIL \
		wgit "$TREE" am --quiet "$BUILD"/drift/*.patch >"$LOGS/drift.log" 2>&1 || :
	die "step $n of $total, $step, does not apply: ${where:-see $LOGS/compose-the-series.log}. build/linux has the $((n - 1)) before it, in the middle of git am; there, 'git am --show-current-patch' shows it and 'git apply --reject' what of it fits; when it is mended 'git am --continue', then 'make kernel-save'"
}

# Nothing may be built of half a series.
guard_drift()
{
	local dir

	[ -e "$TREE/.git" ] && [ -f "$BUILD/.drift" ] || return 0
	dir=$(wgit "$TREE" rev-parse --absolute-git-dir)
	if [ -d "$dir/rebase-apply" ]; then
		die "build/linux is in the middle of git am at $(cut -d ' ' -f 1 "$BUILD/.drift"); finish it there ('git am --continue'), or drop it with: git -C $TREE am --abort"
	fi
	# Given up, and not mended: the series is not composed
	! half_a_series || rm -f "$COMPOSE_STAMP"
	rm -f "$BUILD/.drift"
}

# The checkout of build/linux-base, which is nobody's to change: it may have been cut short
finish_base()
{
	[ -n "$(kref refs/panthor/base-next)" ] || return 0
	rm -f "$(wgit "$BASE_TREE" rev-parse --absolute-git-dir)/index.lock"
	wgit "$BASE_TREE" checkout -q -f --detach base
	kgit update-ref -d refs/panthor/base-next
}

make_trees()
{
	worktree "$BASE_TREE" base
	finish_base
	[ -z "$(wgit "$BASE_TREE" status --porcelain | sed -n 1p)" ] ||
		_fail "build/linux-base must be the unmodified kernel but has changes; drop them with: git -C $BASE_TREE checkout -f && git -C $BASE_TREE clean -fd"
	if [ "$(wgit "$BASE_TREE" rev-parse HEAD)" != "$(kref base)" ]; then
		kgit update-ref refs/panthor/base-next base
		finish_base
	fi
	if [ ! -e "$TREE/.git" ]; then
		worktree "$TREE" "$(cat "$BUILD/.head")"
		finish_switch "$(cat "$BUILD/.head")"
	else
		switch_tree "$(cat "$BUILD/.head")"
	fi
}

is_tree()
{
	[ -e "$1/.git" ] && wgit "$1" rev-parse -q --verify HEAD >/dev/null 2>&1
}

make_composed()
{
	local key edits orphan

	key=$(series_key "$(kref base)" "$SERIES_ROOT")
	if stamp_ok "$COMPOSE_STAMP" "$key" && is_tree "$TREE" && is_tree "$BASE_TREE"; then
		edits=$(tree_edits)
		[ -z "$edits" ] || say "  note: build/linux has $edits; 'make kernel-save' carries them into the repository"
		return
	fi
	guard_edits
	rm -f "$BUILD/.drift"
	REMEDY="see the sentence above"
	if ! (step "compose the series" compose "$SERIES_ROOT" base "$BUILD/.head"); then
		if [ -f "$BUILD/.drift" ]; then
			stop_as_am
		fi
		rm -f "$BUILD/.drift"
		exit 1
	fi
	REMEDY="free disk space if it is full, then run again"
	step "write kernel trees" make_trees
	orphan=$(series_orphans "$SERIES_ROOT" | sed -n 1p)
	[ -z "$orphan" ] || say "  warning: no step names $orphan (Overlay: line), so the kernel does not get it"
	stamp_set "$COMPOSE_STAMP" "$key"
}

main()
{
	need_packages git python3 xz-utils perl
	mkdir -p "$BUILD" || die "cannot create $BUILD; check its owner and the free space"
	locked kernel-tree
	# A clone that was moved: tell git where its work trees are now.
	if [ -d "$KGIT" ] && [ -e "$TREE/.git" ] && ! is_tree "$TREE"; then
		kgit worktree repair "$TREE" "$BASE_TREE" >/dev/null 2>&1 || :
	fi
	if [ -d "$KGIT" ]; then
		recover_switch
	fi
	guard_drift
	make_base
	make_composed
	say "build/linux: $(kgit rev-list --count "base..$(wgit "$TREE" rev-parse HEAD)") steps on $(kgit log -1 --format=%s base)"
}

# Read whole before it runs: an edit of this script must not reach a run.
main
exit
