#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make series: the series as patches to mail, in out/series. Each step must
# pass the kernel's checkpatch.pl --strict, must build (User Mode Linux) and must
# pass the KUnit suites of io-pgtable that it has; the patches appear only when all
# do. Author and sign-off are yours, from git's user.name and user.email. Prints
# the list of files.

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kernel-lib.sh
. "$(dirname "$0")/kernel-lib.sh"

TMP=$OUT/series.tmp
STEP_TREE=$BUILD/linux-step

# A committed identity is the project's; mails are sent by somebody.
format()
{
	local name email

	name=$(git -C "$ROOT" config user.name) || _fail "git does not know who you are; set user.name"
	email=$(git -C "$ROOT" config user.email) || _fail "git does not know who you are; set user.email"
	rm -rf "$TMP"
	mkdir -p "$TMP"
	GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email \
		wgit "$TREE" format-patch --quiet --signoff --no-numbered --no-signature \
		--thread -o "$TMP" base..reserve
	sed -i "1,/^$/s/^From: $IDENT_NAME <$IDENT_EMAIL>\$/From: $name <$email>/" "$TMP"/*.patch
}

check()
{
	run_checkpatch --codespell --ignore FILE_PATH_CHANGES,EMBEDDED_FILENAME "$1"
}

# Build one step in a tree of its own, which goes from step to step, so that
# only what a step touches is compiled.
build_step()
{
	worktree "$STEP_TREE" base
	wgit "$STEP_TREE" checkout -q -f --detach "$1"
	"$ROOT/scripts/kernel.sh" build step um
	timeout --kill-after=10 300 "$STEP_TREE/out-um/linux" mem=1G con=null \
		con0=null,fd:1 console=tty0 kunit_shutdown=halt \
		"kunit.filter_glob=$SERIES_GLOB" </dev/null |
		tee "$BUILD/.step.log" |
		python3 "$ROOT/scripts/ktap.py" --require <(echo io-pgtable-arm-test) >"$BUILD/.step.tsv"
	! grep '^fail' "$BUILD/.step.tsv" || _fail "KUnit fails at this step; its log is $BUILD/.step.log"
}

need_packages perl codespell python3
"$ROOT/scripts/kernel-tree.sh"
[ -n "$(series_steps "$SERIES_ROOT")" ] || die "the series has no steps yet, see patches/series"
edits=$(tree_edits)
[ -z "$edits" ] || die "build/linux has $edits; run 'make kernel-save' first"
REMEDY="set git's user.name and user.email"
step "format patches" format
for patch in "$TMP"/*.patch; do
	REMEDY="mend the step in build/linux and run 'make kernel-save'"
	step "checkpatch $(basename "$patch" .patch)" check "$patch"
done
for commit in $(kgit rev-list --reverse base..reserve); do
	name=$(kgit notes --ref=step show "$commit")
	REMEDY="mend the step in build/linux and run 'make kernel-save'; the compiler's output is in $LOGS/build-step-um-kernel.log"
	step "build $name" build_step "$commit"
done
rm -rf "$OUT/series"
mv "$TMP" "$OUT/series"
printf '%s\n' "$OUT"/series/*.patch
