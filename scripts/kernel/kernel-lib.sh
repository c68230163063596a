# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel tree and the series: what tree.sh, save.sh, kernel.sh
# and series.sh share. Sourced after lib.sh.
#
# How a series is stored (below $SERIES_ROOT, which is the repository itself):
#
#   patches/series            the step names, in order; # starts a comment
#   patches/NNNN-name.patch   one step: a mail header, the message, a line
#                             "---", then a diff with short context
#   drivers/ include/ Documentation/ Kconfig
#                             the files that the series adds, whole
#
# The header of a step has "Subject:", optionally "From:", and one line
# "Overlay: PATH" for each whole file that the step adds to the kernel;
# "Overlay: HERE => THERE" when its path in the kernel is another one. Kconfig
# is such a file: it lives in the kernel as drivers/iommu/Kconfig.reserve.
#
# The rule for whole files: the repository holds a file as the LAST step leaves
# it, because that is what people read. Where a later step changes a file that
# an earlier one adds, the change is also in the later step's patch; the earlier
# versions follow by taking the later patches back. So every step is exact, and
# nothing is stored twice but such changes.
#
# The series is written for Linux $KERNEL_SERIES. Where another version differs from it
# beside what a step changes, patches/VERSION/ has what makes it fit:
#
#   patches/VERSION/series        steps that come before all others, and, each with a
#                                 "-" before its name, steps that this version does not
#                                 need
#   patches/VERSION/NNNN-name.patch   such a step, of which others know by the name
#                                 VERSION/NNNN-name

SERIES_ROOT=${SERIES_ROOT:-$ROOT}
KERNEL_SERIES=7.3
# The package that is taken when nobody gives a tree, and the distribution that has it
LINUX=${LINUX:-$KERNEL_SERIES}
KERNEL_SUITE=${KERNEL_SUITE:-trixie-backports}
# Bump when composing gives other commits for the same input.
COMPOSE_FORMAT=1

KGIT=$BUILD/linux.git
TREE=$BUILD/linux
BASE_TREE=$BUILD/linux-base
BASE_STAMP=$BUILD/stamp/kernel-base
COMPOSE_STAMP=$BUILD/stamp/kernel-compose
KCONFIG_REPO=Kconfig
KCONFIG_KERNEL=drivers/iommu/Kconfig.reserve
IDENT_NAME=panthor-reserve
IDENT_EMAIL=panthor-reserve@localhost
IDENT_TIME=1767225600

# The user's git settings must not change what is composed.
kgit()
{
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git --git-dir="$KGIT" "$@"
}

# Git in a work tree of the kernel repository: wgit TREE ARGS...
wgit()
{
	local tree=$1

	shift
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -C "$tree" "$@"
}

kref()
{
	kgit rev-parse -q --verify "$1^{commit}" || :
}

# --- reading a stored series ---------------------------------------------

_series_lines()
{
	[ -f "$1" ] || return 0
	sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"
}

# _left_out ROOT VERSION: the steps that Linux VERSION does not need
_left_out()
{
	_series_lines "$1/patches/$2/series" | sed -n 's/^-//p'
}

# series_steps ROOT [VERSION]: the steps for Linux VERSION, in order
series_steps()
{
	local version=${2:-$KERNEL_SERIES}

	_series_lines "$1/patches/$version/series" | sed -e '/^-/d' -e "s|^|$version/|"
	_series_lines "$1/patches/series" | grep -vxFf <(_left_out "$1" "$version") || :
}

# series_knows ROOT VERSION: is the series written for Linux VERSION?
series_knows()
{
	[ "$2" = "$KERNEL_SERIES" ] || [ -f "$1/patches/$2/series" ]
}

# series_versions ROOT: all of these, a line each
series_versions()
{
	printf '%s\n' "$KERNEL_SERIES"
	find "$1/patches" -mindepth 2 -maxdepth 2 -name series -printf '%P\n' | sed 's|/series$||' | sort -V
}

# linux_version: what the kernel's Makefile on stdin says, without the last number
linux_version()
{
	sed -n -e 's/^VERSION = //p' -e 's/^PATCHLEVEL = //p' | head -n 2 | paste -sd .
}

# The version of a commit of the kernel
commit_version()
{
	kgit show "$1:Makefile" | linux_version
}

patch_field()
{
	sed -n -e '/^$/q' -e "s/^$2:[[:space:]]*//p" "$1"
}

# Commit message: the subject, then everything from the header to the "---".
patch_message()
{
	patch_field "$1" Subject | head -n 1
	awk '/^---$/ { exit } body { print } /^$/ && !body { body = 1; print "" }' "$1"
}

