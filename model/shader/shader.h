/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shader cores of the virtual Mali: compute jobs on Valhall code. This is all
 * that others may include.
 *
 * A job is what RUN_COMPUTE starts. It is executed in slices by whoever owns
 * the time: shader_run() executes about as many lane instructions as it is
 * told, and says whether there is more. Between two workgroups a job is only
 * numbers, so that it can be suspended and moved; while a workgroup is under
 * way its warps are in memory that the job owns.
 *
 * Invariants:
 * - Memory is reached through struct shader_ops alone, a page at a time, and a
 *   translation is never kept beyond the instruction that asked for it. Code is
 *   kept, but compared with memory at each job before it is executed.
 * - An instruction that faults or stalls has changed nothing, and is executed
 *   again by the next shader_run().
 * - Nothing here reads the host's clock, its rounding mode or its NaNs: the same
 *   job gives the same result on any host.
 */
#ifndef SHADER_H
#define SHADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHADER_PAGE_SIZE	4096u
#define SHADER_LANES		16u
/* What it takes off a budget to start a warp, in lane instructions */
#define SHADER_WARP_COST	64u
/* Threads of a workgroup */
#define SHADER_MAX_THREADS	1024u

/* What an access does; the values are those of FAULTSTATUS. */
enum shader_access {
	SHADER_ATOMIC,
	SHADER_EXECUTE,
	SHADER_READ,
	SHADER_WRITE,
};

/* Exceptions that shaders raise, as in CS_FAULT */
enum shader_exception {
	SHADER_INSTR_INVALID_PC = 0x50,
	SHADER_INSTR_INVALID_ENC = 0x51,
	SHADER_INSTR_BARRIER = 0x55,
	SHADER_DATA_INVALID = 0x58,
	SHADER_ADDR_RANGE = 0x5a,
};

/**
 * struct shader_fault - why execution cannot go on
 * @exception: enum shader_exception, or what ops->map() said.
 * @access: enum shader_access, for a fault of ops->map().
 * @stall: Nothing is wrong, but ops->map() has no answer yet: run again later.
 * @mmu: It is a fault of ops->map(); otherwise the shader's own.
 * @va: Address of the data, the code or the descriptor.
 * @pc: Address of the instruction, 0 if it was none.
 * @word: The instruction, for SHADER_INSTR_INVALID_ENC.
 * @why: A sentence for the guest-error line; never NULL after a fault.
 */
struct shader_fault {
	uint8_t exception, access;
	bool stall, mmu;
	uint64_t va, pc, word;
	const char *why;
};

/**
 * struct shader_ops - what the shader core needs of its surroundings
 * @map: Translate the 4 KiB page around an address for an access: its host
 *	address, or NULL with @exception or @stall of the fault filled in. Valid
 *	until shader_run() returns.
 * @wrote: Bytes of a page, mapped just before, were changed, or lie between some
 *	that were; may be NULL.
 */
struct shader_ops {
	void *(*map)(void *ctx, uint64_t va, enum shader_access access,
		     struct shader_fault *fault);
	void (*wrote)(void *ctx, uint64_t va, void *host, size_t len);
};

/**
 * struct shader_stats - what happened so far
 * @jobs: Jobs that were started.
 * @workgroups: Workgroups that were finished.
 * @warps: Warps that were started.
 * @instrs: Instructions that warps executed.
 * @lane_instrs: The same, counted for each lane.
 * @work: What was taken off budgets.
 * @faults: Faults, without stalls.
 * @decoded: Instructions that were decoded.
 */
struct shader_stats {
	uint64_t jobs, workgroups, warps, instrs, lane_instrs, work, faults, decoded;
};

struct shader;
struct shader_group;

/**
 * struct shader_dispatch - what RUN_COMPUTE takes of a stream's registers, and how
 * far it is; all there is of a job between two workgroups
 * @srt: Shader resource table, its count in the low 6 bits.
 * @fau: Fast-access uniforms, their count in the top 8 bits.
 * @spd: Shader program descriptor.
 * @tsd: Local storage descriptor.
 * @attribute_offset: Register 32; kept, compute has no use for it.
 * @wg_size: Register 33: threads of a workgroup, 3 times 10 bits, minus 1.
 * @offset: Registers 34 to 36: what is added to global ids.
 * @size: Registers 37 to 39: workgroups.
 * @next: Number of the next workgroup.
 *
 * Fixed-width members only, since streams save it.
 */
struct shader_dispatch {
	uint64_t srt, fau, spd, tsd;
	uint32_t attribute_offset, wg_size;
	uint32_t offset[3], size[3];
	uint64_t next;
};

/**
 * struct shader_job - a dispatch that is executed
 * @ctx: For the callbacks; stands for the address space.
 * @d: The dispatch.
 * @total: Number of workgroups.
 * @group: The workgroup under way, or NULL. Everything else is plain data.
 */
struct shader_job {
	void *ctx;
	struct shader_dispatch d;
	uint64_t total;
	struct shader_group *group;
};

enum shader_result {
	SHADER_DONE,	/* all workgroups are finished */
	SHADER_MORE,	/* the budget is spent */
	SHADER_PAUSED,	/* shader_run_group() only: between two workgroups */
	SHADER_STALL,	/* ops->map() has no answer yet */
	SHADER_FAULT,	/* see struct shader_fault */
};

/**
 * shader_new() - shader cores, with their instruction cache
 * @ops: Callbacks; have to stay.
 *
 * Return: NULL without memory.
 */
struct shader *shader_new(const struct shader_ops *ops);
void shader_free(struct shader *sh);

/**
 * shader_dispatch_init() - take a dispatch from a stream's registers
 * @d: The dispatch.
 * @regs: The stream's 32-bit registers, at least 40 of them.
 * @instr: The RUN_COMPUTE instruction, whose selectors count.
 *
 * A job of it is { .ctx = ..., .d = ... }.
 */
void shader_dispatch_init(struct shader_dispatch *d, const uint32_t *regs,
			  uint64_t instr);

/**
 * shader_run() - execute a job, as far as a budget of lane instructions goes
 * @sh: The shader cores.
 * @job: The job.
 * @budget: Lane instructions, of which one that reads an image or the like counts for
 *	several, and SHADER_WARP_COST for each warp that is started;
 *	overrun by less than one instruction of a warp, or the start of a workgroup.
 * @fault: Filled with SHADER_FAULT and SHADER_STALL.
 *
 * After a fault the job may be run again, which repeats the instruction, or
 * cancelled.
 */
enum shader_result shader_run(struct shader *sh, struct shader_job *job,
			      int64_t budget, struct shader_fault *fault);

/**
 * shader_run_group() - the same, but stop after the workgroup under way
 *
 * For a suspend: SHADER_PAUSED says that the job is plain data now.
 */
enum shader_result shader_run_group(struct shader *sh, struct shader_job *job,
				    int64_t budget, struct shader_fault *fault);

/* Forget what is under way; the job can be started again, not gone on with */
void shader_job_cancel(struct shader_job *job);

/**
 * shader_keep_code() - whether code is taken from the cache without a look at
 * memory, as hardware does; then only shader_flush_code() drops it
 */
void shader_keep_code(struct shader *sh, bool keep);
void shader_flush_code(struct shader *sh);

void shader_get_stats(const struct shader *sh, struct shader_stats *stats);

/**
 * shader_disasm() - the text of an instruction in Mesa's syntax, for logs
 * @word: The instruction; what is none becomes the reason why.
 *
 * Return: Whether it is one.
 */
bool shader_disasm(uint64_t word, char *buf, size_t size);

#endif /* SHADER_H */
