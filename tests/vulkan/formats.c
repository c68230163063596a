// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Formats of images; see formats.h.
 */
#include <stdlib.h>
#include <string.h>

#include "formats.h"

#define F(name, bytes, tolerance) \
	{ VK_FORMAT_##name, #name, bytes, tolerance }
const struct format formats[] = {
	F(R8_UNORM, 1, 0.5 / 255), F(R8_SNORM, 1, 0.5 / 127), F(R8_UINT, 1, 0),
	F(R8_SINT, 1, 0), F(R8G8_UNORM, 2, 0.5 / 255), F(R8G8_SNORM, 2, 0.5 / 127),
	F(R8G8_UINT, 2, 0), F(R8G8_SINT, 2, 0), F(R8G8B8A8_UNORM, 4, 0.5 / 255),
	F(R8G8B8A8_SNORM, 4, 0.5 / 127), F(R8G8B8A8_UINT, 4, 0), F(R8G8B8A8_SINT, 4, 0),
	F(R8G8B8A8_SRGB, 4, 0), F(B8G8R8A8_UNORM, 4, 0.5 / 255), F(B8G8R8A8_SRGB, 4, 0),
	F(A8B8G8R8_UNORM_PACK32, 4, 0.5 / 255), F(A8B8G8R8_UINT_PACK32, 4, 0),
	F(A8B8G8R8_SINT_PACK32, 4, 0), F(R5G6B5_UNORM_PACK16, 2, 0.5 / 31),
	F(B5G6R5_UNORM_PACK16, 2, 0.5 / 31), F(R5G5B5A1_UNORM_PACK16, 2, 0.5 / 31),
	F(A1R5G5B5_UNORM_PACK16, 2, 0.5 / 31), F(R4G4B4A4_UNORM_PACK16, 2, 0.5 / 15),
	F(B4G4R4A4_UNORM_PACK16, 2, 0.5 / 15), F(A2R10G10B10_UNORM_PACK32, 4, 0.5 / 1023),
	F(A2B10G10R10_UNORM_PACK32, 4, 0.5 / 1023), F(A2B10G10R10_UINT_PACK32, 4, 0),
	F(R16_UNORM, 2, 0.5 / 65535), F(R16_SNORM, 2, 0.5 / 32767), F(R16_UINT, 2, 0),
	F(R16_SINT, 2, 0), F(R16_SFLOAT, 2, TINY), F(R16G16_UNORM, 4, 0.5 / 65535),
	F(R16G16_SFLOAT, 4, TINY), F(R16G16_UINT, 4, 0), F(R16G16_SINT, 4, 0),
	F(R16G16B16A16_UNORM, 8, 0.5 / 65535), F(R16G16B16A16_SNORM, 8, 0.5 / 32767),
	F(R16G16B16A16_UINT, 8, 0), F(R16G16B16A16_SINT, 8, 0), F(R16G16B16A16_SFLOAT, 8, TINY),
	F(R32_UINT, 4, 0), F(R32_SINT, 4, 0), F(R32_SFLOAT, 4, TINY), F(R32G32_UINT, 8, 0),
	F(R32G32_SINT, 8, 0), F(R32G32_SFLOAT, 8, TINY), F(R32G32B32A32_UINT, 16, 0),
	F(R32G32B32A32_SINT, 16, 0), F(R32G32B32A32_SFLOAT, 16, TINY),
	F(B10G11R11_UFLOAT_PACK32, 4, 1.0 / 64), F(E5B9G9R9_UFLOAT_PACK32, 4, 1.0 / 256),
};

const unsigned int format_count = ARRAY_SIZE(formats);

/*
 * A name has colours and their bits from the lowest on, or from the highest if all are
 * packed into one number.
 */
unsigned int format_colours(const struct format *f, struct colour *to)
{
	bool packed = strstr(f->name, "_PACK");
	unsigned int done = 0, n = 0;
	const char *at = f->name;

	while (*at != '_') {
		struct colour *c = &to[n++];

		c->which = strchr("RGBA", *at) - "RGBA";
		c->bits = strtoul(at + 1, (char **)&at, 10);
		done += c->bits;
		c->from = packed ? 8 * f->bytes - done : done - c->bits;
	}
	return n;
}

const char *format_kind(const struct format *f)
{
	return strchr(f->name, '_') + 1;
}

bool format_is(const struct format *f, const char *kind)
{
	return !strncmp(format_kind(f), kind, strlen(kind));
}
