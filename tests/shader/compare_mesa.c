// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares our text of each instruction with Mesa's, which is read from what its
 * compiler prints with BIFROST_MESA_DEBUG=shaders,internal,verbose.
 *
 *	compare_mesa FILE N	a line of results for each shader, "pass|fail<tab>name<tab>detail";
 *				there have to be N different ones
 *
 * In that output a line of 8 bytes in hex and a text is an instruction, "compile: NAME"
 * names what is compiled next, and a shader ends where something else begins.
 *
 * Two texts count as equal if they are after these changes of Mesa's, none of which
 * loses anything:
 * - "^" for a register's last use stands behind it there and before it here;
 * - LD_PKA and LEA_PKA are what the older description that we follow calls LD_BUFFER and
 *   LEA_BUFFER;
 * - halves that a conversion or MKVEC.v2i16 takes are h0 and h1 there, h00 and h10 here;
 * - blanks at the end of a line go.
 *
 * Mesa 26.1 has no text for RSHIFT_OR and its like with ".signed", which its compiler
 * emits all the same: those are counted apart, and nothing else may be without a text.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shader.h"

#define MAX_SHADERS	4096u

static struct {
	char name[64];		/* What is compiled */
	unsigned int part;	/* Which shader of it */
	unsigned int instrs;
	uint64_t hash;
	bool differs;
	char detail[600];
} now;

static uint64_t seen[MAX_SHADERS];
static unsigned int num_seen, num_shaders, num_instrs, num_textless, num_failed;

static void result(bool pass, const char *name, const char *detail)
{
	printf("%s\t%s\t%s\n", pass ? "pass" : "fail", name, detail);
	num_failed += !pass;
}

/* --- Texts ------------------------------------------------------------------------ */

static void replace(char *text, const char *from, const char *to)
{
	size_t len = strlen(from);
	char rest[256];

	if (strncmp(text, from, len) || (text[len] && text[len] != '.'))
		return;
	snprintf(rest, sizeof(rest), "%s", text + len);
	snprintf(text, 256, "%s%s", to, rest);
}

/* "r12^" becomes "^r12" */
static void move_marks(char *text)
{
	for (char *at = strchr(text, '^'); at; at = strchr(at + 1, '^')) {
		char *first = at;

		while (first > text && isalnum((unsigned char)first[-1]))
			first--;
		memmove(first + 1, first, at - first);
		*first = '^';
	}
}

/* "r1.h10" becomes "r1.h1", and "r1.h00" "r1.h0", where it is one half */
static void name_halves(char *text)
{
	if (strncmp(text, "MKVEC.v2i16", 11) && (!strstr(text, "16_TO_") || *text == 'V'))
		return;
	for (char *at = strstr(text, ".h"); at; at = strstr(at + 1, ".h"))
		if ((at[2] == '0' || at[2] == '1') && at[3] == '0')
			memmove(at + 3, at + 4, strlen(at + 4) + 1);
}

static bool has_no_text(const char *ours, const char *theirs)
{
	return !*theirs && !strncmp(ours, "RSHIFT_", 7) && strstr(ours, ".signed");
}

static void normalise(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	replace(text, "LD_PKA", "LD_BUFFER");
	replace(text, "LEA_PKA", "LEA_BUFFER");
	move_marks(text);
}

/* --- Shaders ---------------------------------------------------------------------- */

static void count_different(void)
{
	for (unsigned int i = 0; i < num_seen; i++)
		if (seen[i] == now.hash)
			return;
	if (num_seen < MAX_SHADERS)
		seen[num_seen++] = now.hash;
}

static void end_shader(void)
{
	char name[128], detail[32];

	if (!now.instrs)
		return;
	snprintf(name, sizeof(name), "text of %s, shader %u", now.name, now.part);
	snprintf(detail, sizeof(detail), "%u instructions", now.instrs);
	result(!now.differs, name, now.differs ? now.detail : detail);
	count_different();
	num_shaders++;
	num_instrs += now.instrs;
	now.part++;
	now.instrs = 0;
	now.differs = false;
}

static void begin_name(const char *name)
{
	end_shader();
	snprintf(now.name, sizeof(now.name), "%.*s", (int)strcspn(name, "\r\n"), name);
	now.part = 1;
}

static void instruction(uint64_t word, char *theirs)
{
	char ours[256];

	if (!now.instrs++)
		now.hash = 14695981039346656037ull;
	now.hash = (now.hash ^ word) * 1099511628211ull;
	now.hash ^= now.hash >> 29;
	shader_disasm(word, ours, sizeof(ours));
	name_halves(ours);
	normalise(theirs);
	if (has_no_text(ours, theirs)) {
		num_textless++;
		return;
	}
	if (now.differs || !strcmp(ours, theirs))
		return;
	now.differs = true;
	snprintf(now.detail, sizeof(now.detail), "at 0x%x, %016llx: Mesa '%s', ours '%s'",
		 8 * (now.instrs - 1), (unsigned long long)word, theirs, ours);
}

/* Eight bytes, lowest first; where the text begins, or NULL */
static char *parse_word(char *line, uint64_t *word)
{
	*word = 0;
	for (unsigned int i = 0; i < 8; i++, line += 3) {
		if (!isxdigit((unsigned char)line[0]) || !isxdigit((unsigned char)line[1]) ||
		    line[2] != ' ')
			return NULL;
		*word |= (uint64_t)strtoul(line, NULL, 16) << (8 * i);
	}
	return line + strspn(line, " ");
}

static void read_line(char *line)
{
	uint64_t word;
	char *text = parse_word(line, &word);

	if (text)
		instruction(word, text);
	else if (!strncmp(line, "compile: ", 9))
		begin_name(line + 9);
	else if (line[strspn(line, " \r\n")])
		end_shader();
}

int main(int argc, char **argv)
{
	FILE *f = argc == 3 ? fopen(argv[1], "r") : NULL;
	unsigned int enough = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;
	char line[512], text[160], name[64];
	bool ended = false;

	if (!f) {
		fprintf(stderr, "Usage: compare_mesa FILE N, where FILE can be read\n");
		return 2;
	}
	begin_name("before the first name");
	while (fgets(line, sizeof(line), f)) {
		read_line(line);
		ended |= !strncmp(line, "compiled", 8);
	}
	end_shader();
	fclose(f);
	snprintf(text, sizeof(text),
		 "%u shaders, %u of them different, %u instructions, %u without a text of Mesa's",
		 num_shaders, num_seen, num_instrs, num_textless);
	snprintf(name, sizeof(name), "Mesa's text of at least %u different shaders", enough);
	result(num_seen >= enough, name, text);
	result(ended, "all of them were compiled", "");
	return num_failed ? 1 : 0;
}
