/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of the fuzzer's inputs, for the target and for who writes seeds: two
 * bytes of these bits, the threads of a workgroup (1), the low half of uniform 2 beyond
 * DATA (2), then for FUZZ_DESCRIPTOR a place (1) and a value (8), for FUZZ_REGISTER a
 * number (1) and a value (4), for FUZZ_STALL how often (1). Instructions follow.
 */
#ifndef SHADER_FUZZ_SHADER_H
#define SHADER_FUZZ_SHADER_H

enum fuzz_what {
	FUZZ_DEEP	= 1 << 0,	/* workgroups have three rows */
	FUZZ_FAR	= 1 << 1,	/* uniforms 2 and 3 are no address of data */
	FUZZ_NO_BUFFER	= 1 << 2,	/* the handle in uniform 4 names nothing */
	FUZZ_SMALL	= 1 << 3,	/* 32 registers, subnormals are zero */
	FUZZ_DESCRIPTOR	= 1 << 4,	/* a descriptor has another word */
	FUZZ_REGISTER	= 1 << 5,	/* so has a register of the stream */
	FUZZ_STALL	= 1 << 6,	/* translations come late */
	FUZZ_CHANGE	= 1 << 7,	/* the code changes, and executes again */
	FUZZ_KEEP	= 1 << 8,	/* which the cache may not notice */
	FUZZ_DATA	= 1 << 9,	/* memory is not empty */
	FUZZ_TALL	= 1 << 10,	/* there is a texture with a row in each of 40 pages */
};

#define FUZZ_INSTRS	64u
/* Of an instruction that is taken as it is */
#define FUZZ_NO_ROW	0xffffu

#endif
