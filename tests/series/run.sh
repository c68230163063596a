#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of what makes series of patches to mail (scripts/series/series.sh, series-lib.sh) on a
# synthetic kernel that has the real one's scripts: which step belongs to which series,
# also when steps move, covers, recipients, who signs off, and that what is mailed
# gives the tree that was tested. Prints TAP and writes out/results/series.tsv.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/lib/self-test-lib.sh
. "$ROOT/scripts/lib/self-test-lib.sh"

SUITE=series
need_packages perl codespell python3 python3-sphinx python3-yaml
"$ROOT/scripts/kernel/tree.sh"
REAL=$BUILD/linux
result_start $SUITE
RESULTS=$OUT

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export BUILD=$scratch/build OUT=$scratch/out SERIES_ROOT=$scratch/series
export KERNEL_SRC=$scratch/base
# Nobody's git knows who mails
export HOME=$scratch GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset EMAIL GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
patches=$SERIES_ROOT/patches
made=$OUT/series

# --- the synthetic kernel and its series -----------------------------------

make_base()
{
	local d

	mkdir -p "$1"/{arch,include,fs,init,ipc,kernel,lib,scripts,Documentation,drivers/iommu,drivers/gpu}
	printf '# SPDX-License-Identifier: GPL-2.0\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\n' >"$1/Makefile"
	for d in COPYING CREDITS Kbuild README; do
		: >"$1/$d"
	done
	for d in arch include fs init ipc kernel lib; do
		: >"$1/$d/Kconfig"
	done
	cp "$REAL"/scripts/{checkpatch.pl,get_maintainer.pl,spelling.txt,const_structs.checkpatch} "$1/scripts/"
	printf '# SPDX-License-Identifier: GPL-2.0\nproject = "test"\n' >"$1/Documentation/conf.py"
	seq -f 'int line_%g;' 60 | sed '1i // SPDX-License-Identifier: GPL-2.0' >"$1/drivers/iommu/table.c"
	cp "$1/drivers/iommu/table.c" "$1/drivers/gpu/gpu.c"
	cat >"$1/MAINTAINERS" <<-'EOT'
	List of maintainers
	===================

	GPU
	M:	Gerda Example <gerda@example.org>
	R:	Rudi Example <rudi@example.org>
	L:	gpu@lists.example.org
	S:	Maintained
	F:	drivers/gpu/

	IOMMU
	M:	Ida Example <ida@example.org>
	L:	iommu@lists.example.org
	S:	Maintained
	F:	drivers/iommu/
	F:	Documentation/
	EOT
}

# make_step NUMBER NAME SUBJECT FILE LINE: a step that renames one line
make_step()
{
	local n=$5

	{
		printf 'Subject: %s\n\nThe line has a number for its name, which says nothing to a reader.\n---\n' "$3"
		printf 'diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -%d,3 +%d,3 @@\n' "$4" "$4" "$4" "$4" "$n" "$n"
		printf ' int line_%d;\n-int line_%d;\n+int row_%d;\n int line_%d;\n' $((n - 1)) "$n" "$n" $((n + 1))
	} >"$patches/$1-$2.patch"
}

cover()
{
	cat >"$patches/covers/$1.txt"
}

