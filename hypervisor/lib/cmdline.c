/* Looking words up in the command line: read where it stands, never changed. */
#include "lib/cmdline.h"
#include "lib/string.h"

#define VALUE_MAX 64

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The next word at or after *at: its start and length; false at the end. */
static bool next_word(const char **at, const char **word, size_t *length)
{
	const char *p = *at;

	while (is_blank(*p)) {
		p++;
	}
	*word = p;
	while (*p != '\0' && !is_blank(*p)) {
		p++;
	}
	*length = (size_t)(p - *word);
	*at = p;
	return *length > 0;
}

bool cmdline_has(const char *cmdline, const char *word)
{
	size_t wanted = strlen(word);
	const char *found;
	size_t length;

	while (next_word(&cmdline, &found, &length)) {
		if (length == wanted && memcmp(found, word, length) == 0) {
			return true;
		}
	}
	return false;
}

bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size)
{
	size_t name_length = strlen(name);
	bool found = false;
	const char *word;
	size_t length;

	if (size == 0) {
		return false;
	}
	buf[0] = '\0';
	while (next_word(&cmdline, &word, &length)) {
		if (length <= name_length || word[name_length] != '=' ||
		    memcmp(word, name, name_length) != 0) {
			continue;
		}
		length -= name_length + 1;
		found = length < size;
		memcpy(buf, word + name_length + 1, found ? length : 0);
		buf[found ? length : 0] = '\0';
	}
	return found;
}

bool cmdline_is(const char *cmdline, const char *name, const char *value)
{
	char found[VALUE_MAX];

	return cmdline_get(cmdline, name, found, sizeof(found)) && strcmp(found, value) == 0;
}

u64 cmdline_get_u64(const char *cmdline, const char *name, u64 otherwise)
{
	char found[VALUE_MAX];
	u64 value = otherwise;

	if (cmdline_get(cmdline, name, found, sizeof(found)) && string_to_u64(found, &value)) {
		return value;
	}
	return otherwise;
}
