#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of the kernel tree machinery (scripts/kernel/tree.sh, save.sh) on
# a synthetic kernel of three files and the fixture series beside this script:
# composing, the way back, refusals, and recovery from being cut short. Prints
# TAP and writes out/results/kernel-tree.tsv.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/lib/self-test-lib.sh
. "$ROOT/scripts/lib/self-test-lib.sh"

SUITE=kernel-tree
HERE=$ROOT/tests/kernel-tree
result_start $SUITE
RESULTS=$OUT

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export BUILD=$scratch/build OUT=$scratch/out SERIES_ROOT=$scratch/series
export KERNEL_SRC=$scratch/base
unset DRIFT FORCE LINUX KERNEL_SUITE
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Developer GIT_AUTHOR_EMAIL=developer@example.org
export GIT_COMMITTER_NAME=Developer GIT_COMMITTER_EMAIL=developer@example.org
tree=$BUILD/linux

# --- the synthetic kernel ------------------------------------------------

make_base()
{
	mkdir -p "$1/drivers/iommu"
	printf '# SPDX-License-Identifier: GPL-2.0\nVERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = 0\n' \
		"$2" "$3" >"$1/Makefile"
	seq -f 'config LINE_%g' 40 >"$1/drivers/iommu/Kconfig"
	seq -f 'int line_%g;' 60 >"$1/drivers/iommu/table.c"
	printf '*.o\n' >"$1/.gitignore"
	: >"$1/drivers/iommu/table.o"
}

tree_git()
{
	git -C "$tree" "$@"
}

compose()
{
	"$ROOT/scripts/kernel/tree.sh" >"$scratch/log" 2>&1
}

save()
{
	"$ROOT/scripts/kernel/save.sh" >"$scratch/log" 2>&1
}

# The command fails, and says one sentence (one "error:" line) with these words.
refuses()
{
	local words=$1

	shift
	not "$@"
	[ "$(grep -c '^ *error: ' "$scratch/log")" = 1 ]
	grep '^ *error: ' "$scratch/log" | grep -q -- "$words"
}

same_series()
{
	diff -r "$HERE/series" "$SERIES_ROOT"
}

# --- the tests; each starts where the one before it ended ----------------

test_compose()
{
	compose
	[ "$(tree_git rev-list --count base..reserve)" = 3 ]
	[ "$(tree_git log -1 --format=%s reserve~2)" = 'iommu: Add a reservation' ]
	tree_git log -1 --format=%b reserve~2 >"$scratch/body"
	grep -qx 'This is the second one.' "$scratch/body"
	[ "$(tree_git log -1 --format=%an reserve)" = 'Another Author' ]
	grep -q 'Kconfig.reserve' "$tree/drivers/iommu/Kconfig"
	cmp "$SERIES_ROOT/Kconfig" "$tree/drivers/iommu/Kconfig.reserve"
	cmp "$SERIES_ROOT/drivers/iommu/reserve.c" "$tree/drivers/iommu/reserve.c"
	[ -z "$(tree_git status --porcelain)" ]
}

test_whole_file_of_each_step()
{
	tree_git show reserve~2:drivers/iommu/reserve.c | grep -q 'return 0'
	tree_git show reserve~1:drivers/iommu/reserve.c | grep -q 'return 1'
	not tree_git cat-file -e base:drivers/iommu/reserve.c
}

test_base_tree_is_unmodified()
{
	cmp "$KERNEL_SRC/drivers/iommu/table.c" "$BUILD/linux-base/drivers/iommu/table.c"
	[ ! -e "$BUILD/linux-base/drivers/iommu/reserve.c" ]
	[ ! -e "$BUILD/linux-base/drivers/iommu/table.o" ]
}

test_round_trip()
{
	save
	same_series
}

