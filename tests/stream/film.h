/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flight: pictures of a land of 85 GiB, made with 8 MiB of memory.
 */
#ifndef STREAM_FILM_H
#define STREAM_FILM_H

/* Where pictures and record go, or NULL; how many frames */
struct film_options {
	const char *out;
	unsigned int frames;
};

extern struct film_options film_options;

void run_flight(void);

#endif /* STREAM_FILM_H */
