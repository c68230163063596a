#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make series: the steps as several series of patches to mail, in out/series.
#
#   make series SIGNOFF='Your Name <you@example.org>'
#   scripts/series/series.sh [--signoff 'Your Name <you@example.org>']
#
# out/series/NAME/ is one series, as patches/covers/NAME.txt says (what is in it:
# scripts/series/series-lib.sh): 0000-cover-letter.patch, numbered patches that answer to it,
# and recipients, which the kernel's get_maintainer.pl names; the cover is addressed
# to them. out/series/order has the names in the order in which they apply, and
# out/series/patches all patches without the covers:
#
#   git am $(cat out/series/patches)          in your kernel tree
#
# Author and sign-off are SIGNOFF's; without it they are a placeholder, and git need
# not know who you are. Nothing is mailed.
#
# Made in minutes: each patch passes the kernel's checkpatch.pl --strict, all of them
# apply to the base and give build/linux, and the kernel's kernel-doc and Sphinx are
# content with what is documented. The patches appear only if all of that holds. What
# takes hours is 'make series-check'.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"
# shellcheck source=scripts/series/series-lib.sh
. "$ROOT/scripts/series/series-lib.sh"

TMP=$OUT/series.tmp
PLACEHOLDER='Your Name <you@example.org>'

# The identity of who mails, in mailer and email
identity()
{
	local who=${SIGNOFF:-$PLACEHOLDER}

	[[ $who =~ ^([^<>]+)\ \<([^<>@ ]+@[^<>@ ]+)\>$ ]] ||
		die "SIGNOFF is '$who', but must be of the form 'Your Name <you@example.org>'"
	mailer=${BASH_REMATCH[1]}
	email=${BASH_REMATCH[2]}
}

check_covers()
{
	local problems cover

	problems=$(
		series_problems
		for cover in $(cover_names); do
			cover_problems "$cover" | sed "s|^|patches/covers/$cover.txt |"
		done
	)
	[ -z "$problems" ] || _fail "the covers do not fit the series: ${problems//$'\n'/; }"
}

# The end of each cover letter: where the series stands among the others
place_of()
{
	local mine=$1 cover needs

	printf 'The series, in the order in which they apply to Linux %s:\n\n' "$KERNEL_SERIES"
	for cover in $(cover_order); do
		printf '  %s %s (%d)\n' "$([ "$cover" = "$mine" ] && echo '*' || echo ' ')" \
			"$(cover_field "$cover" Subject)" "$(cover_members "$cover" | wc -l)"
	done
	needs=$(for cover in $(cover_field "$mine" Needs); do
		printf '  %s\n' "$(cover_field "$cover" Subject)"
	done)
	if [ -z "$needs" ]; then
		printf '\nThis one (*) needs none of the others.\n'
	else
		printf '\nThis one (*) needs\n\n%s\n' "$needs"
	fi
}

# shortlog COVER: who has what, as git has it in a cover letter, by who mails it
shortlog()
{
	local patch

	patches_of "$TMP" "$1" | while read -r patch; do
		sed -n '/^$/q; s/^From: \(.*\) <.*/\1/p' "$patch"
	done | paste - <(cover_steps | awk -F '\t' -v name="$1" '$1 == name { print $3 }') |
		awk -F '\t' '
			!($1 in n) { who[++whos] = $1 }
			{ n[$1]++; said[$1] = said[$1] "  " $2 "\n" }
			END { for (i = 1; i <= whos; i++) printf "%s (%d):\n%s\n", who[i], n[who[i]], said[who[i]] }'
}

# Put the cover's subject, text, recipients and list of patches into what git made of a
# cover letter.
fill_cover()
{
	local cover=$1 letter=$2

	{
		cover_text "$cover"
		printf '\n'
		place_of "$cover"
	} >"$TMP/.text"
	cover_field "$cover" Subject >"$TMP/.subject"
	shortlog "$cover" >"$TMP/.shortlog"
	sed -n 's/^To: //p' "$TMP/$cover/recipients" | sed '$!s/$/,/; 1s/^/To: /; 1!s/^/    /' >"$TMP/.to"
	sed -n 's/^Cc: //p' "$TMP/$cover/recipients" | sed '$!s/$/,/; 1s/^/Cc: /; 1!s/^/    /' >>"$TMP/.to"
	# Words in capitals between asterisks are git's
	awk -v subject="$TMP/.subject" -v text="$TMP/.text" -v to="$TMP/.to" \
		-v shortlog="$TMP/.shortlog" '
		/^$/ && !body {
			body = 1
			while ((getline line < to) > 0)
				print line
		}
		{
			at = index($0, "*** SUBJECT HERE ***")
			if (at) {
				getline line < subject
				print substr($0, 1, at - 1) line
			} else if ($0 == "*** BLURB HERE ***") {
				while ((getline line < text) > 0)
					print line
				print ""
				while ((getline line < shortlog) > 0)
					print line
				in_log = 1
			} else if (in_log && !/^ [^ ]/) {
				# What git says there is of build/linux; a diffstat follows
				next
			} else {
				in_log = 0
				print
			}
		}' "$letter" >"$letter.tmp"
	mv "$letter.tmp" "$letter"
	! grep -q '^\*\*\* \|\*\*\* SUBJECT' "$letter" || _fail "git's cover letter has a form that fill_cover() does not know"
}