# Who rewords a step does not rename it
test_names_survive_an_amend()
{
	tree_git commit -q --amend -m 'iommu: Describe it better'
	save
	[ "$(tail -n 1 "$SERIES_ROOT/patches/series")" = 0003-describe-it ]
	compose
	not grep -q 'compose the series' "$scratch/log"
	restore_series
}

test_second_run_does_nothing()
{
	local head

	head=$(tree_git rev-parse HEAD)
	compose
	not grep -q 'compose the series' "$scratch/log"
	[ "$(tree_git rev-parse HEAD)" = "$head" ]
}

test_only_changed_files_are_written()
{
	touch -d '2001-01-01' "$tree/drivers/iommu/table.c" "$tree/drivers/iommu/reserve.c"
	tree_git update-index -q --refresh
	sed -i 's/bool "Test fixture"/bool "Test fixture, changed"/' "$SERIES_ROOT/Kconfig"
	compose
	grep -q changed "$tree/drivers/iommu/Kconfig.reserve"
	[ "$(stat -c %Y "$tree/drivers/iommu/table.c")" = "$(date -d '2001-01-01' +%s)" ]
	[ "$(stat -c %Y "$tree/drivers/iommu/reserve.c")" = "$(date -d '2001-01-01' +%s)" ]
	cp "$HERE/series/Kconfig" "$SERIES_ROOT/Kconfig"
	compose
}

test_edits_come_back()
{
	local tree_id

	# A new step in the middle, and a change of the last one.
	tree_git checkout -q --detach reserve~1
	sed -i 's/line_10;/line_ten;/' "$tree/drivers/iommu/table.c"
	printf '/* SPDX-License-Identifier: GPL-2.0-only */\n' >"$tree/drivers/iommu/extra.h"
	tree_git add -A
	tree_git commit -q -m 'iommu: Count to ten!'
	tree_git cherry-pick reserve >/dev/null
	printf '\nMore.\n' >>"$tree/Documentation/reserve.rst"
	tree_git commit -q -a --amend --no-edit
	tree_git checkout -q -B reserve
	save
	grep -qx 0003-count-to-ten "$SERIES_ROOT/patches/series"
	grep -qx 0004-describe-it "$SERIES_ROOT/patches/series"
	[ ! -e "$SERIES_ROOT/patches/0003-describe-it.patch" ]
	[ -e "$SERIES_ROOT/drivers/iommu/extra.h" ]
	grep -qx 'From: Developer <developer@example.org>' "$SERIES_ROOT/patches/0003-count-to-ten.patch"
	tree_id=$(tree_git rev-parse 'HEAD^{tree}')
	rm -rf "$BUILD"
	compose
	[ "$(tree_git rev-parse 'HEAD^{tree}')" = "$tree_id" ]
}

test_removed_step_comes_back()
{
	tree_git rebase -q --onto reserve~2 reserve~1 reserve
	save
	not grep -q count-to-ten "$SERIES_ROOT/patches/series"
	[ ! -e "$SERIES_ROOT/drivers/iommu/extra.h" ]
	restore_series
}

restore_series()
{
	rm -rf "$SERIES_ROOT"
	cp -r "$HERE/series" "$SERIES_ROOT"
	compose
}

test_uncommitted_work_is_kept()
{
	printf 'int mine;\n' >>"$tree/drivers/iommu/table.c"
	compose
	printf '# changed\n' >>"$SERIES_ROOT/Kconfig"
	refuses 'uncommitted changes (drivers/iommu/table.c)' compose
	grep -q mine "$tree/drivers/iommu/table.c"
	refuses 'uncommitted changes' save
	tree_git checkout -q -f
	restore_series
}

test_unsaved_commits_are_kept()
{
	printf 'int mine;\n' >>"$tree/drivers/iommu/table.c"
	tree_git commit -q -a -m 'fixup! iommu: Describe it'
	refuses 'fixup!' save
	printf '# changed\n' >>"$SERIES_ROOT/Kconfig"
	refuses 'make kernel-save' compose
	refuses 'FORCE=1' save
	grep -q mine "$tree/drivers/iommu/table.c"
	tree_git checkout -q -f -B reserve refs/panthor/composed
	restore_series
}

