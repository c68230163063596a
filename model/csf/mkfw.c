// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host tool: writes the firmware image that the virtual Mali boots, in the
 * container that Linux's Panthor loads (drivers/gpu/drm/panthor/panthor_fw.c
 * is the source of the container's layout).
 *
 *	header, 20 bytes: magic, version, hash, size of what follows it all
 *	entries: type and size in one word, then
 *	  interface: flags, virtual range, range of the file with its data
 *	  build info: offset and size of a string in the file
 *	data of the sections
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw_iface.h"

#define BIN_MAGIC		0xc3f13a6eu
#define BIN_HEADER_SIZE		20u

#define ENTRY_IFACE		0u
#define ENTRY_BUILD_INFO	6u
#define ENTRY_OPTIONAL		(1u << 31)
#define ENTRY(type, bytes)	((type) | (bytes) << 8)

#define SECT_READ		(1u << 0)
#define SECT_WRITE		(1u << 1)
#define SECT_EXEC		(1u << 2)
#define SECT_CACHED		(1u << 3)
#define SECT_UNCACHED_COHERENT	(2u << 3)
#define SECT_SHARED		(1u << 30)
#define SECT_ZERO		(1u << 31)

#define CODE_OFFSET		0x200u
#define INFO_OFFSET		0x100u
#define IMAGE_SIZE		(CODE_OFFSET + FW_CODE_SIZE)

static const char build_info[] = "git_sha: virtual-mali-firmware-1";

static uint8_t image[IMAGE_SIZE];
static size_t cursor;

static void put32_at(size_t at, uint32_t val)
{
	for (int i = 0; i < 4; i++)
		image[at + i] = val >> (8 * i);
}

static void put32(uint32_t val)
{
	put32_at(cursor, val);
	cursor += 4;
}

static void section(uint32_t flags, uint32_t va, uint32_t size,
		    uint32_t data, uint32_t data_size)
{
	put32(ENTRY(ENTRY_IFACE, 24u));
	put32(flags);
	put32(va);
	put32(va + size);
	put32(data);
	put32(data + data_size);
}

static void header_and_entries(void)
{
	put32(BIN_MAGIC);
	put32(0);			/* version 0.0 */
	put32(0x56494d46);		/* version hash: any value */
	put32(0);
	put32(0);			/* bytes of header and entries, below */

	section(SECT_READ | SECT_EXEC | SECT_CACHED, FW_CODE_VA, FW_CODE_SIZE,
		CODE_OFFSET, FW_CODE_SIZE);
	section(SECT_READ | SECT_WRITE | SECT_CACHED | SECT_ZERO, FW_DATA_VA,
		FW_DATA_SIZE, 0, 0);
	section(SECT_READ | SECT_WRITE | SECT_UNCACHED_COHERENT | SECT_SHARED |
		SECT_ZERO, FW_SHARED_VA, FW_SHARED_SIZE, 0, 0);

	put32(ENTRY(ENTRY_BUILD_INFO, 12u) | ENTRY_OPTIONAL);
	put32(INFO_OFFSET);
	put32(sizeof(build_info));
	put32_at(16, cursor);
}

static void code_section(void)
{
	uint8_t *code = image + CODE_OFFSET;
	size_t desc = CODE_OFFSET + FW_DESC_OFFSET;

	put32_at(CODE_OFFSET + 0, FW_DATA_VA + FW_DATA_SIZE);	/* stack */
	put32_at(CODE_OFFSET + 4, 0x200 | 1);			/* reset */
	put32_at(desc + FW_DESC_O_MAGIC, FW_DESC_MAGIC);
	put32_at(desc + FW_DESC_O_ABI, FW_DESC_ABI);
	put32_at(desc + FW_DESC_O_CODE_SIZE, FW_CODE_SIZE);
	put32_at(desc + FW_DESC_O_SHARED_VA, FW_SHARED_VA);
	put32_at(desc + FW_DESC_O_SHARED_SIZE, FW_SHARED_SIZE);
	put32_at(desc + FW_DESC_O_NUM_CSGS, FW_NUM_CSGS);
	put32_at(desc + FW_DESC_O_NUM_CS, FW_NUM_CS);
	put32_at(desc + FW_DESC_O_CRC, fw_crc32(code, FW_CODE_SIZE));
}

static int fail(const char *path)
{
	fprintf(stderr, "mkfw: %s: %s\n", path, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	FILE *f;

	if (argc != 2 || !strcmp(argv[1], "--help")) {
		fprintf(argc == 2 ? stdout : stderr,
			"usage: mkfw FILE\n\n"
			"Write the virtual Mali's firmware image to FILE, to be installed as\n"
			"arm/mali/arch10.8/mali_csffw.bin in a firmware directory.\n");
		return argc == 2 ? 0 : 2;
	}
	header_and_entries();
	memcpy(image + INFO_OFFSET, build_info, sizeof(build_info));
	code_section();

	f = fopen(argv[1], "wb");
	if (!f)
		return fail(argv[1]);
	if (fwrite(image, sizeof(image), 1, f) != 1 || fclose(f))
		return fail(argv[1]);
	return 0;
}
