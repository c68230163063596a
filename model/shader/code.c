// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instruction cache: pages of code, decoded when they are first executed.
 *
 * Invariant: what a job executes was in memory when the job came to the page,
 * unless the cache was told to keep code; it is compared again when another job
 * used the page in between. What differs is decoded anew, an instruction at a
 * time, as they are needed.
 */
#include <stdlib.h>
#include <string.h>

#include "warp.h"

static struct code_page **slot_of(struct shader *sh, uint64_t va)
{
	return &sh->pages[(va / SHADER_PAGE_SIZE) % 64];
}

static bool page_is_of(const struct code_page *p, const struct shader_env *env,
		       uint64_t va)
{
	return p->valid && p->va == va && p->ctx == env->ctx &&
	       p->half_regs == env->half_regs;
}

/* Take over what memory holds; what did not change stays decoded */
static void page_refresh(struct code_page *p, const void *host)
{
	if (!memcmp(p->words, host, SHADER_PAGE_SIZE))
		return;
	for (unsigned int i = 0; i < PAGE_WORDS; i++) {
		uint64_t word;

		memcpy(&word, (const char *)host + i * 8, 8);
		if (word == p->words[i])
			continue;
		p->words[i] = word;
		p->insn[i].op = NULL;
	}
}

static struct code_page *page_of(struct warp *w, uint64_t va)
{
	const struct shader_env *env = w->env;
	struct code_page **slot = slot_of(env->sh, va), *p = *slot;

	if (!p)
		p = *slot = calloc(1, sizeof(*p));
	if (!p || page_is_of(p, env, va))
		return p;
	if (p->valid)
		w->extra += COST_CODE;
	p->va = va;
	p->ctx = env->ctx;
	p->half_regs = env->half_regs;
	p->valid = true;
	p->checked = 0;
	for (unsigned int i = 0; i < PAGE_WORDS; i++)
		p->insn[i].op = NULL;
	return p;
}

static bool compare_page(struct warp *w, struct code_page *p)
{
	const void *host;

	memset(&w->fault, 0, sizeof(w->fault));
	host = w->env->sh->ops->map(w->env->ctx, p->va, SHADER_EXECUTE,
				    &w->fault);
	if (!host) {
		w->fault.mmu = true;
		w->fault.access = SHADER_EXECUTE;
		w->fault.va = w->pc;
		w->fault.pc = w->pc;
		w->fault.why = "no code there";
		return false;
	}
	page_refresh(p, host);
	p->checked = w->env->job_id;
	return true;
}

/* The page with the warp's next instruction, compared with memory */
static bool load_page(struct warp *w)
{
	struct shader_env *env = w->env;
	struct shader *sh = env->sh;
	uint64_t va = PAGE_OF(w->pc);
	struct code_page *p = page_of(w, va);

	if (!p)
		return warp_fault(w, SHADER_INSTR_INVALID_PC, va,
				  "no memory for the instruction cache");
	if (sh->keep_code && p->checked)
		p->checked = env->job_id;
	if (p->checked != env->job_id && !compare_page(w, p)) {
		p->valid = false;
		return false;
	}
	w->page = p;
	return true;
}

static bool decode_at(struct warp *w, struct insn *in, uint64_t word)
{
	const char *why = insn_decode(in, word);

	w->env->sh->stats.decoded++;
	if (!why)
		why = exec_bind(in, w->env->half_regs);
	if (!why)
		return true;
	in->op = NULL;
	warp_fault(w, SHADER_INSTR_INVALID_ENC, w->pc, why);
	w->fault.word = word;
	return false;
}

/* Bits of an address that say which instruction of a page it is, if it is aligned */
#define INSN_IN_PAGE	((uint64_t)SHADER_PAGE_SIZE - 8)

const struct insn *code_at(struct warp *w)
{
	unsigned int i = w->pc % SHADER_PAGE_SIZE / 8;
	struct insn *in;

	/* Within a slice nobody else's code takes the page's place. */
	if (!w->page || (w->pc & ~INSN_IN_PAGE) != w->page->va) {
		if (w->pc & 7 || w->pc >> VA_BITS) {
			warp_fault(w, SHADER_INSTR_INVALID_PC, w->pc,
				   "no address of an instruction");
			return NULL;
		}
		if (!load_page(w))
			return NULL;
	}
	in = &w->page->insn[i];
	if (!in->op && !decode_at(w, in, w->page->words[i]))
		return NULL;
	return in;
}

void code_free(struct shader *sh)
{
	for (unsigned int i = 0; i < 64; i++)
		free(sh->pages[i]);
}

void shader_keep_code(struct shader *sh, bool keep)
{
	sh->keep_code = keep;
}

void shader_flush_code(struct shader *sh)
{
	for (unsigned int i = 0; i < 64; i++)
		if (sh->pages[i])
			sh->pages[i]->checked = 0;
}

bool shader_disasm(uint64_t word, char *buf, size_t size)
{
	struct insn in;
	const char *why = insn_decode(&in, word);

	if (!why) {
		insn_disasm(&in, buf, size);
	} else if (size) {
		strncpy(buf, why, size - 1);
		buf[size - 1] = '\0';
	}
	return !why;
}