# HEAD is elsewhere, and says nothing of them
test_commits_on_the_branch_are_kept()
{
	local mine

	printf 'int mine;\n' >>"$tree/drivers/iommu/table.c"
	tree_git commit -q -a -m 'iommu: Work of days'
	mine=$(tree_git rev-parse reserve)
	tree_git checkout -q --detach reserve~1
	refuses 'would be lost' save
	printf '# changed\n' >>"$SERIES_ROOT/Kconfig"
	refuses 'commits on its branch reserve' compose
	[ "$(tree_git rev-parse reserve)" = "$mine" ]
	tree_git checkout -q -f -B reserve refs/panthor/composed
	restore_series
}

test_what_is_no_series_is_not_saved()
{
	local dir

	tree_git checkout -q -b side reserve~1
	tree_git commit -q --allow-empty -m 'iommu: Aside'
	tree_git checkout -q reserve
	tree_git merge -q --no-ff -m 'Merge' side
	refuses 'has merges' save
	tree_git checkout -q -f -B reserve refs/panthor/composed
	tree_git branch -q -D side
	tree_git checkout -q --detach "$(tree_git commit-tree -m 'No parent' 'HEAD^{tree}')"
	refuses 'rebase --onto base' save
	tree_git checkout -q reserve
	tree_git commit -q --allow-empty -m "$(printf 'iommu: Two\n\n---\nThree')"
	refuses "has a line '---'" save
	tree_git checkout -q -f -B reserve refs/panthor/composed
	dir=$(tree_git rev-parse --absolute-git-dir)
	mkdir "$dir/rebase-merge"
	refuses 'in the middle of a rebase' save
	printf '# changed\n' >>"$SERIES_ROOT/Kconfig"
	refuses 'an unfinished rebase' compose
	rmdir "$dir/rebase-merge"
	restore_series
}

# More of them than a pipe holds
test_many_files_are_no_silent_end()
{
	(cd "$tree" && seq -f 'a_rather_long_name_of_a_file_that_somebody_left_here_%04g' 3000 | xargs touch)
	refuses 'uncommitted changes' save
	(cd "$tree" && find . -name 'a_rather_long_name_*' -delete)
}

test_programs_stay_programs()
{
	chmod +x "$SERIES_ROOT/drivers/iommu/reserve.c"
	compose
	[[ $(tree_git ls-tree HEAD drivers/iommu/reserve.c) = 100755* ]]
	tree_git rebase -q -x 'chmod -x drivers/iommu/reserve.c; git commit -q --amend --no-edit -a' base
	save
	[ ! -x "$SERIES_ROOT/drivers/iommu/reserve.c" ]
	restore_series
}

test_two_do_not_write_at_once()
{
	exec 9>"$BUILD/.kernel-tree.lock"
	flock 9
	compose 9>&- &
	for _ in $(seq 50); do
		! grep -q 'waiting for another' "$scratch/log" || break
		sleep 0.1
	done
	grep -q "waiting for another 'kernel-tree'" "$scratch/log"
	flock -u 9
	wait $!
}

# Of which nothing may be left but what it began
test_a_killed_run_gives_up_its_lock()
{
	bash -c '. "$1"; locked probe; work() { sleep 3; }; step "long work" work' x \
		"$ROOT/scripts/lib/lib.sh" >/dev/null 2>&1 &
	sleep 1
	kill -KILL $!
	timeout 8 flock "$BUILD/.probe.lock" true
}

test_folders_of_others_are_not_removed()
{
	mkdir -p "$scratch/precious"
	: >"$scratch/precious/file"
	not env OUT="$scratch/precious" "$ROOT/scripts/clean.sh" 2>"$scratch/log"
	grep -q 'precious has nothing that this project makes' "$scratch/log"
	[ -e "$scratch/precious/file" ]
}

