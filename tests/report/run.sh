#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The report of "make run" in a browser: what Chromium draws of it, narrow and wide,
# light and dark, against what the run measured.
#
#   tests/report/run.sh [RUN.json PAGE.html]    results to out/results/report.tsv
#
# Without arguments it is the page of the last "make run". Screenshots are left in out/report. Then a page with four
# mistakes is shown, each of which has to be noticed. Where Chromium cannot be
# installed, what takes a browser is one skipped point.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

HERE=$ROOT/tests/report
SHOTS=$OUT/report
# A host that is busy may take as long as it likes, but not for ever
SECONDS_MAX=300
TRIES=3

# chromium ARG...: a browser that keeps to itself
chromium_run()
{
	timeout --kill-after=5 $SECONDS_MAX chromium --headless --no-sandbox --disable-gpu --disable-quic \
		--no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --disable-extensions --hide-scrollbars \
		--user-data-dir="$WORK/profile" --allow-file-access-from-files "$@" \
		2>>"$LOGS/report-chromium.log"
}

# scheme light|dark: what the user prefers, as Chromium is told
scheme()
{
	[ "$1" = dark ] && echo --blink-settings=preferredColorScheme=0 ||
		echo --blink-settings=preferredColorScheme=1
}

# probe PAGE WIDTH SCHEME TO. Chromium may think that a page is complete before it is,
# where the host is busy
probe()
{
	local try

	for ((try = 0; try < TRIES; try++)); do
		chromium_run "$(scheme "$3")" --window-size=1400,1000 --virtual-time-budget=60000 \
			--dump-dom "file://$HERE/probe.html?file://$1&$2" >"$4" || :
		! grep -q '<pre id="found">{' "$4" || return 0
	done
}

shot()
{
	chromium_run "$(scheme "$2")" --window-size="$3" --screenshot="$SHOTS/$4.png" "file://$1" || :
}

shots()
{
	mkdir -p "$SHOTS"
	shot "$1" light 1100,6000 wide
	shot "$1" dark 1100,6000 dark
	shot "$1" light 500,9000 narrow
}

check_page()
{
	local how dom=()

	for how in 360-light 1200-dark; do
		probe "$2" "${how%-*}" "${how#*-}" "$WORK/$how"
		dom+=("$how=$WORK/$how")
	done
	"$HERE/check.py" "$1" "$2" "${dom[@]}"
}

num_runs()
{
	python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$1"
}

# two_runs RUN.json TO.json: another one beside that which is there, whose figures are others
two_runs()
{
	PYTHONPATH=$HERE python3 -B - "$@" <<-'EOF'
	import json, sys
	from page import PAGES
	runs = json.load(open(sys.argv[1]))
	other = json.loads(json.dumps(runs[0]))
	other["kernel"] = "base" if runs[0]["kernel"] != "base" else "reserve"
	for row in other["pages"]:
	    row.update({c: row[c] + 1000 for c in PAGES if row[c] is not None})
	json.dump([other] + runs, open(sys.argv[2], "w"))
	EOF
}

# What make run shows: upstream's kernel and the series. The suite has run one of them
check_two()
{
	[ "$(num_runs "$1")" = 1 ] || return 0
	two_runs "$1" "$WORK/two.json"
	"$HERE/page.py" "$WORK/two.json" "$WORK/two.html"
	check_page "$WORK/two.json" "$WORK/two.html" | sed 's/\t/\ttwo kernels: /'
}

# A column that is too wide, a picture that is blank, a number that is wrong, a file beside it
spoil()
{
	local blank

	blank=$(python3 -c "import sys; sys.path.insert(0, '$HERE'); import picture as p
print(p.as_url(p.SIGNATURE + p.header(320, 180)
      + p.chunk(b'IDAT', p.compressed(320, 180, bytes(3 * 320 * 180))) + p.chunk(b'IEND', b'')))")
	sed -e 's|<main>|<main style="width: 700px">|' \
		-e "s|<figure><img src=\"[^\"]*\"|<figure><img src=\"$blank\"|" \
		-e 's|data-fact="queued" \([^>]*\)>[0-9,]*<|data-fact="queued" \1>77,777<|' \
		-e 's|</main>|<a href="other.html">more</a></main>|' "$1" >"$2"
}

check_spoiled()
{
	local mistake

	spoil "$2" "$WORK/spoiled.html"
	probe "$WORK/spoiled.html" 360 light "$WORK/spoiled"
	"$HERE/check.py" "$1" "$WORK/spoiled.html" "360-light=$WORK/spoiled" >"$WORK/noticed"
	for mistake in 'nothing is too wide' 'each picture is drawn' 'numbers are those' \
		'the page needs nothing else'; do
		if grep -q "^fail.*$mistake" "$WORK/noticed"; then
			printf 'pass\tnoticed on a page where it is not so: %s\t\n' "$mistake"
		else
			printf 'fail\tnoticed on a page where it is not so: %s\t\n' "$mistake"
		fi
	done
}

main()
{
	[ $# = 2 ] || set -- "$OUT/run.json" "$OUT/report.html"
	if [ ! -s "$1" ] || [ ! -s "$2" ]; then
		die "there is no report $2 of $1: run 'make run', or 'scripts/run.sh --suite' for the suite's"
	fi
	JSON=$(realpath "$1")
	PAGE=$(realpath "$2")
	mkdir -p "$LOGS"
	result_start report
	if ! (need_packages chromium) >"$LOGS/report-packages.log" 2>&1; then
		"$HERE/check.py" "$JSON" "$PAGE" >>"$OUT/results/report.tsv"
		result report skip "the report in a browser" "Chromium is not installed and cannot be: see $LOGS/report-packages.log"
		exec "$ROOT/scripts/lib/results.sh" report
	fi
	WORK=$(mktemp -d)
	trap 'rm -rf "$WORK"' EXIT
	: >"$LOGS/report-chromium.log"
	{
		check_page "$JSON" "$PAGE"
		check_two "$JSON"
		check_spoiled "$JSON" "$PAGE"
	} >>"$OUT/results/report.tsv"
	shots "$PAGE"
	"$ROOT/scripts/lib/results.sh" report
}

main "$@"