make_series()
{
	rm -rf "$SERIES_ROOT"
	mkdir -p "$patches/covers" "$SERIES_ROOT/Documentation"
	make_step 0001 say-rows 'iommu: Say row ten' drivers/iommu/table.c 10
	make_step 0002 say-rows 'iommu: Say row twenty' drivers/iommu/table.c 20
	make_step 0003 say-rows 'gpu: Say row thirty' drivers/gpu/gpu.c 30
	cat >"$patches/0004-describe.patch" <<-'EOT'
	Subject: gpu: Describe rows
	Overlay: Documentation/rows.rst

	Rows were described nowhere so far.
	---
	EOT
	printf '.. SPDX-License-Identifier: GPL-2.0\n\nRows\n====\n\nThey have numbers.\n' >"$SERIES_ROOT/Documentation/rows.rst"
	printf '0001-say-rows\n0002-say-rows\n0003-say-rows\n0004-describe\n' >"$patches/series"
	cover tables <<-'EOT'
	Subject: iommu: Rows in place of lines
	After:
	First: *
	Needs:
	Subjects: iommu:

	Problem

	Lines are not rows.

	Design

	Rows.

	Measured

	Nothing.

	Tested

	By looking.

	For others

	Nothing.

	Not seen

	Hardware.
	EOT
	sed -e 's/^Subject: .*/Subject: gpu: Rows for GPUs/' -e 's/^After:/After: tables/' \
		-e 's/^First: .*/First: gpu: Say row thirty/' -e 's/^Needs:/Needs: tables/' \
		-e 's/^Subjects: .*/Subjects: gpu:/' "$patches/covers/tables.txt" | cover users
}

series()
{
	"$ROOT/scripts/series/series.sh" >"$scratch/list" 2>"$scratch/log"
}

# What is wrong with the covers, without making anything
problems()
{
	# shellcheck disable=SC2016 # of the other shell
	bash -c '. "$0/scripts/lib/lib.sh"; . "$0/scripts/kernel/kernel-lib.sh"; . "$0/scripts/series/series-lib.sh"
		series_problems
		for name in $(cover_names); do
			cover_problems "$name" | sed "s/^/$name /"
		done' "$ROOT"
}

# steps_of NAME: the subjects of a series, without making anything
steps_of()
{
	# shellcheck disable=SC2016 # of the other shell
	bash -c '. "$0/scripts/lib/lib.sh"; . "$0/scripts/kernel/kernel-lib.sh"; . "$0/scripts/series/series-lib.sh"
		cover_steps' "$ROOT" | awk -F '\t' -v name="$1" '$1 == name { print $3 }' | paste -sd ';'
}

edit()
{
	sed -i "$1" "$patches/$2"
}

# finds WORDS SED-COMMAND FILE: a change that is a mistake of the covers
finds()
{
	make_series
	edit "$2" "$3"
	problems >"$scratch/log"
	grep -q -- "$1" "$scratch/log"
	make_series
}

# refuses WORDS COMMAND...: no patches after a change, and a sentence with these words
refuses()
{
	make_series
	"${@:2}"
	rm -rf "$made"
	not series
	grep -q -- "$1" "$scratch/log"
	[ ! -e "$made" ]
	make_series
}

# members NAME: the subjects of a series as it was made
members()
{
	sed -n 's/^Subject: \[PATCH [0-9/]*\] //p' "$made/$1"/000[1-9]-*.patch | paste -sd ';'
}

# --- the tests ---------------------------------------------------------------

test_series_are_made()
{
	series
	[ "$(paste -sd ' ' "$made/order")" = 'tables users' ]
	[ "$(members tables)" = 'iommu: Say row ten;iommu: Say row twenty' ]
	[ "$(members users)" = 'gpu: Say row thirty;gpu: Describe rows' ]
	[ "$(wc -l <"$scratch/list")" = 6 ]
	[ "$(wc -l <"$made/patches")" = 4 ]
}

test_covers_say_what_they_must()
{
	local letter=$made/users/0000-cover-letter.patch

	grep -qx 'Subject: \[PATCH 0/2\] gpu: Rows for GPUs' "$letter"
	grep -qx 'Lines are not rows.' "$letter"
	grep -qx '    iommu: Rows in place of lines (2)' "$letter"
	grep -qx '  \* gpu: Rows for GPUs (2)' "$letter"
	grep -qx 'This one (\*) needs' "$letter"
	grep -q 'needs none of the others' "$made/tables/0000-cover-letter.patch"
	grep -qx 'Your Name (2):' "$letter"
	[ "$(grep -cx '  gpu: \(Say row thirty\|Describe rows\)' "$letter")" = 2 ]
	grep -q 'gpu/gpu.c *| *2 ' "$letter"
	not grep -q '\*\*\*' "$letter"
}

