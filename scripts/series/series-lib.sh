# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The series as it is mailed: which step belongs to which of several series, and
# what their covers say. Sourced after kernel-lib.sh by series.sh, check.sh
# and the suite patches.
#
# patches/covers/NAME.txt is the cover of one series: a header, an empty line, and
# the text. The header's fields:
#
#   Subject:   of the cover letter
#   After:     the series before it; empty for the first one
#   First:     the subject of the step that it begins with, or "*" for the first
#              step of all. With several lines, the one of them that comes first,
#              looked for behind the beginning of the series before
#   Optional:  with any text, the cover is left out while no step has such a subject
#   Needs:     the series without which it does not apply or does not make sense
#   Subjects:  how the subjects of its steps may begin
#   Check:     builds of tests/builds that series-check makes of its last step
#
# A series goes on to where the next one begins. Subjects are what names a step
# here: numbers change when steps move, and several steps share a name.
#
# So each step is in one series at most. cover_problems() says where one is in
# none, or is not what its series is about; nothing may be mailed then.

COVERS=$SERIES_ROOT/patches/covers
# A text has each of these as a line of its own, with something below it.
COVER_PARTS=(Problem Design Measured Tested 'For others' 'Not seen')
# Where the figures are which a cover may name, each beside its command
FIGURES=("$ROOT"/docs/{results,proof,reservations}.md "$ROOT/README.md")

cover_names()
{
	local name

	for name in $(find "$COVERS" -name '*.txt' -printf '%f\n' 2>/dev/null | sed 's/\.txt$//' | sort); do
		if [ -z "$(cover_field "$name" Optional)" ] ||
			grep -qxFf <(cover_field "$name" First) < <(step_subjects | cut -f1); then
			printf '%s\n' "$name"
		fi
	done
}

# cover_field NAME FIELD: its lines, spaces around them taken off
cover_field()
{
	patch_field "$COVERS/$1.txt" "$2" | sed 's/[[:space:]]*$//'
}

cover_text()
{
	sed '1,/^$/d' "$COVERS/$1.txt"
}

