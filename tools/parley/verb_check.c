/* Stub. */
#include "verbs.h"
int verb_check(int argc, char **argv) { (void)argc; return verb_fail(argv[0], "not yet"); }
