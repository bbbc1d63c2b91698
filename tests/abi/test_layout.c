/*
 * The contract's headers against the reference: every number, every structure,
 * every field. A test of its own reads our headers and fails for a number or a
 * structure that the tables do not name, so that none can be forgotten.
 *
 * Runs from the root of the tree, where abi/parley/ is. Expected: all equal.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"

#define HEADERS         "abi/parley/*.h"
#define NAME_MAX_LENGTH 128

/*
 * Numbers that are not in the reference's headers: the processor's (PTE bits,
 * page size, debug registers), the firmware's (e820), those that Xen's headers
 * give only in words or as macros with arguments, and Parley's own.
 */
static const char *const own_numbers[] = {
	"PV_U64",
	"PV_EMULATE_PREFIX",
	"PV_CPUID",
	"PV_HYPERCALL_MAX",
	"PV_HYPERCALL_PAGE_SLOT_SIZE",
	"PV_START_INFO_MAGIC",
	"PV_DOMID_SERVICES",
	"PV_PAGE_SHIFT",
	"PV_PAGE_SIZE",
	"PV_PT_ENTRIES",
	"PV_MMU_UPDATE_KIND_MASK",
	"PV_MMU_UPDATE_PREEMPTED",
	"PV_MEMORY_OP_BITS",
	"PV_MEMORY_OP_MASK",
	"PV_SCHED_POLL_MAX_PORTS",
	"PV_GDT_ENTRIES_PER_FRAME",
	"PV_LDT_ENTRIES_MAX",
	"PV_TRAP_DPL_MASK",
	"PV_TRAP_MASK_EVENTS",
	"PV_TRAP_VECTORS",
	"PV_TI_GET_DPL",
	"PV_TI_GET_IF",
	"PV_DEBUGREG_COUNT",
	"PV_DR6_DEFAULT",
	"PV_DR7_DEFAULT",
	"PV_VERSION_MAJOR",
	"PV_VERSION_MINOR",
	"PV_FEATURE_parley",
	"PV_ELFNOTE_OWNER",
};

static const char *const own_prefixes[] = { "PV_PTE_", "PV_E820_" };

/* Structures without a counterpart. */
static const char *const own_structures[] = { "pv_e820_entry" };

/* Headers of Parley's own, with nothing of Xen's in them. */
static const char *const own_headers[] = { "bundle.h", "control.h", "control_op.h",
					   "trace.h",  "stats.h",   "debug.h" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int is_in(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, list[i]) == 0) {
			return 1;
		}
	}
	return 0;
}

static int number_is_known(const char *name)
{
	if (is_in(name, own_numbers, COUNT(own_numbers))) {
		return 1;
	}
	for (size_t i = 0; i < COUNT(own_prefixes); i++) {
		if (strncmp(name, own_prefixes[i], strlen(own_prefixes[i])) == 0) {
			return 1;
		}
	}
	for (size_t i = 0; i < compare_number_count; i++) {
		if (strcmp(name, compare_numbers[i].name) == 0) {
			return 1;
		}
	}
	return 0;
}

static int structure_is_known(const char *name)
{
	if (is_in(name, own_structures, COUNT(own_structures))) {
		return 1;
	}
	for (size_t i = 0; i < compare_field_count; i++) {
		if (!compare_fields[i].field && strcmp(name, compare_fields[i].structure) == 0) {
			return 1;
		}
	}
	return 0;
}

/* Copy the word at `text` that is a C name. */
static void copy_name(char *name, const char *text)
{
	size_t n = 0;

	while (n + 1 < NAME_MAX_LENGTH && (isalnum((unsigned char)text[n]) || text[n] == '_')) {
		name[n] = text[n];
		n++;
	}
	name[n] = '\0';
}

/* A line that defines a number or opens a structure must be in a table. */
static void check_line(const char *header, const char *line)
{
	char name[NAME_MAX_LENGTH];

	if (strncmp(line, "#define PV_", 11) == 0) {
		copy_name(name, line + 8);
		cr_expect(number_is_known(name), "%s: %s is compared nowhere", header, name);
	} else if (strncmp(line, "struct pv_", 10) == 0 && strchr(line, '{')) {
		copy_name(name, line + 7);
		cr_expect(structure_is_known(name), "%s: struct %s is compared nowhere", header,
			  name);
	}
}

static void check_header(const char *path)
{
	char line[512];
	FILE *file = fopen(path, "r");

	cr_assert(file, "cannot open %s", path);
	while (fgets(line, sizeof(line), file)) {
		check_line(path, line);
	}
	fclose(file);
}

Test(abi, numbers_are_equal)
{
	cr_assert_gt(compare_number_count, 400);
	for (size_t i = 0; i < compare_number_count; i++) {
		const struct compare_number *n = &compare_numbers[i];

		cr_expect(n->ours == n->theirs, "%s is %#llx, Xen has %#llx", n->name,
			  (unsigned long long)n->ours, (unsigned long long)n->theirs);
	}
}

Test(abi, structures_are_equal)
{
	cr_assert_gt(compare_field_count, 300);
	for (size_t i = 0; i < compare_field_count; i++) {
		const struct compare_field *f = &compare_fields[i];
		const char *field = f->field ? f->field : "(whole)";

		cr_expect(f->our_offset == f->their_offset, "%s.%s is at %zu, Xen has it at %zu",
			  f->structure, field, f->our_offset, f->their_offset);
		cr_expect(f->our_size == f->their_size, "%s.%s has %zu bytes, Xen's has %zu",
			  f->structure, field, f->our_size, f->their_size);
	}
}

Test(abi, nothing_is_left_out)
{
	glob_t found;

	cr_assert_eq(glob(HEADERS, 0, NULL, &found), 0, "no %s: run from the root", HEADERS);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *base = strrchr(found.gl_pathv[i], '/') + 1;

		if (!is_in(base, own_headers, COUNT(own_headers))) {
			check_header(found.gl_pathv[i]);
		}
	}
	globfree(&found);
}
