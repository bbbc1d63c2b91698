/* User code to be run by checks; see user_pieces.h. */
#include "user_pieces.h"

#include <stddef.h>

#include "cpu.h"
#include "mmu.h"
#include "power.h"
#include "string.h"

#define PIECE_SIZE 64ul

extern const char landing_user_start[], landing_user_end[];

static struct user_space space;
static void *data;

uint64_t *pieces_data(void)
{
	void *code = NULL;

	if (data != NULL) {
		return data;
	}
	if (user_space_init(&space) != 0 ||
	    user_space_add_page(&space, PIECES_CODE, MMU_PTE_READ_ONLY, &code) != 0 ||
	    user_space_add_page(&space, PIECES_DATA, MMU_PTE_DATA, &data) != 0 ||
	    user_space_add_page(&space, PIECES_STACK, MMU_PTE_DATA, NULL) != 0) {
		power_panic("user address space");
	}
	memcpy(code, landing_user_start, (size_t)(landing_user_end - landing_user_start));
	return data;
}

struct user_result pieces_run(enum piece piece, uint64_t arg1, uint64_t arg2)
{
	pieces_data();
	return user_run(&space, PIECES_CODE + PIECE_SIZE * piece, PIECES_STACK + KIT_PAGE_SIZE,
			arg1, arg2);
}

bool pieces_exited(struct user_result result, uint64_t value)
{
	return result.reason == USER_EXITED && result.value == value;
}
