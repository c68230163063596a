// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As much JSON as QMP's answers need; see json.h. The text is QEMU's and well
 * formed; it may be cut off, which every loop here survives.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n,:");
}

/* Behind the string that starts at @p */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* Behind the value that starts at @p */
static const char *skip_value(const char *p)
{
	unsigned int depth = 0;

	do {
		switch (*p) {
		case '\0':
			return p;
		case '"':
			p = skip_string(p);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (!depth)
				return p;
			depth--;
			break;
		case ',':
			if (!depth)
				return p;
		}
		p++;
	} while (depth || !strchr(",]}", *p));
	return p;
}

const char *json_get(const char *obj, const char *key)
{
	size_t len = strlen(key);
	const char *p;

	if (!obj || *obj != '{')
		return NULL;
	for (p = skip_space(obj + 1); *p == '"'; p = skip_space(skip_value(p))) {
		bool found = !strncmp(p + 1, key, len) && p[len + 1] == '"';

		p = skip_space(skip_string(p));
		if (found)
			return p;
	}
	return NULL;
}

const char *json_item(const char *arr, unsigned int i)
{
	const char *p;

	if (!arr || *arr != '[')
		return NULL;
	for (p = skip_space(arr + 1); i && *p && *p != ']'; i--)
		p = skip_space(skip_value(p));
	return *p && *p != ']' ? p : NULL;
}

uint64_t json_u64(const char *val)
{
	return val ? strtoull(val, NULL, 10) : 0;
}

bool json_true(const char *val)
{
	return val && !strncmp(val, "true", 4);
}

void json_string(const char *val, char *out, unsigned int size)
{
	unsigned int n = 0;

	if (val && *val == '"')
		for (val++; *val && *val != '"' && n + 1 < size; val++)
			out[n++] = *val;
	out[n] = '\0';
}
