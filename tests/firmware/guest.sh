#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the guest, the driver not loaded yet: loads Panthor with firmware
# images that are missing or damaged in one way each, checks that the driver
# says so and that the next load with the good image works. TAP on stdout.
#
# Started by tests/firmware/run.sh.

good=/share/firmware/arm/mali/arch10.8/mali_csffw.bin
dir=/tmp/firmware
image=$dir/arm/mali/arch10.8/mali_csffw.bin
points=0
failures=0

mkdir -p "$(dirname "$image")"
echo -n "$dir" >/sys/module/firmware_class/parameters/path

ok()
{
	points=$((points + 1))
	if [ "$1" = 0 ]; then
		echo "ok $points - $2"
	else
		echo "not ok $points - $2"
		failures=$((failures + 1))
	fi
}

# Overwrite bytes of the image: offset, then bytes as printf escapes.
poke()
{
	# shellcheck disable=SC2059 # the bytes are the format
	printf "$2" | dd of="$image" bs=1 seek="$1" conv=notrunc status=none
}

load()
{
	dmesg -C
	insmod /modules/panthor.ko 2>/dev/null
	# Probing is over when no device waits for a driver's answer.
	udevadm settle 2>/dev/null
	sleep 0.2
	dmesg >/tmp/log
}

bound()
{
	ls /sys/bus/platform/drivers/panthor/*.gpu >/dev/null 2>&1 ||
		ls -d /sys/bus/platform/drivers/panthor/*gpu* >/dev/null 2>&1
}

# A load that must fail with a message: pattern, description.
refused()
{
	load
	grep -q "$1" /tmp/log
	ok $? "$2: the driver says so"
	grep -q "$1" /tmp/log || sed 's/^/# /' /tmp/log
	! bound
	ok $? "$2: the device stays without a driver"
	rmmod panthor
}

while read -r module; do
	[ "$module" = panthor.ko ] || insmod "/modules/$module" 2>/dev/null
done </modules/load-order

rm -f "$image"
refused "Failed to load firmware image" "no image"

: >"$image"
refused "Failed to load firmware image\|Firmware too small" "empty image"

head -c 12 "$good" >"$image"
refused "Firmware too small" "half a header"

head -c 64 "$good" >"$image"
refused "Firmware image is truncated" "image cut in its entries"

head -c 4096 "$good" >"$image"
refused "file truncated" "image cut in its data"

cp "$good" "$image"
poke 0 '\x00'
refused "Invalid firmware magic" "wrong magic"

cp "$good" "$image"
poke 5 '\x01'
refused "Unsupported firmware binary header version" "unknown container version"

cp "$good" "$image"
poke 20 '\x09'
refused "Unsupported non-optional entry type" "unknown entry"

# The image is laid out as in model/csf/mkfw.c: entries at 20 (code), 44 (data), 68
# (shared section) and 92 (build info), a section's being type and size, flags,
# first and last address, start and end of its data in the file.
damaged()
{
	cp "$good" "$image"
	poke "$1" "$2"
	refused "$3" "$4"
}

damaged 21 '\x19' "Firmware entry is not 32-bit aligned" "odd size of an entry"
damaged 93 '\xfc' "Firmware entry too long" "entry longer than the image"
damaged 36 '\x00\x00\x00\x7f' "data.end < data.start" "data that ends before it starts"
damaged 28 '\x00\x00\x00\x7f' "va.end < hdr.va.start" "addresses that end before they start"
damaged 28 '\x01' "virtual addresses not page aligned" "odd address"
damaged 26 '\x01' "interface with unsupported flags" "unknown flag of a section"
damaged 75 '\x80' "must be shared" "shared section that is not marked"
damaged 80 '\x00\x00\x00\x04' "Shared interface region not found" "empty shared section"
damaged 60 '\x00\x02\x00\x00\x00\x22\x00\x00' "section data exceeds section size" "more data than section"

# What only the microcontroller can find: it does not come up.
cp "$good" "$image"
poke 768 '\x00'
refused "Failed to boot MCU (status=fatal)" "wrong descriptor"

cp "$good" "$image"
poke 5000 '\xff\xff'
refused "Failed to boot MCU (status=fatal)" "damaged code"

# What the driver complains of and goes on: pattern, description.
taken()
{
	load
	grep -q "$1" /tmp/log
	ok $? "$2: the driver says so"
	bound
	ok $? "$2: and takes the device"
	rmmod panthor
}

cp "$good" "$image"
poke 96 '\xff\xff\xff\xff'
taken "Firmware build info corrupt" "build info that is not in the file"

cp "$good" "$image"
poke 288 'x'
taken "git sha is not NULL terminated" "build info without an end"

cp "$good" "$image"
poke 48 '\x2b'
taken "Firmware protected mode entry is not supported, ignoring" "protected section"

# The shared section's entry takes in the build info, as a name of its own.
cp "$good" "$image"
poke 69 '\x24'
taken "CSF FW using interface" "section with a name"

cp "$good" "$image"
load
bound
ok $? "the good image after all these: the driver binds"
grep -q "CSF FW using interface v1.1.0" /tmp/log
ok $? "and reports the firmware's interface"

echo "1..$points"
[ "$failures" = 0 ]