# Whoever saved a step is its author in build/linux. In a mail that is who mails it,
# but for a patch that somebody else signed off.
set_author()
{
	awk -v from="From: $mailer <$email>" '
		NR == FNR {
			if (sub(/^Signed-off-by: /, ""))
				signed["From: " $0] = 1
			next
		}
		header == "" && /^$/ { header = "over" }
		header == "" && /^From: / { author = $0; next }
		author != "" && /^[ \t]/ { sub(/^[ \t]+/, " "); author = author $0; next }
		author != "" { print (author in signed ? author : from); author = "" }
		{ print }' "$1" "$1" >"$1.tmp"
	mv "$1.tmp" "$1"
}

format()
{
	local cover=$1 range patch

	range=$(cover_range "$cover")
	mkdir -p "$TMP/$cover"
	GIT_COMMITTER_NAME=$mailer GIT_COMMITTER_EMAIL=$email \
		wgit "$TREE" format-patch --quiet --signoff --numbered --cover-letter --no-signature \
		--thread=shallow -o "$TMP/$cover" "$range"
	for patch in "$TMP/$cover"/*.patch; do
		set_author "$patch"
	done
	cover_recipients "$cover" >"$TMP/$cover/recipients"
	grep -q '^To: .*@' "$TMP/$cover/recipients" ||
		_fail "the kernel's get_maintainer.pl knows nobody for $cover"
	fill_cover "$cover" "$TMP/$cover/0000-cover-letter.patch"
}

# patches_of DIR NAME: of one series without its cover, in their order
patches_of()
{
	find "$1/$2" -name '*.patch' ! -name 0000-cover-letter.patch | sort
}

# all_patches DIR: without the covers, in their order
all_patches()
{
	local cover

	for cover in $(cover_order); do
		patches_of "$1" "$cover"
	done
}

check()
{
	local patches

	mapfile -t patches < <(patches_of "$TMP" "$1")
	run_checkpatch --codespell --ignore FILE_PATH_CHANGES,EMBEDDED_FILENAME "${patches[@]}"
}

# What is mailed must be what was tested.
verify()
{
	local index=$BUILD/.series-index patches=()

	mapfile -t patches < <(all_patches "$TMP")
	rm -f "$index"
	GIT_INDEX_FILE=$index kgit read-tree base
	GIT_INDEX_FILE=$index kgit apply --cached --whitespace=nowarn "${patches[@]}"
	[ "$(GIT_INDEX_FILE=$index kgit write-tree)" = "$(kgit rev-parse 'reserve^{tree}')" ] ||
		_fail "the patches apply, but do not give build/linux"
	rm -f "$index"
}

main()
{
	local cover mailer email edits

	case ${1:-} in
	'') ;;
	--signoff) SIGNOFF=${2:-} ;;
	*) die "usage: series.sh [--signoff 'Your Name <you@example.org>']" ;;
	esac
	identity
	locked series
	need_packages perl codespell python3 python3-ply python3-git
	"$ROOT/scripts/kernel/tree.sh"
	need_own_version "what is mailed is for"
	[ -n "$(series_steps "$SERIES_ROOT")" ] || die "the series has no steps yet, see patches/series"
	edits=$(tree_edits)
	[ -z "$edits" ] || die "build/linux has $edits; run 'make kernel-save' first"
	REMEDY="patches/covers says which step begins a series; scripts/series/series-lib.sh how"
	step "check the covers" check_covers
	rm -rf "$TMP"
	mkdir -p "$TMP"
	for cover in $(cover_order); do
		step "format $cover" format "$cover"
		REMEDY="mend the step in build/linux and run 'make kernel-save'"
		step "checkpatch $cover" check "$cover"
	done
	step "apply all of them" verify
	"$ROOT/scripts/lint.sh" kernel-doc docs >&2
	cover_order >"$TMP/order"
	all_patches "$TMP" | sed "s|^$TMP/|$OUT/series/|" >"$TMP/patches"
	rm -rf "$OUT/series"
	rm -f "$TMP"/.[a-z]*
	mv "$TMP" "$OUT/series"
	[ -n "${SIGNOFF:-}" ] ||
		say "author and sign-off are '$PLACEHOLDER'; 'make series SIGNOFF=...' puts yours"
	say "to mail one: git send-email --to-cover --cc-cover $OUT/series/NAME/*.patch"
	find "$OUT/series" -name '*.patch' | sort
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
