#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make kernel-save: carry the commits in build/linux back into the repository,
# so that working on the kernel is working in a kernel tree. Edit, amend,
# reorder, rebase or add commits on the branch "reserve" there; each commit on
# top of the tag "base" becomes one step.
#
# What goes where (kernel-lib.sh says how a step is stored):
# - A file that the base has: a diff with two lines of context in the step's
#   patch.
# - A file that one commit adds below drivers/, include/ or Documentation/ and
#   that is still there at the end: a whole file in the repository, as the last
#   commit leaves it, and an "Overlay:" line in the step that adds it. What
#   later commits change in it is in their patches.
#   drivers/iommu/Kconfig.reserve is the repository's Kconfig.
# - Any other new file (added and removed again, added twice, a link, another
#   folder): a diff in the step's patch.
# - Step NNNN-name: NNNN is the place in the series. The name is the one that
#   the commit had when it was composed (a git note, which amend and rebase
#   carry along), else that of the stored step with the same subject, else it
#   is made from the subject.
#
# Before anything is written to the repository, the result is composed again
# and must give the same trees. FORCE=1 overwrites steps that were changed in
# the repository since build/linux was composed from it.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

check_tree()
{
	local dir changed

	[ -e "$TREE/.git" ] || die "there is no build/linux; run 'make kernel-tree' first"
	need_own_version "steps are saved from" "what only that version needs is kept by hand, in its folder of patches/"
	dir=$(wgit "$TREE" rev-parse --absolute-git-dir)
	if [ -d "$dir/rebase-merge" ] || [ -d "$dir/rebase-apply" ]; then
		die "build/linux is in the middle of a rebase; finish it (git rebase --continue) and run again"
	fi
	if half_a_series && [ "${FORCE:-}" != 1 ]; then
		die "build/linux has fewer steps than patches/series, since git am was given up at $(cut -d ' ' -f 1 "$BUILD/.drift"); run 'make kernel-tree' again, or drop the others with 'make kernel-save FORCE=1'"
	fi
	changed=$(wgit "$TREE" status --porcelain | sed -n 1p)
	[ -z "$changed" ] ||
		die "build/linux has uncommitted changes (${changed:3}); commit them to the step they belong to, or as a new one, and run again"
	# Bases have no history in common: each is a commit without a parent
	wgit "$TREE" merge-base --is-ancestor base HEAD ||
		die "HEAD of build/linux is not on top of the tag base; rebase it: git -C $TREE rebase --onto base $(wgit "$TREE" rev-list --max-parents=0 HEAD | sed -n 1p)"
	[ -z "$(wgit "$TREE" rev-list --merges base..HEAD)" ] ||
		die "build/linux has merges, but a series is a line; run: git -C $TREE rebase base"
	branch_is_in "$(wgit "$TREE" rev-parse HEAD)" || branch_is_in refs/panthor/composed ||
		die "the branch reserve of build/linux has commits that are not in what is checked out there, and would be lost; give them another branch, or check them out"
	[ "${FORCE:-}" = 1 ] || stamp_ok "$COMPOSE_STAMP" "$(series_key "$(kref base)" "$SERIES_ROOT")" ||
		die "the stored series, or the kernel below it, has changed since build/linux was composed from it; commit or drop those changes, and overwrite with 'make kernel-save FORCE=1' only if nothing there is lost"
}

slug()
{
	sed -E -e 's/^.*: //' -e 's/[^A-Za-z0-9]+/-/g' -e 's/^-|-$//g' <<<"$1" |
		tr '[:upper:]' '[:lower:]' | cut -c1-48 | sed 's/-$//'
}

