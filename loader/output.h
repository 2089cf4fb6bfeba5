/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output: text for people, JSON for scripts, both from one description.
 *
 * A command describes a struct of its own once, field by field, fills one or
 * many of them and says in which shape they are to be shown.  It never asks
 * which of the two formats was wanted.
 */
#ifndef SEGUE_OUTPUT_H
#define SEGUE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

enum output_kind {		/* C type of the field; text; JSON */
	OUTPUT_TEXT,		/* char[]; as is; string, null if empty */
	OUTPUT_NUMBER,		/* __u64; decimal; number */
	OUTPUT_COUNT,		/* like NUMBER, but 0 is worth a word: never left out */
	OUTPUT_FLAG,		/* bool; yes or no; true or false */
	OUTPUT_SPI,		/* __u64 in host order; c1234567; "0xc1234567" */
	OUTPUT_AGE,		/* __u64 CLOCK_MONOTONIC, 0: never; "3.2 s ago"; ns, null if 0 */
	OUTPUT_ROWS,		/* struct output_rows; JSON only: an array, described by .rows */
};

struct output_field {
	const char *name;	/* member in JSON; head of the column in text */
	enum output_kind kind;
	size_t offset;
	/*
	 * In a line: what goes before the value (NULL: not shown in lines).  An
	 * empty text and a zero NUMBER, SPI or AGE leave out both.
	 */
	const char *before;
	unsigned int width;	/* in a line: filled up with blanks to this */
	bool json_only;		/* not in tables and records */
	const char *help;	/* in a record: said after the value */
	const struct output_field *rows; /* OUTPUT_ROWS: of each row */
	size_t row_size;
};

#define OUTPUT_FIELD(type, member, kind_, ...) \
	{ .name = #member, .kind = kind_, .offset = offsetof(type, member), ##__VA_ARGS__ }

/* Rows as they are gathered. */
struct output_rows {
	char *data;
	size_t count;
};

/* A new row, all zero; every row of one array has the same size.  NULL: no memory. */
void *output_rows_add(struct output_rows *rows, size_t size);

struct output;

struct output *output_open(FILE *file, bool json);
/* Writes what is pending.  0, or -EIO and the like when the file took it not all. */
int output_close(struct output *output);

/*
 * The three shapes.  key names the part in a JSON document of several; NULL: it
 * is the whole document.  fields ends with a NULL name.
 */
void output_table(struct output *output, const char *key, const struct output_field *fields,
		  const void *rows, size_t count, size_t size);
/* A table that JSON has in another place already (OUTPUT_ROWS): in text only, and only
 * if it has rows. */
void output_detail(struct output *output, const struct output_field *fields,
		   const void *rows, size_t count, size_t size);
void output_record(struct output *output, const char *key, const struct output_field *fields,
		   const void *record);
/* Lines: a person reads each by itself, JSON has an array of them. */
void output_lines(struct output *output, const char *key, const struct output_field *fields,
		  const void *rows, size_t count, size_t size);
void output_line(struct output *output, const char *key, const struct output_field *fields,
		 const void *record);
/* Stream: one line at once, flushed; in JSON an object a line. */
int output_stream(struct output *output, const struct output_field *fields, const void *record);

#endif
