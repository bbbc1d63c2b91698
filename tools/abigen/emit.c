/* What several of the things that abigen writes need. See emit.h. */
#include "abigen/emit.h"

#include <ctype.h>
#include <string.h>

void emit_tag(FILE *out, const char *text)
{
	for (; *text; text++) {
		fputc(isalnum((unsigned char)*text) ? *text : '_', out);
	}
}

static const char *header_of(const struct abi *abi, size_t i)
{
	if (i < abi->call_count) {
		return abi->calls[i].header;
	}
	i -= abi->call_count;
	return i < abi->group_count ? abi->groups[i].header :
				      abi->structures[i - abi->group_count].header;
}

static bool is_new_header(const struct abi *abi, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(header_of(abi, i), header_of(abi, index)) == 0) {
			return false;
		}
	}
	return true;
}

void emit_includes(FILE *out, const struct abi *abi)
{
	for (size_t i = 0; i < abi->call_count + abi->group_count + abi->structure_count; i++) {
		if (is_new_header(abi, i)) {
			fprintf(out, "#include <parley/%s>\n", header_of(abi, i));
		}
	}
	fputc('\n', out);
}