test_wrong_series_is_refused()
{
	make_base "$scratch/old" 6 12
	KERNEL_SRC=$scratch/old refuses 'Linux 6.12, but .* KERNEL_SRC=' compose
	KERNEL_SRC=$scratch/nowhere refuses 'no kernel tree' compose
	[ "$(tree_git rev-list --count base..reserve)" = 3 ]
}

test_wrong_series_is_tried()
{
	KERNEL_SRC=$scratch/old DRIFT=1 compose
	grep -q 'is Linux 6.12' "$scratch/log"
	[ "$(tree_git rev-list --count base..reserve)" = 3 ]
	tree_git show base:Makefile | grep -q 'PATCHLEVEL = 12'
	restore_series
}

# rename_step SUBJECT TREE FROM TO: a step that renames a line of the table
rename_step()
{
	local table=drivers/iommu/table.c

	printf 'Subject: %s\n\nAs 7.3 does.\n---\n' "$1"
	diff -U2 --label "a/$table" --label "b/$table" "$2/$table" <(sed "s/$3;/$4;/" "$2/$table") || :
}

# Linux 7.2, whose table is another one beside the second step's diff, and which has
# what a fourth step does
test_another_version_has_steps_of_its_own()
{
	local own=$SERIES_ROOT/patches/7.2

	make_base "$scratch/earlier" 7 2
	sed -i -e 's/line_49;/line_forty_nine;/' -e 's/line_5;/line_five;/' "$scratch/earlier/drivers/iommu/table.c"
	mkdir "$own"
	printf '# before the others\n0001-name-a-line\n0002-name-a-ninth\n-0004-name-another\n' >"$own/series"
	rename_step 'iommu: Name a line' "$scratch/earlier" line_forty_nine line_49 >"$own/0001-name-a-line.patch"
	rename_step 'iommu: Name a ninth' "$scratch/earlier" line_9 line_nine >"$own/0002-name-a-ninth.patch"
	printf '0004-name-another\n' >>"$SERIES_ROOT/patches/series"
	rename_step 'iommu: Name another' "$scratch/base" line_5 line_five >"$SERIES_ROOT/patches/0004-name-another.patch"
	compose
	[ "$(tree_git rev-list --count base..reserve)" = 4 ]
	KERNEL_SRC=$scratch/earlier compose
	grep -q '5 steps on Linux 7.2 ' "$scratch/log"
	grep -q 'was Linux 7.3 and becomes Linux 7.2' "$scratch/log"
	[ "$(tree_git log --reverse --format=%s base..reserve | paste -sd ';')" = 'iommu: Name a line;iommu: Name a ninth;iommu: Add a reservation;iommu: Use the reservation in the table;iommu: Describe it' ]
	grep -q '^int line_49;' "$tree/drivers/iommu/table.c"
}

# The series is that for 7.3: what comes of 7.2 must not take its place
test_steps_are_not_saved_from_another_version()
{
	KERNEL_SRC=$scratch/earlier refuses 'steps are saved from Linux 7.3' save
	# Its own steps count for what is up to date
	sed -i 's/As 7.3 does/As Linux 7.3 does/' "$SERIES_ROOT"/patches/7.2/0001-*.patch
	KERNEL_SRC=$scratch/earlier compose
	tree_git log --format=%b base..reserve | grep -qx 'As Linux 7.3 does.'
	# One that does not apply is told by its name as well
	sed -i 's/^-int line_forty_nine/-int line_forty_eight/' "$SERIES_ROOT"/patches/7.2/0001-*.patch
	KERNEL_SRC=$scratch/earlier not compose
	grep -q 'step 1 of 5, 7.2/0001-name-a-line, does not apply: drivers/iommu/table.c:' "$scratch/log"
	tree_git am --abort
	# Nor is one left out that there is not
	echo -0003-describe >>"$SERIES_ROOT/patches/7.2/series"
	KERNEL_SRC=$scratch/earlier not compose
	grep -q 'patches/7.2/series leaves out 0003-describe, but there is no such step' "$scratch/log"
	KERNEL_SRC='' LINUX=7.9 refuses 'LINUX=7.9 is not among the versions that the series is written for: 7.3 7.2' compose
	restore_series
}

