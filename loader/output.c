// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "clock.h"
#include "output.h"

enum { CELL_SIZE = 512 };	/* no field of ours is longer */

struct output {
	FILE *file;
	bool json;
	json_object *document;
	unsigned int parts;	/* in text: an empty line between them */
};

void *output_rows_add(struct output_rows *rows, size_t size)
{
	char *data = reallocarray(rows->data, rows->count + 1, size);

	if (!data)
		return NULL;
	rows->data = data;
	return memset(data + rows->count++ * size, 0, size);
}

struct output *output_open(FILE *file, bool json)
{
	struct output *output = calloc(1, sizeof(*output));

	if (output) {
		output->file = file;
		output->json = json;
	}
	return output;
}

int output_close(struct output *output)
{
	int err = 0;

	if (output->document)
		fprintf(output->file, "%s\n",
			json_object_to_json_string_ext(output->document,
						       JSON_C_TO_STRING_PRETTY |
						       JSON_C_TO_STRING_SPACED |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	if (fflush(output->file) || ferror(output->file))
		err = errno ? -errno : -EIO;
	json_object_put(output->document);
	free(output);
	return err;
}

static __u64 field_number(const struct output_field *field, const void *record)
{
	return *(const __u64 *)((const char *)record + field->offset);
}

static const char *field_text(const struct output_field *field, const void *record)
{
	return (const char *)record + field->offset;
}

/* Octets of the UTF-8 sequence (RFC 3629 4) that begins here, 0: none does. */
static size_t utf8_length(const unsigned char *c)
{
	size_t len = *c < 0x80 ? 1 : *c >= 0xc2 && *c < 0xe0 ? 2 :
		     *c >= 0xe0 && *c < 0xf0 ? 3 : *c >= 0xf0 && *c < 0xf5 ? 4 : 0, i;

	for (i = 1; i < len; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/*
 * Names come from elsewhere, and one cut at its 31st octet may end in half a
 * character: neither a terminal nor a JSON parser should meet that.
 */
static void text_clean(const char *text, char *cell)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t len = 0, n;

	while (*c && len < CELL_SIZE - 4) {
		n = utf8_length(c);
		if (!n || (n == 1 && (*c < 0x20 || *c == 0x7f))) {
			cell[len++] = '?';
			c++;
		} else {
			memcpy(cell + len, c, n);
			len += n;
			c += n;
		}
	}
	cell[len] = '\0';
}

static bool field_flag(const struct output_field *field, const void *record)
{
	return *(const bool *)((const char *)record + field->offset);
}

static void age_text(__u64 ns, char *cell)
{
	double age = (clock_now_ns() - (double)ns) / 1e9;

	if (age < 120)
		snprintf(cell, CELL_SIZE, "%.1f s ago", age > 0 ? age : 0);
	else if (age < 7200)
		snprintf(cell, CELL_SIZE, "%.0f min ago", age / 60);
	else
		snprintf(cell, CELL_SIZE, "%.0f h ago", age / 3600);
}

/* false: there is nothing to show */
static bool cell_text(const struct output_field *field, const void *record, char *cell)
{
	__u64 number;

	switch (field->kind) {
	case OUTPUT_TEXT:
		text_clean(field_text(field, record), cell);
		return cell[0];
	case OUTPUT_ROWS:
		return false;
	case OUTPUT_FLAG:
		snprintf(cell, CELL_SIZE, "%s", field_flag(field, record) ? "yes" : "no");
		return true;
	case OUTPUT_COUNT:
		snprintf(cell, CELL_SIZE, "%llu", field_number(field, record));
		return true;
	case OUTPUT_NUMBER:
	case OUTPUT_SPI:
	case OUTPUT_AGE:
		break;
	}
	number = field_number(field, record);
	if (field->kind == OUTPUT_NUMBER)
		snprintf(cell, CELL_SIZE, "%llu", number);
	else if (field->kind == OUTPUT_SPI)
		snprintf(cell, CELL_SIZE, "%08llx", number);
	else if (number)
		age_text(number, cell);
	return number;
}

static json_object *rows_json(const struct output_field *fields, const void *rows,
			      size_t count, size_t size);

static json_object *cell_json(const struct output_field *field, const void *record)
{
	const struct output_rows *rows;
	char cell[CELL_SIZE];

	switch (field->kind) {
	case OUTPUT_ROWS:
		rows = (const void *)((const char *)record + field->offset);
		return rows_json(field->rows, rows->data, rows->count, field->row_size);
	case OUTPUT_TEXT:
		text_clean(field_text(field, record), cell);
		return cell[0] ? json_object_new_string(cell) : NULL;
	case OUTPUT_FLAG:
		return json_object_new_boolean(field_flag(field, record));
	case OUTPUT_SPI:
		if (!field_number(field, record))
			return NULL;
		snprintf(cell, sizeof(cell), "0x%08" PRIx32, (uint32_t)field_number(field, record));
		return json_object_new_string(cell);
	case OUTPUT_AGE:
		if (!field_number(field, record))
			return NULL;
		break;
	case OUTPUT_NUMBER:
	case OUTPUT_COUNT:
		break;
	}
	return json_object_new_uint64(field_number(field, record));
}

static json_object *record_json(const struct output_field *fields, const void *record)
{
	json_object *object = json_object_new_object();

	for (; fields->name; fields++)
		json_object_object_add(object, fields->name, cell_json(fields, record));
	return object;
}

static json_object *rows_json(const struct output_field *fields, const void *rows,
			      size_t count, size_t size)
{
	json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_object_array_add(array, record_json(fields, (const char *)rows + i * size));
	return array;
}

static void document_add(struct output *output, const char *key, json_object *part)
{
	if (!key) {
		json_object_put(output->document);
		output->document = part;
		return;
	}
	if (!output->document)
		output->document = json_object_new_object();
	json_object_object_add(output->document, key, part);
}

static void text_part(struct output *output)
{
	if (output->parts++)
		fputc('\n', output->file);
}

static void text_head(struct output *output, const char *name, int width)
{
	char head[CELL_SIZE];
	size_t i;

	for (i = 0; name[i] && i < sizeof(head) - 1; i++)
		head[i] = name[i] == '_' ? ' ' : toupper((unsigned char)name[i]);
	head[i] = '\0';
	fprintf(output->file, "%-*s", width, head);
}

/* Width of a column; the last one needs none, so that no line ends in blanks. */
static int column_width(const struct output_field *field, const void *rows,
			size_t count, size_t size)
{
	const struct output_field *next = field + 1;
	size_t width = strlen(field->name), i;
	char cell[CELL_SIZE];

	while (next->name && next->json_only)
		next++;
	if (!next->name)
		return 0;
	for (i = 0; i < count; i++) {
		if (cell_text(field, (const char *)rows + i * size, cell) && strlen(cell) > width)
			width = strlen(cell);
	}
	return width + 2;
}

static void text_table(struct output *output, const struct output_field *fields,
		       const void *rows, size_t count, size_t size)
{
	const struct output_field *field;
	char cell[CELL_SIZE];
	size_t i;

	for (field = fields; field->name; field++) {
		if (!field->json_only)
			text_head(output, field->name, column_width(field, rows, count, size));
	}
	fputc('\n', output->file);
	for (i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * size;

		for (field = fields; field->name; field++) {
			if (field->json_only)
				continue;
			if (!cell_text(field, row, cell))
				strcpy(cell, field->kind == OUTPUT_NUMBER ? "0" : "-");
			fprintf(output->file, "%-*s", column_width(field, rows, count, size), cell);
		}
		fputc('\n', output->file);
	}
}

void output_table(struct output *output, const char *key, const struct output_field *fields,
		  const void *rows, size_t count, size_t size)
{
	if (output->json) {
		document_add(output, key, rows_json(fields, rows, count, size));
		return;
	}
	text_part(output);
	text_table(output, fields, rows, count, size);
}

void output_detail(struct output *output, const struct output_field *fields,
		   const void *rows, size_t count, size_t size)
{
	if (output->json || !count)
		return;
	text_part(output);
	text_table(output, fields, rows, count, size);
}

void output_record(struct output *output, const char *key, const struct output_field *fields,
		   const void *record)
{
	const struct output_field *field;
	size_t width = 0;
	char cell[CELL_SIZE];

	if (output->json) {
		document_add(output, key, record_json(fields, record));
		return;
	}
	text_part(output);
	for (field = fields; field->name; field++) {
		if (!field->json_only && strlen(field->name) > width)
			width = strlen(field->name);
	}
	for (field = fields; field->name; field++) {
		char name[CELL_SIZE], *c;

		if (field->json_only)
			continue;
		if (!cell_text(field, record, cell))
			strcpy(cell, field->kind == OUTPUT_NUMBER ? "0" : "-");
		snprintf(name, sizeof(name), "%s", field->name);
		for (c = name; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		if (field->help)
			fprintf(output->file, "%-*s  %10s  %s\n", (int)width, name, cell,
				field->help);
		else
			fprintf(output->file, "%-*s  %s\n", (int)width, name, cell);
	}
}

static void text_line(struct output *output, const struct output_field *fields,
		      const void *record)
{
	char line[4096], cell[CELL_SIZE];
	size_t len = 0;

	for (; fields->name; fields++) {
		if (!fields->before || !cell_text(fields, record, cell))
			continue;
		len += snprintf(line + len, sizeof(line) - len, "%s%-*s",
				fields->before, (int)fields->width, cell);
		if (len >= sizeof(line))
			len = sizeof(line) - 1;
	}
	while (len && line[len - 1] == ' ')
		len--;
	fprintf(output->file, "%.*s\n", (int)len, line);
}

void output_lines(struct output *output, const char *key, const struct output_field *fields,
		  const void *rows, size_t count, size_t size)
{
	size_t i;

	if (output->json) {
		document_add(output, key, rows_json(fields, rows, count, size));
		return;
	}
	for (i = 0; i < count; i++)
		text_line(output, fields, (const char *)rows + i * size);
}

void output_line(struct output *output, const char *key, const struct output_field *fields,
		 const void *record)
{
	if (output->json)
		document_add(output, key, record_json(fields, record));
	else
		text_line(output, fields, record);
}

int output_stream(struct output *output, const struct output_field *fields, const void *record)
{
	json_object *object;

	if (output->json) {
		object = record_json(fields, record);
		fprintf(output->file, "%s\n",
			json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	} else {
		text_line(output, fields, record);
	}
	if (fflush(output->file))
		return -errno;
	return ferror(output->file) ? -EIO : 0;
}