patch_diff()
{
	awk 'diff { print } /^---$/ && !diff { diff = 1 }' "$1"
}

# One line "HERE<tab>THERE" for each whole file of a step.
patch_overlays()
{
	patch_field "$1" Overlay | awk '{ print $1 "\t" ($2 == "=>" ? $3 : $1) }'
}

# What a compose depends on, as one hash: the base, and the stored series.
series_key()
{
	local d parts=()

	# Not the covers of mails, patches/covers: no commit has them
	parts=("$2"/patches/*.patch "$2/patches/series")
	for d in "patches/$(commit_version "$1")" drivers include Documentation Kconfig; do
		[ ! -e "$2/$d" ] || parts+=("$2/$d")
	done
	hash_of "compose $COMPOSE_FORMAT $1" "${parts[@]}" "$(programs_of "$2")" | cut -c1-40
}

# Which of the whole files are programs: that is in no file's contents
programs_of()
{
	(cd "$1" && find drivers include Documentation -type f -perm /100 2>/dev/null | sort) || :
}

# --- composing -----------------------------------------------------------
#
# Everything below works in indexes of its own inside $work; no work tree is
# touched. $steps are those of the base's version. Errors go to the step's log as one
# sentence.

_index()
{
	local index=$1

	shift
	GIT_INDEX_FILE=$index kgit --work-tree="$work/empty" "$@"
}

_fail()
{
	printf 'error: %s\n' "$*"
	exit 1
}

# Put the whole files of all steps into the index $work/whole.
_load_overlays()
{
	local root=$1 base=$2 s here there mode blob

	for s in $steps; do
		while IFS=$'\t' read -r here there; do
			[ -f "$root/$here" ] || _fail "step $s adds $here, but the repository has no such file"
			! kgit cat-file -e "$base:$there" 2>/dev/null ||
				_fail "step $s adds $there, but the base kernel has that file; change it in the patch instead"
			[ -z "$(_index "$work/whole" ls-files -- "$there")" ] ||
				_fail "step $s adds $there, but an earlier step adds it too"
			mode=100644
			[ ! -x "$root/$here" ] || mode=100755
			blob=$(kgit hash-object -w --no-filters "$root/$here")
			_index "$work/whole" update-index --add --cacheinfo "$mode,$blob,$there"
		done < <(patch_overlays "$root/patches/$s.patch")
	done
}

# The whole files as each step first adds them: take the later patches back,
# last one first, and note each file when its own step is reached.
_rewind_overlays()
{
	local root=$1 s there include

	for s in $(tac <<<"$steps"); do
		patch_overlays "$root/patches/$s.patch" | cut -f2 >"$work/paths"
		: >"$work/$s.add"
		while read -r there; do
			_index "$work/whole" ls-files -s -- "$there" >>"$work/$s.add"
			_index "$work/whole" update-index --force-remove "$there"
		done <"$work/paths"
		include=()
		while read -r there; do
			include+=("--include=$there")
		done < <(_index "$work/whole" ls-files)
		if [ ! -s "$work/$s.diff" ] || [ ${#include[@]} = 0 ]; then
			continue
		fi
		_index "$work/whole" apply --cached -R --whitespace=nowarn "${include[@]}" "$work/$s.diff" ||
			_fail "the patch of step $s changes a file that an earlier step adds, but it does not fit that file as it is now; edit such files in $TREE and run 'make kernel-save'"
	done
}

_commit_step()
{
	local root=$1 s=$2 parent=$3 n=$4 patch from name email

	patch=$root/patches/$s.patch
	from=$(patch_field "$patch" From | head -n 1)
	name=${from%% <*}
	email=$(sed -n 's/.*<\(.*\)>.*/\1/p' <<<"$from")
	patch_message "$patch" | git stripspace |
		GIT_AUTHOR_NAME=${name:-$IDENT_NAME} GIT_AUTHOR_EMAIL=${email:-$IDENT_EMAIL} \
		GIT_COMMITTER_NAME=$IDENT_NAME GIT_COMMITTER_EMAIL=$IDENT_EMAIL \
		GIT_AUTHOR_DATE="$((IDENT_TIME + 60 * n)) +0000" \
		GIT_COMMITTER_DATE="$((IDENT_TIME + 60 * n)) +0000" \
		kgit commit-tree -p "$parent" "$(_index "$work/index" write-tree)"
}

# step_mail ROOT STEP: a step as git am takes it, with its whole files as it adds them
step_mail()
{
	local root=$1 s=$2 patch=$1/patches/$2.patch from empty tree

	from=$(patch_field "$patch" From | head -n 1)
	rm -f "$work/new-files"
	_index "$work/new-files" update-index --index-info <"$work/$s.add"
	tree=$(_index "$work/new-files" write-tree)
	empty=$(kgit hash-object -w -t tree --stdin </dev/null)
	printf 'From: %s\nSubject: [PATCH] %s\n\n' "${from:-$IDENT_NAME <$IDENT_EMAIL>}" "$(patch_field "$patch" Subject | head -n 1)"
	patch_message "$patch" | tail -n +2 | git stripspace
	printf -- '---\n\n'
	kgit diff --no-color --no-renames "$empty" "$tree"
	cat "$work/$s.diff"
}

# A step does not apply: leave it and those after it as mails in $BUILD/drift, and in
# $BUILD/.drift the step and the commit before it
_drifted()
{
	local root=$1 step=$2 head=$3 s n=0

	rm -rf "$BUILD/drift"
	mkdir -p "$BUILD/drift"
	while read -r s; do
		n=$((n + 1))
		step_mail "$root" "$s" >"$BUILD/drift/$(printf '%04d' $n)-${s##*/}.patch"
	done < <(sed -n "\|^$step\$|,\$p" <<<"$steps")
	printf '%s %s\n' "$step" "$head" >"$BUILD/.drift"
}

_note_step()
{
	GIT_COMMITTER_NAME=$IDENT_NAME GIT_COMMITTER_EMAIL=$IDENT_EMAIL \
	GIT_AUTHOR_NAME=$IDENT_NAME GIT_AUTHOR_EMAIL=$IDENT_EMAIL \
		kgit notes --ref=step add -f -m "$2" "$1"
}

# compose SERIES_ROOT BASE RESULT: make one commit for each step on top of BASE
# and write the last one's name into the file RESULT.
compose()
{
	local root=$1 base=$2 result=$3 version s steps head n=0 work

	work=$(mktemp -d "$BUILD/.compose.XXXXXX")
	# shellcheck disable=SC2064 # the value of now
	trap "rm -rf '$work'" EXIT
	version=$(commit_version "$base")
	steps=$(series_steps "$root" "$version")
	mkdir -p "$work/empty" "$work/$version"
	s=$(_left_out "$root" "$version" | grep -vxFf <(_series_lines "$root/patches/series")) || :
	[ -z "$s" ] || _fail "patches/$version/series leaves out ${s//$'\n'/, }, but there is no such step"
	for s in $steps; do
		[ -f "$root/patches/$s.patch" ] || _fail "patches/series names $s, but there is no patches/$s.patch"
		[ -n "$(patch_field "$root/patches/$s.patch" Subject)" ] ||
			_fail "patches/$s.patch does not start with a Subject: line"
		patch_diff "$root/patches/$s.patch" | sed '/./,$!d' >"$work/$s.diff"
	done
	_load_overlays "$root" "$base"
	_rewind_overlays "$root"
	_index "$work/index" read-tree "$base"
	head=$(kgit rev-parse "$base^{commit}")
	for s in $steps; do
		n=$((n + 1))
		_index "$work/index" update-index --index-info <"$work/$s.add"
		if [ -s "$work/$s.diff" ]; then
			_index "$work/index" apply --cached --whitespace=nowarn "$work/$s.diff" || {
				_drifted "$root" "$s" "$head"
				_fail "the patch of step $s does not apply to Linux $version; mend it where build/linux stops, or in patches/$s.patch"
			}
		fi
		head=$(_commit_step "$root" "$s" "$head" $n)
		_note_step "$head" "$s"
		printf '%s %s\n' "$head" "$s"
	done
	printf '%s\n' "$head" >"$result"
}

# Whole files that no step names would silently be left out.
series_orphans()
{
	local root=$1 s d

	for d in drivers include Documentation; do
		[ ! -d "$root/$d" ] || (cd "$root" && find "$d" -type f ! -name '.*')
	done | sort >"$BUILD/.files.$$"
	for s in $(series_steps "$root"); do
		patch_overlays "$root/patches/$s.patch" | cut -f1
	done | sort | comm -23 "$BUILD/.files.$$" -
	rm -f "$BUILD/.files.$$"
}

# --- the work trees ------------------------------------------------------

# worktree PATH COMMIT: a detached work tree, in place only when complete.
worktree()
{
	kgit worktree prune
	if [ ! -e "$1/.git" ]; then
		rm -rf "$1.tmp"
		kgit worktree prune
		kgit worktree add -q -f --detach "$1.tmp" "$2"
		kgit worktree move "$1.tmp" "$1"
	fi
}

# Is there work in the tree that the series does not have? Prints what.
tree_edits()
{
	local status dir

	dir=$(wgit "$TREE" rev-parse --absolute-git-dir)
	if [ -d "$dir/rebase-merge" ] || [ -d "$dir/rebase-apply" ]; then
		printf 'an unfinished rebase'
		return
	fi
	status=$(wgit "$TREE" status --porcelain | sed -n 1p)
	if [ -n "$status" ]; then
		printf 'uncommitted changes (%s)' "${status:3}"
	elif [ "$(wgit "$TREE" rev-parse HEAD)" != "$(kref refs/panthor/composed)" ]; then
		printf 'commits that patches/ does not have'
	elif ! branch_is_in refs/panthor/composed; then
		printf 'commits on its branch reserve, which is not checked out, that patches/ does not have'
	fi
}

# branch_is_in COMMIT: nothing of the branch "reserve" is lost where it moves there
branch_is_in()
{
	[ -z "$(kref refs/heads/reserve)" ] || kgit merge-base --is-ancestor refs/heads/reserve "$1"
}

# What is saved and mailed is the series for Linux $KERNEL_SERIES: need_own_version WHAT
# [ADVICE]
need_own_version()
{
	local version

	version=$(commit_version base)
	[ ! -d "$SERIES_ROOT/patches/$version" ] ||
		die "build/linux is Linux $version, and $1 Linux $KERNEL_SERIES; ${2:-run this without LINUX= and KERNEL_SRC=}"
}

# half_a_series: git am was given up, and fewer steps are there than the series has
half_a_series()
{
	[ -f "$BUILD/.drift" ] &&
		[ "$(kgit rev-list --count "base..$(wgit "$TREE" rev-parse HEAD)")" -lt "$(series_steps "$SERIES_ROOT" "$(commit_version base)" | wc -l)" ]
}

# barrier_pairs TREE SERIES: do the litmus tests fit SERIES in TREE ("-": its files as
# they are)? The number of barriers; or exit code 3, and what does not, a line each
barrier_pairs()
{
	python3 -B "$ROOT/tests/models/pairs.py" "$1" base "$2" "$ROOT"/tests/models/*.litmus
}

# The suites of the series, and io-pgtable-arm-test. Not upstream's of generic_pt: with
# more than one processor they take a counter for exact that is not.
# shellcheck disable=SC2034 # for those who source this
SERIES_GLOB='[!d]*[-_][ra][er][sm]*'

# Tests that count pages wait for grace periods, thousands of times: none of them waits
# for a tick before it begins, and for one in place of three before it ends.
KUNIT_RCU=(rcutree.jiffies_till_first_fqs=0 rcutree.jiffies_till_next_fqs=0)

# kunit_um SECONDS IMAGE ARG...: a User Mode Linux that runs KUnit, on stdout; kept
# from running longer than SECONDS
kunit_um()
{
	timeout --kill-after=10 "$1" "$2" mem=1G con=null con0=null,fd:1 console=tty0 \
		kunit_shutdown=halt "${KUNIT_RCU[@]}" "${@:3}" </dev/null 2>&1
}

# kunit_arm64 SECONDS IMAGE ARG...: the same of an arm64 kernel, on two processors that
# QEMU emulates; scripts/qemu/qemu.sh must have built it
kunit_arm64()
{
	local qemu

	qemu=$("$ROOT/scripts/qemu/qemu.sh" path)
	timeout --kill-after=10 "$1" "$qemu" -nodefaults -no-user-config \
		-display none -no-reboot -M virt,gic-version=3 -cpu cortex-a76 -smp 2 \
		-m 1G -kernel "$2" -serial stdio \
		-append "console=ttyAMA0 kunit_shutdown=poweroff ${KUNIT_RCU[*]} ${*:3}" \
		</dev/null 2>&1 | tr -d '\r'
}

# Types that checkpatch does not know for such, and takes a pointer to one for a product
checkpatch_typedefs()
{
	printf '%s\n' arm_lpae_iopte dart_iopte mali_table_fn mali_instr_fn quad 'Vk\w+'
}

# run_checkpatch [OPTION...] FILE...: in the kernel tree, since checkpatch leaves a cache
# where it runs; with the system's Python, which has the modules of its licence check and
# of codespell. Without these it looks for less, and passes. What a step says that it fixes
# is in the history of upstream, which this tree has not.
run_checkpatch()
{
	checkpatch_typedefs >"$BUILD/.typedefs.tmp$$"
	mv "$BUILD/.typedefs.tmp$$" "$BUILD/.typedefs"
	env -C "$TREE" PATH=/usr/bin:/bin perl scripts/checkpatch.pl --strict \
		--typedefsfile "$BUILD/.typedefs" --ignore UNKNOWN_COMMIT_ID "$@"
}
