/* Names in a trace that the ABI's tables do not have: domains, exceptions, instructions. */
#include "trace_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/mmu.h>

void trace_names_add(struct trace_names *names, uint16_t domid, const char *name, size_t length)
{
	struct trace_name *entry = NULL;

	for (size_t i = 0; i < names->count; i++) {
		if (names->list[i].domid == domid) {
			entry = &names->list[i];
		}
	}
	if (!entry) {
		names->list = reallocarray(names->list, names->count + 1, sizeof(*names->list));
		if (!names->list) {
			abort();
		}
		entry = &names->list[names->count++];
		entry->domid = domid;
	}
	snprintf(entry->name, sizeof(entry->name), "%.*s", (int)length, name);
}

void trace_names_free(struct trace_names *names)
{
	free(names->list);
	*names = (struct trace_names){ 0 };
}

const char *trace_names_get(const struct trace_names *names, uint16_t domid, char buffer[16])
{
	for (size_t i = 0; i < names->count; i++) {
		if (names->list[i].domid == domid) {
			return names->list[i].name;
		}
	}
	snprintf(buffer, 16, "d%u", domid);
	return buffer;
}

/* Appends a word, behind a bar if it is not the first. */
static void append(char *buffer, size_t size, const char *word)
{
	size_t used = strlen(buffer);

	snprintf(buffer + used, size - used, "%s%s", used && buffer[used - 1] != ' ' ? "|" : "",
		 word);
}

/* The name of a single bit that is set; others are parts of the entry. One bit may have two names. */
static void append_bit(char *buffer, const struct abi_name *bit, uint64_t entry)
{
	uint64_t value = (uint64_t)bit->value;
	char word[24];
	size_t i;

	if (!(entry & value) || (value & (value - 1))) {
		return;
	}
	for (i = 0; bit->name[i] && i < sizeof(word) - 1; i++) {
		word[i] = (char)tolower((unsigned char)bit->name[i]);
	}
	word[i] = '\0';
	append(buffer, TRACE_ENTRY_TEXT_MAX, word);
}

const char *trace_describe_entry(uint64_t entry, char buffer[TRACE_ENTRY_TEXT_MAX])
{
	const struct abi_names *bits = abi_names_find("PV_PTE_");
	uint64_t spare = entry & (PV_PTE_AVAIL_LOW | PV_PTE_AVAIL_HIGH);

	if (!entry) {
		snprintf(buffer, TRACE_ENTRY_TEXT_MAX, "none");
		return buffer;
	}
	if (!(entry & PV_PTE_PRESENT)) {
		snprintf(buffer, TRACE_ENTRY_TEXT_MAX, "not present 0x%" PRIx64, entry);
		return buffer;
	}
	snprintf(buffer, TRACE_ENTRY_TEXT_MAX, "mfn 0x%" PRIx64 " ",
		 (entry & PV_PTE_ADDRESS) >> PV_PAGE_SHIFT);
	for (size_t i = 0; bits && i < bits->count; i++) {
		append_bit(buffer, &bits->list[i], entry);
	}
	if (spare) {
		char word[24];

		snprintf(word, sizeof(word), "0x%" PRIx64, spare);
		append(buffer, TRACE_ENTRY_TEXT_MAX, word);
	}
	return buffer;
}

static bool is_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
	       byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 ||
	       (byte & 0xf0) == 0x40;
}

static const char *two_byte_name(uint8_t opcode, uint8_t modrm)
{
	switch (opcode) {
	case 0x01:
		return modrm == 0xd1         ? "xsetbv" :
		       modrm == 0xf9         ? "rdtscp" :
		       (modrm >> 3 & 7) == 7 ? "invlpg" :
					       "lmsw";
	case 0x06:
		return "clts";
	case 0x08:
		return "invd";
	case 0x09:
		return "wbinvd";
	case 0x0b:
		return "cpuid"; /* the forced form: UD2, "xen", CPUID */
	case 0x20:
		return "read_cr";
	case 0x21:
		return "read_dr";
	case 0x22:
		return "write_cr";
	case 0x23:
		return "write_dr";
	case 0x30:
		return "wrmsr";
	case 0x31:
		return "rdtsc";
	case 0x32:
		return "rdmsr";
	case 0xa2:
		return "cpuid";
	default:
		return "instruction";
	}
}

static const char *one_byte_name(uint8_t opcode)
{
	switch (opcode) {
	case 0xe4:
	case 0xe5:
	case 0xec:
	case 0xed:
		return "in";
	case 0xe6:
	case 0xe7:
	case 0xee:
	case 0xef:
		return "out";
	case 0xf4:
		return "hlt";
	case 0xfa:
		return "cli";
	case 0xfb:
		return "sti";
	default:
		return "instruction";
	}
}

const char *trace_get_instruction(uint64_t bytes)
{
	while (is_prefix((uint8_t)bytes)) {
		bytes >>= 8;
	}
	if ((uint8_t)bytes == 0x0f) {
		return two_byte_name((uint8_t)(bytes >> 8), (uint8_t)(bytes >> 16));
	}
	return one_byte_name((uint8_t)bytes);
}

const char *trace_get_exception(uint8_t number, char buffer[16])
{
	static const char *const names[] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", NULL,
		"#TS", "#NP", "#SS", "#GP", "#PF", NULL,  "#MF", "#AC", "#MC", "#XM",
	};

	if (number == PV_TRACE_NUMBER_OTHER) {
		return "failsafe";
	}
	if (number < sizeof(names) / sizeof(names[0]) && names[number]) {
		return names[number];
	}
	snprintf(buffer, 16, "int 0x%x", number);
	return buffer;
}

const char *trace_describe_fault(uint32_t code, char buffer[64])
{
	*buffer = '\0';
	append(buffer, 64, code & 16 ? "fetch" : code & 2 ? "write" : "read");
	append(buffer, 64, code & 1 ? "protected" : "not present");
	if (code & 4) {
		append(buffer, 64, "user");
	}
	return buffer;
}
