/* Verdicts; see check.h. */
#include "check.h"

#include "printf.h"

static unsigned passed, failed;

static void count(bool ok)
{
	passed += ok;
	failed += !ok;
}

void check_result(const char *name, long got, long want)
{
	if (got == want) {
		printf("ok %s\n", name);
	} else {
		printf("FAIL %s: got %ld want %ld\n", name, got, want);
	}
	count(got == want);
}

void check_refused(const char *name, long got)
{
	/* Errors are small negative numbers; a large one would be an address. */
	bool ok = got < 0 && got > -4096;

	if (ok) {
		printf("ok %s\n", name);
	} else {
		printf("FAIL %s: got %ld want an error\n", name, got);
	}
	count(ok);
}

void check_sweep(const char *name, unsigned long bad, unsigned long first, long got)
{
	if (bad == 0) {
		printf("ok %s\n", name);
	} else {
		printf("FAIL %s: got %lu wrong want 0 (first 0x%lx: %ld)\n", name, bad, first, got);
	}
	count(bad == 0);
}

void check_true(const char *name, bool ok)
{
	check_result(name, ok, true);
}

unsigned check_passed(void)
{
	return passed;
}

unsigned check_failed(void)
{
	return failed;
}