test_threads()
{
	local id

	id=$(sed -n 's/^Message-I[dD]: //p' "$made/users/0000-cover-letter.patch")
	[ -n "$id" ]
	[ "$(grep -lxF "In-Reply-To: $id" "$made"/users/000[12]-*.patch | wc -l)" = 2 ]
	not grep -qF "$id" "$made"/tables/0001-*.patch
}

test_recipients()
{
	local header

	header=$(sed '/^$/q' "$made/users/0000-cover-letter.patch")
	grep -q '^To: Gerda Example <gerda@example.org>' "$made/users/recipients"
	grep -qx 'Cc: Rudi Example <rudi@example.org>' "$made/users/recipients"
	grep -qx 'Cc: gpu@lists.example.org' "$made/users/recipients"
	grep -q 'Gerda Example <gerda@example.org>' <<<"$header"
	grep -q '^To: ' <<<"$header"
	grep -q 'gpu@lists.example.org' <<<"$header"
	not grep -q Gerda "$made/tables/recipients"
}

test_placeholder_without_signoff()
{
	grep -qx 'From: Your Name <you@example.org>' "$made"/tables/0001-*.patch
	grep -qx 'Signed-off-by: Your Name <you@example.org>' "$made"/tables/0001-*.patch
	grep -qx 'From: Your Name <you@example.org>' "$made/tables/0000-cover-letter.patch"
	not grep -rq panthor-reserve@localhost "$made"
}

test_signoff()
{
	SIGNOFF='Hanna Hacker <hanna@example.org>' series
	grep -qx 'From: Hanna Hacker <hanna@example.org>' "$made"/users/0001-*.patch
	grep -qx 'Signed-off-by: Hanna Hacker <hanna@example.org>' "$made"/users/0002-*.patch
	grep -qx 'From: Hanna Hacker <hanna@example.org>' "$made/users/0000-cover-letter.patch"
	not grep -rq 'you@example.org' "$made"
	not env SIGNOFF='Hanna Hacker' "$ROOT/scripts/series/series.sh" >"$scratch/log" 2>&1
	grep -q 'must be of the form' "$scratch/log"
}

test_they_apply_with_git_am()
{
	local tree=$scratch/mine

	cp -r "$KERNEL_SRC" "$tree"
	git -C "$tree" init -q
	git -C "$tree" add -A
	git -C "$tree" -c user.name=x -c user.email=x@example.org commit -q -m base
	# shellcheck disable=SC2046 # paths without spaces
	git -C "$tree" -c user.name=x -c user.email=x@example.org am -q $(cat "$made/patches")
	[ "$(git -C "$tree" rev-parse 'HEAD^{tree}')" = "$(git --git-dir="$BUILD/linux.git" rev-parse 'reserve^{tree}')" ]
}

# A step that comes first, one that moves to another place, and new numbers
test_steps_may_move()
{
	make_step 0001 fix 'iommu: Say row forty' drivers/iommu/table.c 40
	mv "$patches/0002-say-rows.patch" "$patches/0003-say-more.patch"
	printf '0001-fix\n0003-say-more\n0001-say-rows\n0003-say-rows\n0004-describe\n' >"$patches/series"
	[ "$(steps_of tables)" = 'iommu: Say row forty;iommu: Say row twenty;iommu: Say row ten' ]
	[ "$(steps_of users)" = 'gpu: Say row thirty;gpu: Describe rows' ]
	[ -z "$(problems)" ]
	make_series
}

# Where a series begins with a step that moved elsewhere, its next one takes over
test_beginnings_may_move()
{
	edit 's/^First: .*/First: iommu: Say row ten\nFirst: gpu: Describe rows\nFirst: gpu: Say row thirty/' covers/users.txt
	printf '0001-say-rows\n0002-say-rows\n0004-describe\n0003-say-rows\n' >"$patches/series"
	[ "$(steps_of users)" = 'gpu: Describe rows;gpu: Say row thirty' ]
	[ -z "$(problems)" ]
	make_series
}

