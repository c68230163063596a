// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes behind each shader */
#ifndef OWN_MAIN
void main()
{
	uint i = gl_GlobalInvocationID.x;

	if (i < count)
		dst[i] = map(i);
}
#endif