# A step that comes before moves the number of one that another version leaves out
test_left_out_steps_are_numbered_anew()
{
	mkdir "$SERIES_ROOT/patches/7.2"
	printf '# not these\n-0003-describe-it\n' >"$SERIES_ROOT/patches/7.2/series"
	tree_git checkout -q --detach base
	printf 'int first;\n' >>"$tree/drivers/iommu/table.c"
	tree_git commit -q -a -m 'iommu: Come first'
	tree_git cherry-pick base..reserve >/dev/null
	tree_git checkout -q -B reserve
	save
	[ "$(paste -sd ' ' "$SERIES_ROOT/patches/7.2/series")" = '# not these -0004-describe-it' ]
	tree_git checkout -q -B reserve reserve~1
	refuses 'leaves out 0004-describe-it, which is no step any more' save
	tree_git checkout -q -f -B reserve refs/panthor/composed
	restore_series
}

# A tree in which somebody renamed what the second step's diff has around it
test_drift_stops_as_git_am()
{
	cp -r "$scratch/base" "$scratch/drifted"
	sed -i 's/line_49;/line_forty_nine;/' "$scratch/drifted/drivers/iommu/table.c"
	KERNEL_SRC=$scratch/drifted not compose
	grep -q 'step 2 of 3, 0002-use-the-reservation-in-the-table, does not apply: drivers/iommu/table.c:' "$scratch/log"
	[ "$(tree_git log -1 --format=%s)" = 'iommu: Add a reservation' ]
	[ "$(tree_git rev-list --count base..HEAD)" = 1 ]
	tree_git am --show-current-patch=diff | grep -q '^+int line_fifty;'
	# Half a series is not built, nor saved
	KERNEL_SRC=$scratch/drifted not compose
	grep -q 'in the middle of git am at 0002-use' "$scratch/log"
	not save
}

test_drift_is_mended()
{
	not tree_git apply --reject "$BUILD"/drift/0001-*.patch
	rm "$tree"/drivers/iommu/table.c.rej
	sed -i 's/line_50;/line_fifty;/' "$tree/drivers/iommu/table.c"
	tree_git add -A
	tree_git am --quiet --continue
	[ "$(tree_git log --reverse --format=%s base..HEAD | paste -sd ';')" = 'iommu: Add a reservation;iommu: Use the reservation in the table;iommu: Describe it' ]
	save
	grep -q '^ int line_forty_nine;' "$SERIES_ROOT/patches/0002-use-the-reservation-in-the-table.patch"
	cmp "$HERE/series/drivers/iommu/reserve.c" "$SERIES_ROOT/drivers/iommu/reserve.c"
	KERNEL_SRC=$scratch/drifted compose
	restore_series
}

test_drift_given_up_is_not_built()
{
	KERNEL_SRC=$scratch/drifted not compose
	tree_git am --abort
	KERNEL_SRC=$scratch/drifted not compose
	grep -q 'step 2 of 3' "$scratch/log"
	tree_git am --abort
	compose
	[ "$(tree_git rev-list --count base..reserve)" = 3 ]
}

# Whoever asks next: half of it is not saved, nor taken for all
test_half_a_series_is_not_taken_for_all()
{
	KERNEL_SRC=$scratch/drifted not compose
	tree_git am --abort
	refuses 'fewer steps than patches/series' save
	same_series
	"$ROOT/scripts/clean.sh"
	KERNEL_SRC=$scratch/drifted not compose
	grep -q 'step 2 of 3' "$scratch/log"
	tree_git am --abort
	printf 'int mine;\n' >>"$tree/drivers/iommu/table.c"
	tree_git commit -q -a -m 'iommu: Work of days'
	KERNEL_SRC=$scratch/drifted refuses 'commits that patches/ does not have' compose
	not save
	tree_git checkout -q -f -B reserve refs/panthor/composed
	restore_series
}