# One whose steps are not there yet, unlike one whose beginning is mistyped
test_optional_covers()
{
	sed -e 's/^After:.*/After: users/' -e 's/^First: .*/First: cpu: Say row fifty/' \
		-e 's/^Subjects: .*/Optional: yes\nSubjects: cpu:/' "$patches/covers/users.txt" | cover later
	[ -z "$(problems)" ]
	[ -z "$(steps_of later)" ]
	make_step 0005 fifty 'cpu: Say row fifty' drivers/gpu/gpu.c 50
	printf '0005-fifty\n' >>"$patches/series"
	[ -z "$(problems)" ]
	[ "$(steps_of later)" = 'cpu: Say row fifty' ]
	rm "$patches/covers/later.txt"
	problems >"$scratch/log"
	grep -q 'users has steps that are not its own: cpu: Say row fifty' "$scratch/log"
	make_series
}

test_covers_that_do_not_fit()
{
	finds 'step 0001-say-rows belongs to no series' 's/^First: .*/First: iommu: Say row twenty/' covers/tables.txt
	finds 'users begins nowhere' 's/^First: .*/First: gpu: Say row eleven/' covers/users.txt
	finds 'steps that are not its own: gpu: Say row thirty' 's/^First: .*/First: gpu: Describe rows/' covers/users.txt
	finds "says nothing below 'Tested'" '/^By looking/d' covers/users.txt
	finds 'figures that no document has beside a command: 98,765.4' 's/^Nothing/98,765.4 ns/' covers/users.txt
	finds 'needs users, which does not come before it' 's/^Needs:/Needs: users/' covers/tables.txt
	finds "stands after 'sofas'" 's/^After:.*/After: sofas/' covers/users.txt
	finds 'several steps have the subject gpu: Say row thirty' 's/^Subject:.*/Subject: gpu: Say row thirty/' 0004-describe.patch
	refuses "says nothing below 'Tested'" edit '/^By looking/d' covers/users.txt
}

test_bad_patches_are_not_made()
{
	refuses 'step "checkpatch users" failed' edit 's/^+int row_30;/+int row_30 ;/' 0003-say-rows.patch
}

more_rows()
{
	printf '\nMore rows\n=====\n' >>"$SERIES_ROOT/Documentation/rows.rst"
}

test_bad_pages_are_not_made()
{
	refuses 'docs *failed' more_rows
}

# --- series-check, with what builds and what is built being a stand-in ---------

# A root of its own, whose kernel.sh "builds" a script that says what KUnit would
make_root()
{
	mkdir -p "$root/docs" "$root/tests/kernel" "$root/tests/builds"
	cp -r "$ROOT/scripts" "$root/"
	printf 'Before.\n<!-- scripts/series/check.sh --record -->\nOld.\n<!-- end of it -->\nAfter.\n' >"$root/docs/results.md"
	cat >"$root/scripts/kernel/kernel.sh" <<-'EOT'
	#!/bin/bash
	tree=$BUILD/linux-step
	case $1 in
	build)
		git -C "$tree" log -1 --format=%s >>"$BUILD/built"
		mkdir -p "$tree/out-um/drivers/iommu" "$tree/out-um/drivers/gpu"
		touch "$tree/out-um/drivers/iommu/table.o" "$tree/out-um/drivers/gpu/gpu.o"
		: >"$BUILD/log/build-step-um-kernel.log"
		cat >"$tree/out-um/linux" <<-'EOK'
		#!/bin/bash
		printf 'KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: io-pgtable-arm-test\n    1..1\n'
		if grep -q 'int bug;' "$(dirname "$0")/../drivers/iommu/table.c"; then
			printf '    not ok 1 it\nnot ok 1 io-pgtable-arm-test\n'
		else
			printf '    ok 1 it\nok 1 io-pgtable-arm-test\n'
		fi
		EOK
		chmod +x "$tree/out-um/linux"
		;;
	make)
		for object in "${@:5}"; do
			printf '%s\n' "$object" >>"$BUILD/again"
			[ ! -e "$tree/out-um/$object" ] || echo "warning: $object was not removed"
			grep -H -w warn "$tree/${object%.o}.c" | sed 's/.*/warning: &/'
			touch "$tree/out-um/$object"
		done
		;;
	esac
	EOT
	# shellcheck disable=SC2016 # of that script
	printf '#!/bin/bash\nprintf "%%s\\n" "$*" >>"$BUILD/elsewhere"\n' >"$root/tests/builds/run.sh"
	chmod +x "$root/scripts/kernel/kernel.sh" "$root/tests/builds/run.sh"
}

