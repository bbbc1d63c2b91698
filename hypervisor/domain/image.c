/*
 * Images; see image.h. A table of frame numbers each, 0 where nothing was written.
 *
 * Read next: making.c.
 */
#include "domain/image.h"

#include <parley/errno.h>
#include <seam/directmap.h>
#include <seam/cpu.h>

#include "lib/lock.h"
#include "lib/string.h"
#include "mm/alloc.h"

#define FREE_STEP 64U /* pages freed in one step */

struct image {
	u32 number; /* 0: it has none any more */
	u16 owner;  /* whose end takes the number; 0: nobody's */
	bool sealed;
	u32 refs; /* the number is one */
	u64 size;
	u64 pages;
	u64 missing; /* pages that may still be asked for */
	u64 freed;   /* pages looked at since it is dead */
	u32 *frames; /* mfns; 0: all zero */
	struct image *next;
};

static struct spinlock lock = SPINLOCK_INIT; /* all below; before the allocator's */
static struct image *images;                 /* those with a number or a reference */
static struct image *dead;                   /* to be freed */
static u32 count, last_number;
static u64 held;     /* pages */
static u64 promised; /* pages that may still be asked for */

static u64 pages_of(u64 size)
{
	return (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static struct image *find(u32 number)
{
	struct image *i = images;

	while (i != NULL && i->number != number) {
		i = i->next;
	}
	return number == 0 ? NULL : i;
}

/* A structure with its table. */
static struct image *make(u64 size)
{
	struct image *i = heap_alloc(sizeof(*i));

	if (i == NULL) {
		return NULL;
	}
	i->size = size;
	i->pages = pages_of(size);
	i->refs = 1;
	i->frames = heap_alloc(i->pages * sizeof(*i->frames));
	if (i->frames == NULL) {
		heap_free(i, sizeof(*i));
		return NULL;
	}
	return i;
}

static void unmake(struct image *i)
{
	heap_free(i->frames, i->pages * sizeof(*i->frames));
	heap_free(i, sizeof(*i));
}

static void enlist(struct image *i)
{
	i->next = images;
	images = i;
	count++;
}

static int admit(struct image *i)
{
	if (count >= IMAGE_MAX) {
		return -PV_ENOSPC;
	}
	if (i->pages + promised > alloc_free_count()) {
		return -PV_ENOMEM;
	}
	do {
		last_number++;
	} while (last_number == 0 || find(last_number) != NULL);
	i->number = last_number;
	i->missing = i->pages;
	promised += i->missing;
	enlist(i);
	return 0;
}

int image_new(u64 size, u16 owner, u32 *number)
{
	struct image *i;
	int rc;

	if (size == 0 || size > IMAGE_SIZE_MAX) {
		return -PV_EINVAL;
	}
	i = make(size);
	if (i == NULL) {
		return -PV_ENOMEM;
	}
	i->owner = owner;
	spin_lock(&lock);
	rc = admit(i);
	spin_unlock(&lock);
	if (rc != 0) {
		unmake(i);
		return rc;
	}
	*number = i->number;
	return 0;
}

/* The page that holds a byte, made if need be; NULL without memory. */
static u8 *page_to_write(struct image *i, u64 offset)
{
	u32 *frame = &i->frames[offset >> PAGE_SHIFT];

	if (*frame == 0) {
		mfn_t m = alloc_frames(0);

		if (mfn_equal(m, MFN_INVALID)) {
			return NULL;
		}
		*frame = (u32)m.v;
		i->missing--;
		promised--;
		held++;
	}
	return mfn_to_virt(mfn(*frame));
}

static int write_pages(struct image *i, u64 offset, u32 size, image_source *source, void *arg)
{
	u32 done = 0;
	int rc = 0;

	while (rc == 0 && done < size) {
		u64 in_page = (offset + done) % PAGE_SIZE;
		u32 n = (u32)MIN(size - done, PAGE_SIZE - in_page);
		u8 *page = page_to_write(i, offset + done);

		rc = page == NULL ? -PV_ENOMEM : source(arg, done, page + in_page, n);
		done += n;
	}
	return rc;
}

int image_write(u32 number, u64 offset, u32 size, image_source *source, void *arg)
{
	struct image *i;
	int rc;

	spin_lock(&lock);
	i = find(number);
	if (i == NULL) {
		rc = -PV_ENOENT;
	} else if (i->sealed) {
		rc = -PV_EBUSY;
	} else if (offset > i->size || size > i->size - offset) {
		rc = -PV_EINVAL;
	} else {
		rc = write_pages(i, offset, size, source, arg);
	}
	spin_unlock(&lock);
	return rc;
}

/* One reference less. Lock held. */
static void drop(struct image *i)
{
	struct image **p = &images;

	if (--i->refs != 0) {
		return;
	}
	while (*p != i) {
		p = &(*p)->next;
	}
	*p = i->next;
	count--;
	promised -= i->missing;
	i->next = dead;
	dead = i;
	cpu_info()->work |= CPU_WORK_REAP;
}

static void drop_number(struct image *i)
{
	i->number = 0;
	drop(i);
}

int image_free(u32 number)
{
	struct image *i;

	spin_lock(&lock);
	i = find(number);
	if (i != NULL) {
		drop_number(i);
	}
	spin_unlock(&lock);
	return i == NULL ? -PV_ENOENT : 0;
}

void image_disown(u16 owner)
{
	struct image *i, *next;

	spin_lock(&lock);
	for (i = images; i != NULL; i = next) {
		next = i->next;
		if (i->owner == owner && i->number != 0) {
			drop_number(i);
		}
	}
	spin_unlock(&lock);
}

struct image *image_adopt(mfn_t first, u64 size)
{
	struct image *i = make(size);

	if (i == NULL) {
		return NULL;
	}
	for (u64 page = 0; page < i->pages; page++) {
		i->frames[page] = (u32)(first.v + page);
	}
	i->sealed = true;
	spin_lock(&lock);
	held += i->pages;
	enlist(i);
	spin_unlock(&lock);
	return i;
}

struct image *image_get(u32 number)
{
	struct image *i;

	spin_lock(&lock);
	i = find(number);
	if (i != NULL) {
		i->refs++;
		i->sealed = true;
		promised -= i->missing;
		i->missing = 0;
	}
	spin_unlock(&lock);
	return i;
}

struct image *image_share(struct image *image)
{
	if (image != NULL) {
		spin_lock(&lock);
		image->refs++;
		spin_unlock(&lock);
	}
	return image;
}

void image_put(struct image *image)
{
	if (image == NULL) {
		return;
	}
	spin_lock(&lock);
	drop(image);
	spin_unlock(&lock);
}

u64 image_size(const struct image *image)
{
	return image->size;
}

const void *image_piece(const struct image *image, u64 offset, u64 *size)
{
	u64 in_page = offset % PAGE_SIZE;
	u32 frame = image->frames[offset >> PAGE_SHIFT];

	*size = MIN(PAGE_SIZE - in_page, image->size - offset);
	return frame == 0 ? NULL : (const u8 *)mfn_to_virt(mfn(frame)) + in_page;
}

void image_read(const struct image *image, u64 offset, void *dst, u64 size)
{
	u8 *to = dst;

	while (size > 0) {
		u64 n;
		const void *from = image_piece(image, offset, &n);

		n = MIN(n, size);
		if (from == NULL) {
			memset(to, 0, n);
		} else {
			memcpy(to, from, n);
		}
		to += n;
		offset += n;
		size -= n;
	}
}

u64 image_pages(void)
{
	return READ_ONCE(held);
}

/* Lock held. */
static void free_some(struct image *i)
{
	for (u32 n = 0; n < FREE_STEP && i->freed < i->pages; n++) {
		u32 frame = i->frames[i->freed++];

		if (frame != 0) {
			alloc_free_frames(mfn(frame), 0);
			held--;
		}
	}
}

bool image_reap_step(void)
{
	struct image *i;
	bool more;

	spin_lock(&lock);
	i = dead;
	if (i != NULL) {
		free_some(i);
		if (i->freed == i->pages) {
			dead = i->next;
		} else {
			i = NULL;
		}
	}
	more = dead != NULL;
	spin_unlock(&lock);
	if (i != NULL) {
		unmake(i);
	}
	return more;
}
