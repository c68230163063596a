#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make model-mutants: does each mistake in the GPU model get noticed by its tests?
#
#   tests/model-mutants/run.sh [FILE|"FILE N"...]    all when none is given
#
# The mistakes are those of mutants.txt; each is planted in a copy of model/, and the
# programs of tests/model and tests/shader are run until one fails. One that lives is a
# mistake that they do not notice, and fails. Results go to out/results/model-mutants.tsv.
# Whether all fit the model is a part of tests/mutants/run.sh --check.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

main()
{
	local work=$BUILD/model-mutants

	case ${1:-} in
	-*) sed -n '/^#   tests/s/^# *//p' "$0" >&2; exit 2 ;;
	esac
	need_packages gcc make libc6-dev python3
	result_start model-mutants
	# What a run that was stopped left behind has a mistake in it
	rm -rf "$work"
	mkdir -p "$work"
	cp -r "$ROOT/model" "$work/model"
	MODEL_COPY=$work/model MODEL_BUILD=$work/build \
		python3 "$ROOT/tests/model-mutants/mutants.py" run "$@" \
		>"$OUT/results/model-mutants.tsv" || :
	"$ROOT/scripts/lib/results.sh" model-mutants
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
