/* The user code of landing.S, in an address space of its own. */
#ifndef CONFORM_USER_PIECES_H
#define CONFORM_USER_PIECES_H

#include <stdint.h>

#include "user.h"

#define PIECES_CODE  0x400000ul
#define PIECES_DATA  0x500000ul
#define PIECES_STACK 0x600000ul

enum piece {
	PIECE_CALL,
	PIECE_LOAD,
	PIECE_LOAD_GS,
	PIECE_LOAD_FS,
	PIECE_INT80,
	PIECE_SPIN,
	PIECE_SELECTOR_FS,
	PIECE_FLAGS,
	PIECE_CLI,
	PIECE_OUT,
	PIECE_LOAD_RBX,
	PIECE_LOAD_RBP,
	PIECE_LOAD_RSP,
	PIECE_SYSENTER,
};

/* Makes the address space on the first call. Its data page, as the kernel sees it. */
uint64_t *pieces_data(void);

struct user_result pieces_run(enum piece piece, uint64_t arg1, uint64_t arg2);

/* True when it exited, with this value. */
bool pieces_exited(struct user_result result, uint64_t value);

#endif