# Lines "SUBJECT<tab>STEP", in the order of the series
step_subjects()
{
	local steps

	mapfile -t steps < <(series_steps "$SERIES_ROOT")
	[ ${#steps[@]} != 0 ] || return 0
	steps=("${steps[@]/#/$SERIES_ROOT/patches/}")
	awk -v OFS='\t' '
		FNR == 1 { header = 1; step = FILENAME; gsub(/.*\/|\.patch$/, "", step) }
		/^$/ { header = 0 }
		header && sub(/^Subject:[ \t]*/, "") { print $0, step; header = 0 }' "${steps[@]/%/.patch}"
}

# The covers in the order in which they are mailed. One that stands after none that
# is known is left out; cover_problems() says so.
cover_order()
{
	local files

	mapfile -t files < <(cover_names)
	[ ${#files[@]} != 0 ] || return 0
	files=("${files[@]/#/$COVERS/}")
	awk '
		FNR == 1 { header = 1; name = FILENAME; gsub(/.*\/|\.txt$/, "", name) }
		/^$/ { header = 0 }
		header && sub(/^After:[ \t]*/, "") { next_of[$1] = name }
		END {
			for (at = ""; at in next_of && !seen[at]++; at = next_of[at])
				print next_of[at]
		}' "${files[@]/%/.txt}"
}

# Lines "NAME<tab>STEP<tab>SUBJECT" of all steps; NAME is "-" where it has no series
cover_steps()
{
	local name

	awk -F '\t' -v OFS='\t' '
		FNR == 1 { file++ }
		file == 1 { if (!($1 in known)) order[++n] = $1; known[$1] = 1; first[$1, $2] = 1; next }
		{
			if (i < n && ((order[i + 1], $1) in first || (order[i + 1], "*") in first))
				i++
			print (i ? order[i] : "-"), $2, $1
		}' <(for name in $(cover_order); do
			cover_field "$name" First | sed "s/^/$name\t/"
		done) <(step_subjects)
}

# cover_members NAME: its steps
cover_members()
{
	cover_steps | awk -F '\t' -v name="$1" '$1 == name { print $2 }'
}

# Numbers with a point or commas of thousands are measured
figures_of()
{
	{ grep -ohE '[0-9][0-9,]*[.,][0-9]+' "$@" || :; } | sort -u
}

# unknown_figures: those of the text on stdin that no document of FIGURES has
unknown_figures()
{
	figures_of - | comm -23 - <(figures_of "${FIGURES[@]}") | paste -sd ' '
}

# cover_problems NAME: what is wrong with one cover, a line each
cover_problems()
{
	local name=$1 field part need members strangers first unknown order text

	order=$(cover_order)
	text=$(cover_text "$name")
	for field in Subject First Subjects; do
		[ -n "$(cover_field "$name" "$field")" ] || printf 'has no %s: line\n' "$field"
	done
	grep -qx -- "$name" <<<"$order" ||
		printf "stands after '%s', which no other cover leads to\n" "$(cover_field "$name" After)"
	for need in $(cover_field "$name" Needs); do
		grep -qx -- "$need" < <(sed "/^$name\$/,\$d" <<<"$order") ||
			printf 'needs %s, which does not come before it\n' "$need"
	done
	members=$(cover_steps | awk -F '\t' -v name="$name" '$1 == name { print $3 }')
	first=$(cover_field "$name" First | head -n 1)
	[ -n "$members" ] ||
		printf "begins nowhere: no step behind '%s' has the subject '%s'\n" "$(cover_field "$name" After)" "$first"
	strangers=$(awk -v begins="$(cover_field "$name" Subjects)" '
		BEGIN { n = split(begins, begin, " ") }
		{
			for (i = 1; i <= n; i++)
				if (index($0, begin[i]) == 1)
					next
			print
		}' <<<"$members" | sed '/^$/d' | head -n 3 | paste -sd ';')
	[ -z "$strangers" ] ||
		printf "has steps that are not its own: %s; move them in build/linux, or mend First: and Subjects:\n" "$strangers"
	for part in "${COVER_PARTS[@]}"; do
		awk -v part="$part" -v parts="$(printf '%s|' "${COVER_PARTS[@]}")" '
			$0 == part { in_part = 1; next }
			in_part && NF { found = !index(parts, $0 "|"); exit }
			END { exit !found }' <<<"$text" || printf "says nothing below '%s'\n" "$part"
	done
	! grep -qx -e '---' <<<"$text" || printf "has a line '---', which ends a message\n"
	[ -z "$(awk 'length > 75' <<<"$text")" ] || printf 'has lines of more than 75 characters\n'
	unknown=$(unknown_figures <<<"$text")
	[ -z "$unknown" ] || printf 'has figures that no document has beside a command: %s\n' "$unknown"
}

# Steps that no cover says anything of, or that two would
series_problems()
{
	local twice

	cover_steps | awk -F '\t' '$1 == "-" { print "step " $2 " belongs to no series in patches/covers" }'
	twice=$(step_subjects | cut -f1 | sort | uniq -d | paste -sd ';')
	[ -z "$twice" ] || printf 'several steps have the subject %s\n' "$twice"
}

# --- commits ---------------------------------------------------------------

# commit_of STEP
commit_of()
{
	kgit log --format='%H %N' --notes=step base..reserve | awk -v s="$1" '$2 == s { print $1; exit }'
}

# cover_range NAME: "BEFORE..LAST", its commits
cover_range()
{
	local members

	members=$(cover_members "$1")
	printf '%s^..%s\n' "$(commit_of "$(head -n 1 <<<"$members")")" "$(commit_of "$(tail -n 1 <<<"$members")")"
}

# maintainers OPTION... -- FILE...: addresses for what patches or files touch, a
# line each, by the tree's own script. No history: there is none in a source package.
maintainers()
{
	env -C "$TREE" PATH=/usr/bin:/bin perl scripts/get_maintainer.pl --no-git --no-git-fallback \
		--no-rolestats --no-roles --no-fixes "$@" | sed '/^$/d'
}

# recipients_of FILE...: lines "To: ADDRESS" of those who maintain what is touched,
# and "Cc: ADDRESS" of reviewers and lists
recipients_of()
{
	maintainers --no-r --no-l "$@" | sed 's/^/To: /'
	maintainers --no-m "$@" | sed 's/^/Cc: /'
}

# cover_recipients NAME: the same for all files that a series touches
cover_recipients()
{
	local files=()

	mapfile -t files < <(kgit diff --name-only --no-renames "$(cover_range "$1")" |
		while read -r file; do
			[ ! -e "$TREE/$file" ] || printf '%s\n' "$file"
		done)
	recipients_of -f "${files[@]}"
}

# cover_checks: "pass|fail<tab>NAME<tab>DETAIL" for the suite patches: covers, and what
# docs/overview.md tells who reviews them. Takes seconds, and nothing that was built.
cover_checks()
{
	local name said

	said=$(unknown_figures <"$ROOT/docs/overview.md")
	printf '%s\tdocs/overview.md: each figure is beside a command elsewhere\t%s\n' "$([ -z "$said" ] && echo pass || echo fail)" "$said"
	said=$(python3 "$ROOT/scripts/lib/plots.py" --check "$ROOT/docs/results.md" "$ROOT/docs" | paste -sd ';') || :
	printf '%s\tdocs/plot-*.svg are of the figures of docs/results.md\t%s\n' "$([ -z "$said" ] && echo pass || echo fail)" "$said"
	said=$(series_problems | paste -sd ';')
	printf '%s\tcovers: each step belongs to one series\t%s\n' "$([ -z "$said" ] && echo pass || echo fail)" "$said"
	for name in $(cover_names); do
		said=$(cover_problems "$name" | paste -sd ';')
		printf '%s\tcover %s\t%s\n' "$([ -z "$said" ] && echo pass || echo fail)" "$name" "$said"
		said=$(cover_recipients "$name" 2>&1) || :
		if grep -q '^To: .*@' <<<"$said" && grep -q '^Cc: .*@' <<<"$said"; then
			printf 'pass\tcover %s has recipients\t\n' "$name"
		else
			printf 'fail\tcover %s has recipients\tget_maintainer.pl says: %s\n' "$name" "$(head -n 3 <<<"$said" | paste -sd ';')"
		fi
	done
}
