/*
 * What `parley oops` adds to a report: a meaning for every reason that the hypervisor has, and
 * names of functions from files with and without symbols.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parley/oops_reasons.h"
#include "symbols/symbols.h"

/* Every reason in a file of the hypervisor's, as it stands there: how many. The tests run at the root of the tree. */
static unsigned explain_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512], report[600];
	unsigned count = 0;

	cr_assert_not_null(f, "%s is not there", path);
	while (fgets(line, sizeof(line), f)) {
		const char *call = strstr(line, "domain_crash(");
		char *text = call ? strchr(call, '"') : NULL;

		if (!text) {
			continue;
		}
		*strrchr(text, '"') = '\0';
		snprintf(report, sizeof(report), "d1v0 guest: %s\nkernel mode\n", text + 1);
		cr_assert_not_null(oops_explain(report), "%s: \"%s\" is not explained", path,
				   text + 1);
		count++;
	}
	fclose(f);
	return count;
}

Test(oops, every_reason_is_explained)
{
	cr_assert_geq(explain_all("hypervisor/pv/bounce.c"), 4);
	cr_assert_geq(explain_all("hypervisor/pv/iret.c"), 2);
	cr_assert_geq(explain_all("hypervisor/pv/traps.c"), 1);
	cr_assert_not_null(oops_explain("d1v0 guest: says it crashed\n"));
}

Test(oops, a_name_or_a_register_is_no_reason)
{
	cr_assert_null(oops_explain("d1v0 guest: something else\n: says it crashed\n"));
	cr_assert_null(oops_explain("d1v0 says it crashed"));
	cr_assert_null(oops_explain(""));
}

/* This very program is an ELF file: its functions, and not what lies behind its code. */
Test(oops, names_are_of_code_only)
{
	struct symbols symbols = { 0 };
	const struct symbol *last = NULL;
	uint64_t end = 0;

	cr_assert_eq(symbols_try(&symbols, "/proc/self/exe"), 0);
	for (size_t i = 0; i < symbols.count; i++) {
		if (symbols.items[i].name[0] == '\0') {
			end = symbols.items[i].address;
		} else {
			last = &symbols.items[i];
		}
		cr_assert_str_neq(symbols.items[i].name, "stdout", "no data");
	}
	cr_assert_not_null(last);
	cr_assert_gt(end, last->address);
	cr_assert_null(symbols_find(&symbols, end));
	cr_assert_null(symbols_find(&symbols, end + 100));
	cr_assert_not_null(symbols_find(&symbols, last->address));
	symbols_free(&symbols);
}

static char list[] = "/tmp/parley-list-XXXXXX";

static void write_list(const char *text)
{
	FILE *f = fopen(list, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

Test(oops, lists_of_linux_are_read)
{
	struct symbols symbols = { 0 };

	close(mkstemp(list));
	write_list("ffffffff80100100 t second.cold\t[module]\nffffffff80100000 T first\n"
		   "ffffffff80100050 D data\n");
	cr_assert_eq(symbols_try(&symbols, list), 0);
	cr_assert_eq(symbols.count, 2);
	cr_assert_str_eq(symbols_find(&symbols, 0xffffffff801000ff)->name, "first");
	cr_assert_str_eq(symbols_find(&symbols, 0xffffffff80100100)->name, "second.cold");
	symbols_free(&symbols);
	unlink(list);
}

Test(oops, a_file_without_symbols_has_none)
{
	struct symbols symbols = { 0 };

	close(mkstemp(list));
	cr_assert_eq(symbols_try(&symbols, "/dev/null"), -1);
	cr_assert_eq(symbols_try(&symbols, "/nowhere"), -1);
	write_list("ffffffff80100000 T first\nffffffff80100100 T \001\002\n");
	cr_assert_eq(symbols_try(&symbols, list), -1, "a bzImage has such bytes");
	write_list("ffffffff80100000 T first\nmore\n");
	cr_assert_eq(symbols_try(&symbols, list), -1);
	write_list("ffffffff80100000 D data\n");
	cr_assert_eq(symbols_try(&symbols, list), -1);
	cr_assert_eq(symbols.count, 0);
	symbols_free(&symbols);
	unlink(list);
}
