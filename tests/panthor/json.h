/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much JSON as QMP's answers need: finding a member of an object and an
 * item of an array. Values are pointers into the text; nothing is copied.
 */
#ifndef PANTHOR_JSON_H
#define PANTHOR_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* The value of member @key of the object at @obj, NULL when there is none */
const char *json_get(const char *obj, const char *key);

/* Item @i of the array at @arr, NULL beyond its end */
const char *json_item(const char *arr, unsigned int i);

/* 0 and false when it is something else, or NULL */
uint64_t json_u64(const char *val);
bool json_true(const char *val);

/* A string's contents, without a care for escapes; "" when it is none */
void json_string(const char *val, char *out, unsigned int size);

#endif /* PANTHOR_JSON_H */
