/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An assembler for tests: text as the disassembler writes it becomes a word.
 */
#ifndef SHADER_ASM_H
#define SHADER_ASM_H

#include <stdint.h>

/* NULL, or what is wrong with the text */
const char *asm_line(const char *text, uint64_t *word);

/* The same, for text that is right */
uint64_t asm_one(const char *text);

#endif
