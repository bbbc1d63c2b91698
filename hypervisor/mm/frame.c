/*
 * The frame table's storage and the lists threaded through it.
 * Read next: types.c.
 */
#include "mm/frame.h"

struct frame *frame_table;
u64 frame_count;
u64 frame_ram_count;

void frame_list_init(struct frame_list *list)
{
	*list = FRAME_LIST_INIT;
}

void frame_list_add(struct frame_list *list, struct frame *f)
{
	u32 self = (u32)(f - frame_table);

	f->prev = list->tail;
	f->next = FRAME_LIST_END;
	if (list->tail == FRAME_LIST_END) {
		list->head = self;
	} else {
		frame_table[list->tail].next = self;
	}
	list->tail = self;
	list->count++;
}

void frame_list_remove(struct frame_list *list, struct frame *f)
{
	if (f->prev == FRAME_LIST_END) {
		list->head = f->next;
	} else {
		frame_table[f->prev].next = f->next;
	}
	if (f->next == FRAME_LIST_END) {
		list->tail = f->prev;
	} else {
		frame_table[f->next].prev = f->prev;
	}
	f->next = FRAME_LIST_END;
	f->prev = FRAME_LIST_END;
	list->count--;
}