# series_check ARG...: what it built is in $BUILD/built
series_check()
{
	rm -f "$BUILD"/{built,again,elsewhere}
	: >"$BUILD/built"
	ROOT=$root "$root/scripts/series/check.sh" --only-steps "$@" >"$scratch/log" 2>&1
}

root=$scratch/root
test_each_step_is_checked()
{
	make_root
	edit 's/^Needs:/Check: arm64-objects\nNeeds:/' covers/users.txt
	series_check
	[ "$(grep -c '^pass' "$OUT/series-check.tsv")" = 4 ]
	[ "$(wc -l <"$BUILD/built")" = 4 ]
	[ "$(paste -sd ' ' "$BUILD/again")" = 'drivers/iommu/table.o drivers/iommu/table.o drivers/gpu/gpu.o' ]
	[ "$(cat "$BUILD/elsewhere")" = "--tree $BUILD/linux-step arm64-objects" ]
}

test_passed_steps_are_not_built_again()
{
	series_check
	[ ! -s "$BUILD/built" ]
	[ "$(grep -c '^pass' "$OUT/series-check.tsv")" = 4 ]
	edit 's/int row_30;/int column_30;/' 0003-say-rows.patch
	series_check
	[ "$(paste -sd ';' "$BUILD/built")" = 'gpu: Say row thirty;gpu: Describe rows' ]
}

test_some_steps()
{
	rm -rf "$BUILD/stamp/series-check"
	series_check tables
	[ "$(paste -sd ';' "$BUILD/built")" = 'iommu: Say row ten;iommu: Say row twenty' ]
	series_check describe
	[ "$(paste -sd ';' "$BUILD/built")" = 'gpu: Describe rows' ]
	not series_check sofas
	grep -q 'no step .*sofas' "$scratch/log"
}

test_steps_that_fail()
{
	edit 's/int row_20;/int warn;/' 0002-say-rows.patch
	not series_check
	grep -q 'the step has warnings' "$scratch/log"
	[ "$(cut -f1 "$OUT/series-check.tsv" | paste -sd ' ')" = 'pass fail pass pass' ]
	edit 's/int warn;/int bug;/' 0002-say-rows.patch
	not series_check tables
	grep -q 'KUnit fails at this step' "$scratch/log"
	edit 's/int bug;/int row_20;/' 0002-say-rows.patch
}

test_results_are_recorded()
{
	series_check --record
	grep -qx 'Before.' "$root/docs/results.md"
	not grep -qx 'Old.' "$root/docs/results.md"
	grep -q 'of 4 steps 4 were built' "$root/docs/results.md"
	grep -qx '| users | 2 | 2 | arm64-objects | 1 |' "$root/docs/results.md"
	grep -qx 'After.' "$root/docs/results.md"
	make_series
}

nobody()
{
	sed -i '/^M:.*Gerda/d; s|^F:.*drivers/gpu/$|F: nowhere/|; /^F:.*Documentation/d' "$KERNEL_SRC/MAINTAINERS"
}

test_nobody_is_found()
{
	refuses 'knows nobody for users' nobody
}

make_base "$KERNEL_SRC"
make_series
run_tests