# The name of a step without its number.
step_name()
{
	local commit=$1 subject=$2 name s

	name=$(kgit notes --ref=step show "$commit" 2>/dev/null | head -n 1) || :
	if [ -z "$name" ]; then
		for s in $(series_steps "$SERIES_ROOT"); do
			if [ "$(patch_field "$SERIES_ROOT/patches/$s.patch" Subject | head -n 1)" = "$subject" ]; then
				name=$s
			fi
		done
	fi
	if [ -n "$name" ]; then
		name=$(sed -E 's/^[0-9]+-//' <<<"$name")
	else
		name=$(slug "$subject")
	fi
	printf '%s\n' "${name:-step}"
}

# Lines "COMMIT<tab>PATH" of the files that are stored whole.
whole_files()
{
	local commit

	kgit diff --raw --no-renames base "$head" -- drivers include Documentation |
		awk -F '[ \t]' '$1 == ":000000" && $2 ~ /^100/ { print $6 }' | sort >"$work/new"
	for commit in $commits; do
		kgit diff-tree -r --no-renames --name-status --no-commit-id "$commit" |
			awk -v c="$commit" '$1 == "A" || $1 == "D" { print c "\t" $2 "\t" $1 }'
	done >"$work/touched"
	awk -F '\t' '
		NR == FNR { new[$1] = 1; next }
		$2 in new { n[$2]++; by[$2] = $1 }
		END { for (f in n) if (n[f] == 1) print by[f] "\t" f }
	' "$work/new" "$work/touched" | sort -k2
}

repo_path()
{
	if [ "$1" = "$KCONFIG_KERNEL" ]; then
		printf '%s\n' "$KCONFIG_REPO"
	else
		printf '%s\n' "$1"
	fi
}

write_header()
{
	local commit=$1 author path here

	printf 'Subject: %s\n' "$(kgit log -1 --format=%s "$commit")"
	author=$(kgit log -1 --format='%an <%ae>' "$commit")
	[ "$author" = "$IDENT_NAME <$IDENT_EMAIL>" ] || printf 'From: %s\n' "$author"
	while read -r path; do
		here=$(repo_path "$path")
		if [ "$here" = "$path" ]; then
			printf 'Overlay: %s\n' "$path"
		else
			printf 'Overlay: %s => %s\n' "$here" "$path"
		fi
	done
}

write_step()
{
	local commit=$1 patch=$2 path exclude=()

	awk -F '\t' -v c="$commit" '$1 == c { print $2 }' "$work/whole.tsv" >"$work/mine"
	while read -r path; do
		exclude+=(":(exclude,literal)$path")
	done <"$work/mine"
	kgit log -1 --format=%b "$commit" | git stripspace >"$work/body"
	! grep -qx -e '---' "$work/body" ||
		die "the message of commit ${commit:0:12} has a line '---', which ends a message in a mail; reword it"
	{
		write_header "$commit" <"$work/mine"
		printf '\n'
		[ ! -s "$work/body" ] || cat "$work/body"
		printf -- '---\n'
		# Object names say nothing to a reader and change with every rebase.
		kgit --work-tree="$work/empty" -c core.quotePath=false diff --no-color --no-ext-diff --no-renames -U2 \
			--diff-algorithm=myers --src-prefix=a/ --dst-prefix=b/ \
			"$commit^" "$commit" -- . "${exclude[@]}" |
			sed '/^index [0-9a-f]*\.\.[0-9a-f]*\( [0-7]*\)\?$/d'
	} >"$patch"
	! grep -q '^Binary files ' "$patch" ||
		die "commit ${commit:0:12} changes a binary file, which a patch in a mail cannot carry; leave it out"
}

