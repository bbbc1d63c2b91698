/*
 * Handles: a peer's mappings by number. They come by the page, up to
 * GNTTAB_HANDLES_MAX, and go to a list of free ones; the pages stay until the
 * domain's end. See gnttab_types.h.
 */
#include "channel/gnttab_types.h"

#include "mm/alloc.h"

/* The lowest of them is handed out first. */
bool gnttab_handle_page(struct grant_table *t)
{
	u32 first = t->handles_made;
	struct grant_handle *page;

	if (first == GNTTAB_HANDLES_MAX) {
		return false;
	}
	page = alloc_page();
	if (page == NULL) {
		return false;
	}
	t->handles[first / GNTTAB_PAGE_HANDLES] = page;
	t->handles_made += GNTTAB_PAGE_HANDLES;
	for (u32 i = 0; i < GNTTAB_PAGE_HANDLES - 1; i++) {
		page[i].mfn = first + i + 1;
	}
	page[GNTTAB_PAGE_HANDLES - 1].mfn = GNTTAB_NO_HANDLE;
	t->free_handle = first;
	return true;
}
