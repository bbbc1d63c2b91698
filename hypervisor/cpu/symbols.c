/* Symbols: a search by halves in the offsets from _text, which ascend. */
#include "cpu/symbols.h"

extern const u32 symtab_count;
extern const u32 symtab_offsets[];
extern const u32 symtab_name_offsets[];
extern const char symtab_names[];
extern const char _text[], _etext[];

bool symbol_is_code(u64 address)
{
	return address >= (u64)_text && address < (u64)_etext;
}

const char *symbol_name(u64 address, u64 *offset)
{
	u32 low = 0;
	u32 high = symtab_count;
	u64 wanted = address - (u64)_text;

	if (!symbol_is_code(address)) {
		return NULL;
	}
	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (symtab_offsets[middle] <= wanted) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0) {
		return NULL;
	}
	*offset = wanted - symtab_offsets[low - 1];
	return &symtab_names[symtab_name_offsets[low - 1]];
}