# The series as it would be stored, below $work/new-root.
write_series()
{
	local root=$work/new-root commit subject name path n=0 mode

	mkdir -p "$root/patches"
	whole_files >"$work/whole.tsv"
	sed '/^#/!d' "$SERIES_ROOT/patches/series" >"$root/patches/series" 2>/dev/null || :
	for commit in $commits; do
		n=$((n + 1))
		subject=$(kgit log -1 --format=%s "$commit")
		case $subject in
		fixup!* | squash!* | amend!*)
			die "build/linux has the commit '$subject'; run: git -C $TREE rebase -i --autosquash base"
			;;
		esac
		name=$(printf '%04d-%s' $n "$(step_name "$commit" "$subject")")
		printf '%s\n' "$name" >>"$root/patches/series"
		printf '%s %s\n' "$commit" "$name" >>"$work/names"
		write_step "$commit" "$root/patches/$name.patch"
	done
	while IFS=$'\t' read -r commit path; do
		mkdir -p "$root/$(dirname "$(repo_path "$path")")"
		kgit cat-file blob "$head:$path" >"$root/$(repo_path "$path")"
		mode=$(kgit ls-tree "$head" -- "$path")
		[ "${mode:0:6}" != 100755 ] || chmod +x "$root/$(repo_path "$path")"
	done <"$work/whole.tsv"
	renumber_left_out
}

# What other versions leave out is named with its number: "-NNNN-name" in patches/VERSION/series
renumber_left_out()
{
	local version line name new

	for version in $(series_versions "$SERIES_ROOT" | tail -n +2); do
		mkdir -p "$work/new-root/patches/$version"
		while IFS= read -r line; do
			if [[ $line = -* ]]; then
				name=$(sed -E 's/^-[0-9]+-//; s/[[:space:]]*(#.*)?$//' <<<"$line")
				new=$(cut -d ' ' -f 2 "$work/names" | grep -xE "[0-9]+-$name") ||
					die "patches/$version/series leaves out ${line#-}, which is no step any more; take that line out"
				line=-$new
			fi
			printf '%s\n' "$line"
		done <"$SERIES_ROOT/patches/$version/series" >"$work/new-root/patches/$version/series"
	done
}

trees_of()
{
	kgit log --reverse --format=%T "base..$1"
}

# What is stored must compose to what is in build/linux, step by step.
verify()
{
	compose "$work/new-root" base "$work/again"
	diff <(trees_of "$head") <(trees_of "$(cat "$work/again")") ||
		_fail "the stored series would not give back build/linux; this is a fault of save.sh, nothing was written"
}

install_file()
{
	if ! cmp -s "$1" "$2" || [ "$(stat -c %A "$1" | cut -c4)" != "$(stat -c %A "$2" | cut -c4)" ]; then
		mkdir -p "$(dirname "$2")"
		cp -p "$1" "$2"
		say "  wrote ${2#"$SERIES_ROOT"/}"
	fi
}

install_series()
{
	local f old

	old=$(for f in $(series_steps "$SERIES_ROOT"); do
		printf 'patches/%s.patch\n' "$f"
		[ ! -f "$SERIES_ROOT/patches/$f.patch" ] || patch_overlays "$SERIES_ROOT/patches/$f.patch" | cut -f1
	done)
	while read -r f; do
		install_file "$work/new-root/$f" "$SERIES_ROOT/$f"
	done < <(cd "$work/new-root" && find . -type f -printf '%P\n' | sort)
	for f in $old; do
		if [ ! -e "$work/new-root/$f" ] && [ "$f" != "$KCONFIG_REPO" ] && [ -e "$SERIES_ROOT/$f" ]; then
			rm "$SERIES_ROOT/$f"
			say "  removed $f"
		fi
	done
}

locked kernel-tree
check_tree
work=$(mktemp -d "$BUILD/.save.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/empty"
: >"$work/names"
head=$(wgit "$TREE" rev-parse HEAD)
commits=$(kgit rev-list --reverse "base..$head")
write_series
step "verify the saved series" verify
install_series
while read -r commit name; do
	_note_step "$commit" "$name"
done <"$work/names"
kgit update-ref refs/heads/reserve "$head"
wgit "$TREE" symbolic-ref HEAD refs/heads/reserve
kgit update-ref refs/panthor/composed "$head"
stamp_set "$COMPOSE_STAMP" "$(series_key "$(kref base)" "$SERIES_ROOT")"
say "saved $(wc -l <"$work/names") steps; review them with 'git status' and 'git diff', then commit"
