/*
 * What the values in a trace are: walks what a record holds by the tables of abi_decode.h and
 * tells a visitor, so that text and JSON are two visitors of one walk.
 *
 * Read next: trace_text.c, trace_json.c.
 */
#ifndef TOOLS_PARLEY_TRACE_VALUE_H
#define TOOLS_PARLEY_TRACE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_call.h"

#define TRACE_NAME_MAX 64

/* Names of domains by number, as far as they are known. */
struct trace_names {
	size_t count;
	struct trace_name {
		uint16_t domid;
		char name[TRACE_NAME_MAX];
	} * list;
};

/* A name for a number; the last that was added counts. */
void trace_names_add(struct trace_names *names, uint16_t domid, const char *name, size_t length);
void trace_names_free(struct trace_names *names);

/* The name of a domain, "d7" where it is not known. Returns "buffer" or a name that lasts. */
const char *trace_names_get(const struct trace_names *names, uint16_t domid, char buffer[16]);

/* How a visitor may show a value. */
enum trace_form {
	TRACE_FORM_number, /* a number, .number */
	TRACE_FORM_signed, /* the same, (int64_t).number */
	TRACE_FORM_word,   /* .text is a word of the interface, as EINVAL or virq */
	TRACE_FORM_hex,    /* .text is .number in hexadecimal, with 0x */
	TRACE_FORM_string, /* .text is characters, to be quoted */
	TRACE_FORM_entry,  /* a page-table entry, .number; .text says what it is */
	TRACE_FORM_more,   /* the rest of a list was not recorded */
};

struct trace_value {
	enum trace_form form;
	uint64_t number;
	const char *text;
};

/* Names are NULL for the elements of a list. */
struct trace_visitor {
	void (*open)(void *context, const char *name, bool is_list);
	void (*close)(void *context, bool is_list);
	void (*value)(void *context, const char *name, const struct trace_value *value);
	void *context;
};

/* Visit the arguments of a call. */
void trace_visit_arguments(const struct trace_item *item, const struct trace_visitor *visitor);

/* The result of a call as one value, named "result". */
void trace_visit_result(const struct trace_item *item, const struct trace_visitor *visitor);

/* The errno of a call that failed, without a sign ("EINVAL"), NULL if it did not. */
const char *trace_get_error(const struct trace_item *item);

/* A page-table entry in words, such as "mfn 0x1f3 present|write|user", into "buffer". */
#define TRACE_ENTRY_TEXT_MAX 160
const char *trace_describe_entry(uint64_t entry, char buffer[TRACE_ENTRY_TEXT_MAX]);

/* What an emulated instruction was: "cpuid", "rdmsr"...; "instruction" for one of no name here. */
const char *trace_get_instruction(uint64_t bytes);

/* The mnemonic of an exception, such as "#PF". Returns "buffer" or a name that lasts. */
const char *trace_get_exception(uint8_t number, char buffer[16]);

/* An error code of a page fault in words, such as "write|user". */
const char *trace_describe_fault(uint32_t code, char buffer[64]);

#endif