# As the distribution packs it, in the user's cache: package VERSION TREE
package()
{
	local dir=$CACHE/downloads/trixie-backports/linux-source-7.3_all root=$scratch/root

	rm -rf "$dir" "$root"
	mkdir -p "$dir" "$root/usr/src" "$root/DEBIAN"
	tar -C "$(dirname "$2")" --transform "s/^$(basename "$2")/linux-source-7.3/" -cJf \
		"$root/usr/src/linux-source-7.3.tar.xz" "$(basename "$2")"
	printf 'Package: linux-source-7.3\nVersion: %s\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' \
		"$1" >"$root/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$root" "$dir/linux-source-7.3_$1_all.deb" >/dev/null
	(cd "$dir" && sha256sum ./*.deb >SHA256SUMS)
}

test_the_package_is_taken()
{
	export CACHE=$scratch/cache
	package 7.3.4 "$scratch/base"
	KERNEL_SRC='' compose
	grep -q '3 steps on Linux 7.3 from linux-source-7.3_7.3.4_all.deb' "$scratch/log"
	cmp "$KERNEL_SRC/drivers/iommu/table.c" "$BUILD/linux-base/drivers/iommu/table.c"
	# A newer one that a step does not fit is as any tree
	package 7.3.5 "$scratch/drifted"
	KERNEL_SRC='' not compose
	grep -q 'step 2 of 3, 0002-use-the-reservation-in-the-table, does not apply' "$scratch/log"
	tree_git am --show-current-patch=diff | grep -q '^+int line_fifty;'
	tree_git am --abort
	restore_series
}

test_a_damaged_package_is_not_taken()
{
	export CACHE=$scratch/cache
	package 7.3.6 "$scratch/base"
	printf 'x' >>"$CACHE"/downloads/trixie-backports/linux-source-7.3_all/*.deb
	mkdir -p "$scratch/bin"
	printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/apt-get"
	chmod +x "$scratch/bin/apt-get"
	PATH=$scratch/bin:$PATH KERNEL_SRC='' not compose
	grep -q 'the cached linux-source-7.3 is damaged' "$scratch/log"
	compose
}

test_bad_steps_are_named()
{
	sed -i 's/^-int line_50/-int line_49/' "$SERIES_ROOT"/patches/0002-*.patch
	not compose
	grep -q 'the patch of step 0002-use-the-reservation-in-the-table does not apply' "$scratch/log"
	tree_git am --abort
	restore_series
	rm "$SERIES_ROOT/drivers/iommu/reserve.c"
	not compose
	grep -q 'adds drivers/iommu/reserve.c, but the repository has no such file' "$scratch/log"
	restore_series
	sed -i 's/return 1/return 2/' "$SERIES_ROOT/drivers/iommu/reserve.c"
	not compose
	grep -q "changes a file that an earlier step adds" "$scratch/log"
	restore_series
}

store_git()
{
	git --git-dir="$BUILD/linux.git" "$@"
}

# As if killed while going from the second step to the third, whose commit is printed
cut_short()
{
	local new

	new=$(tree_git rev-parse reserve)
	tree_git checkout -q -f -B reserve reserve~1
	store_git update-ref refs/panthor/composed refs/heads/reserve
	store_git update-ref refs/panthor/next "$new"
	mkdir -p "$tree/Documentation"
	printf '%s\n' "$new"
}

test_interrupted_write_is_finished()
{
	local new

	# Half the files are written, and git's lock is left behind.
	new=$(cut_short)
	cp "$SERIES_ROOT/Documentation/reserve.rst" "$tree/Documentation/"
	: >"$(tree_git rev-parse --absolute-git-dir)/index.lock"
	compose
	grep -q interrupted "$scratch/log"
	[ "$(tree_git rev-parse HEAD)" = "$new" ]
	[ -z "$(tree_git status --porcelain)" ]
}

# What was written meanwhile, and is in neither step, is kept beside it
test_work_in_an_interrupted_write_is_copied()
{
	local new

	new=$(cut_short)
	echo 'Work of days' >"$tree/Documentation/reserve.rst"
	compose
	[ "$(cat "$BUILD/interrupted/Documentation/reserve.rst")" = 'Work of days' ]
	[ "$(find "$BUILD/interrupted" -type f | wc -l)" = 1 ]
	cmp "$SERIES_ROOT/Documentation/reserve.rst" "$tree/Documentation/reserve.rst"
	# And what is in no file of that step stops it
	store_git update-ref refs/panthor/next "$new"
	echo 'int mine;' >>"$tree/drivers/iommu/table.c"
	refuses 'changes of yours (drivers/iommu/table.c)' compose
	tree_git checkout -q -f -B reserve refs/panthor/next
	store_git update-ref -d refs/panthor/next
	compose
}

test_the_base_stays_as_it_is()
{
	local base=$BUILD/linux-base

	echo '# mine' >>"$base/Makefile"
	printf '# changed\n' >>"$SERIES_ROOT/Kconfig"
	not compose
	grep -q 'must be the unmodified kernel' "$scratch/log"
	# As if killed while it was written: nobody's changes, and git's lock
	store_git update-ref refs/panthor/base-next base
	: >"$(git -C "$base" rev-parse --absolute-git-dir)/index.lock"
	compose
	cmp "$KERNEL_SRC/Makefile" "$base/Makefile"
	# The stamp is there, but what it stands for is not
	store_git update-ref -d refs/tags/base
	compose
	restore_series
}

test_interrupted_import_is_redone()
{
	rm -rf "$BUILD"
	mkdir -p "$BUILD/linux.git/objects/pack" "$BUILD/linux.tmp"
	: >"$BUILD/linux.git/objects/pack/tmp_pack_x"
	: >"$BUILD/linux.tmp/half"
	compose
	[ "$(tree_git rev-list --count base..reserve)" = 3 ]
}

test_user_git_tree_is_only_read()
{
	cp -r "$scratch/base" "$scratch/user"
	git -C "$scratch/user" init -q
	git -C "$scratch/user" add -A
	git -C "$scratch/user" commit -q -m base
	printf 'int untracked;\n' >"$scratch/user/drivers/iommu/untracked.c"
	printf 'int tracked;\n' >>"$scratch/user/drivers/iommu/table.c"
	KERNEL_SRC=$scratch/user compose
	grep -q tracked "$tree/drivers/iommu/table.c"
	[ ! -e "$tree/drivers/iommu/untracked.c" ]
	[ "$(git -C "$scratch/user" status --porcelain | sort | paste -sd' ')" = ' M drivers/iommu/table.c ?? drivers/iommu/untracked.c' ]
}

# What git keeps for itself does not count, all else does
test_user_tree_is_imported_when_it_changes()
{
	git -C "$scratch/user" branch another
	KERNEL_SRC=$scratch/user compose
	not grep -q 'import kernel' "$scratch/log"
	sed -i 's/int tracked/int changed/' "$scratch/user/drivers/iommu/table.c"
	KERNEL_SRC=$scratch/user compose
	grep -q 'import kernel' "$scratch/log"
	grep -q 'int changed' "$tree/drivers/iommu/table.c"
	ln -s nowhere.c "$scratch/user/drivers/iommu/link.c"
	git -C "$scratch/user" add drivers/iommu/link.c
	KERNEL_SRC=$scratch/user compose
	[ -L "$tree/drivers/iommu/link.c" ]
}

make_base "$KERNEL_SRC" 7 3
cp -r "$HERE/series" "$SERIES_ROOT"
run_tests
