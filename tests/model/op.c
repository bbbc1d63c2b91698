/* Records of operations, as text; and random numbers. See op.h. */
#include "op.h"

#include <stdio.h>

static const char *const names[OP_KINDS] = {
	[OP_NONE] = "OP_NONE",
	[OP_RUN] = "OP_RUN",
	[OP_STORE] = "OP_STORE",
	[OP_MMU_UPDATE] = "OP_MMU_UPDATE",
	[OP_UPDATE_VA] = "OP_UPDATE_VA",
	[OP_PTWR] = "OP_PTWR",
	[OP_PIN] = "OP_PIN",
	[OP_UNPIN] = "OP_UNPIN",
	[OP_KERNEL_ROOT] = "OP_KERNEL_ROOT",
	[OP_USER_ROOT] = "OP_USER_ROOT",
	[OP_FLUSH] = "OP_FLUSH",
	[OP_CLEAR] = "OP_CLEAR",
	[OP_COPY] = "OP_COPY",
	[OP_SET_LDT] = "OP_SET_LDT",
	[OP_SET_GDT] = "OP_SET_GDT",
	[OP_DESCRIPTOR] = "OP_DESCRIPTOR",
	[OP_RELEASE] = "OP_RELEASE",
	[OP_POPULATE] = "OP_POPULATE",
	[OP_GRANT] = "OP_GRANT",
	[OP_INFO] = "OP_INFO",
	[OP_INITIALISE] = "OP_INITIALISE",
	[OP_KILL] = "OP_KILL",
	[OP_GIVE] = "OP_GIVE",
	[OP_MAP] = "OP_MAP",
	[OP_UNMAP] = "OP_UNMAP",
	[OP_REPLACE] = "OP_REPLACE",
	[OP_GRANT_COPY] = "OP_GRANT_COPY",
	[OP_SWAP] = "OP_SWAP",
};

u64 op_random(struct op_source *src, u64 below)
{
	u64 x = src->state;

	if (src->bytes != NULL) {
		u32 want = below <= 256 ? 1 : below <= 65536 ? 2 : 8;

		for (x = 0; want > 0 && src->size > 0; want--, src->size--) {
			x = x << 8 | *src->bytes++;
		}
		return below == 0 ? x : x % below;
	}
	/* splitmix64 */
	src->state += 0x9e3779b97f4a7c15ULL;
	x = src->state;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return below == 0 ? x : x % below;
}

bool op_source_is_empty(const struct op_source *src)
{
	return src->bytes != NULL && src->size == 0;
}

static const char *symbol(u16 sym, char *text, size_t size)
{
	static const char *const kinds[] = { "OWN", "OTHER", "SHARED", "FREE", "EDGE" };

	if (sym == NO_FRAME) {
		return "NO_FRAME";
	}
	snprintf(text, size, "%s(%u)", kinds[(sym >> 12) % 5], sym & 0xfff);
	return text;
}

void op_print(const struct op *op, char *line, size_t size)
{
	char frame[32], to[32];
	size_t n = (size_t)snprintf(line, size, "{ .kind = %s, .cpu = %u",
				    names[op->kind % OP_KINDS], op->cpu);
	struct {
		const char *name;
		u64 value;
	} numbers[] = { { "join", op->join },   { "budget", op->budget }, { "sub", op->sub },
			{ "index", op->index }, { "bits", op->bits },     { "va", op->va } };

	for (u32 i = 0; i < ARRAY_SIZE(numbers) && n < size; i++) {
		if (numbers[i].value != 0) {
			n += (size_t)snprintf(line + n, size - n, ", .%s = %#lx", numbers[i].name,
					      numbers[i].value);
		}
	}
	if (n < size) {
		snprintf(line + n, size - n, ", .frame = %s, .to = %s },",
			 symbol(op->frame, frame, sizeof(frame)), symbol(op->to, to, sizeof(to)));
	}
}
