#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make drift: does the series still fit Linux? On the newest package of each version that
# it is written for (patches/series, patches/VERSION/series), from whichever suite has it,
#
#   - each step applies
#   - User Mode Linux and the objects of arm64 and arm build without a warning
#   - the KUnit suites of the series pass there, and the kernel says nothing else
#
#   tests/drift/run.sh [VERSION...]     only these versions
#
# Trees and kernels are in build/newest/VERSION, for nothing else; results in
# out/results/drift.tsv, the kernels' output in out/drift-VERSION.log.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

SUITES=(sid forky trixie-backports)
OBJECTS=(arm64-4k-objects arm-lpae-objects)

# point NAME COMMAND...: a result
point()
{
	local name=$1

	shift
	if ("$@"); then
		result drift pass "$version: $name"
	else
		result drift fail "$version: $name" "see the end of the newest log in $BUILD/log"
		return 1
	fi
}

# From nothing, so that the log has the warnings of all
builds_clean()
{
	rm -rf "$BUILD/linux/out-um"
	"$ROOT/scripts/kernel/kernel.sh" build reserve um || return 1
	! grep -E '(warning|error):' "$BUILD/log/build-reserve-um-kernel.log"
}

kunit()
{
	local log=$OUT/drift-$version.log

	kunit_um 900 "$BUILD/linux/out-um/linux" "kunit.filter_glob=$SERIES_GLOB" >"$log" || :
	python3 "$ROOT/scripts/lib/ktap.py" --prefix "$version: " \
		--require <(echo io-pgtable-arm-test) <"$log" >>"$OUT/results/drift.tsv"
	# User Mode Linux warns when nobody gave it a bus of PCI devices
	point "no kernel report" "$ROOT/scripts/guest/kernel-log.sh" -x virtio_pcidev_init "$log"
}

# In a shell of its own, since what it builds is elsewhere
try_version()
{
	local version=$1 suite package name

	read -r suite package < <(suite_newest "linux-source-$version" "${SUITES[@]}") || {
		result drift fail "$version: there is a package" "no suite of ${SUITES[*]} has linux-source-$version"
		return
	}
	say "Linux $version, package $package of $suite:"
	# All others stay at the package that they have
	export DOWNLOADS=$CACHE/downloads/newest
	suite_renew "$suite" all "linux-source-$version" "$package"
	export LINUX=$version KERNEL_SUITE=$suite BUILD=$BUILD/newest/$version
	unset KERNEL_SRC
	mkdir -p "$BUILD"
	point "the series applies to $package" "$ROOT/scripts/kernel/tree.sh" || return 0
	if point "User Mode Linux builds without a warning" builds_clean; then
		kunit || :
	fi
	for name in "${OBJECTS[@]}"; do
		point "$name without a warning" "$ROOT/tests/builds/run.sh" --tree "$BUILD/linux" "$name" || :
	done
}

main()
{
	local version versions=("$@")

	[ $# != 0 ] || mapfile -t versions < <(series_versions "$SERIES_ROOT")
	for version in "${versions[@]}"; do
		series_knows "$SERIES_ROOT" "$version" ||
			die "the series is not written for Linux '$version', but for $(series_versions "$SERIES_ROOT" | paste -sd ' ')"
	done
	need_packages git python3 gcc
	result_start drift
	suite_update "${SUITES[@]}"
	for version in "${versions[@]}"; do
		(try_version "$version")
	done
	"$ROOT/scripts/lib/results.sh" drift
}

# Read whole before it runs: an edit of this script must not reach a run.
main "$@"
exit
