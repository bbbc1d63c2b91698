/*
 * Control operations on images: what domains are made of is handed over piece
 * by piece: out of the caller's memory, behind the request on the line, or in the window that
 * the host shares with the machine.
 *
 * Read next: image.h, making.c.
 */
#include "domain/control.h"

#include <parley/errno.h>

#include "domain/image.h"
#include "drivers/ivshmem.h"
#include "lib/string.h"
#include "mm/guest.h"

long control_image_new(const struct control_caller *who, union control_args *args)
{
	struct pv_control_image *op = &args->image;

	if (op->reserved != 0) {
		return -PV_EINVAL;
	}
	return image_new(op->size, who->domain == NULL ? 0 : who->domain->id, &op->image);
}

static int from_guest(void *arg, u64 at, void *dst, u32 size)
{
	const u64 *gva = arg;

	return guest_read(dst, *gva + at, size);
}

static int from_host(void *arg, u64 at, void *dst, u32 size)
{
	memcpy(dst, (const u8 *)arg + at, size);
	return 0;
}

/* Behind the request, or in the window. */
static long write_from_host(const struct control_caller *who,
			    const struct pv_control_image_write *op)
{
	const void *bytes = who->data;

	if (op->data == PV_CONTROL_DATA_WINDOW) {
		bytes = ivshmem_window(op->bytes);
		if (bytes == NULL) {
			return -PV_EOPNOTSUPP;
		}
	}
	if (op->data > PV_CONTROL_DATA_WINDOW ||
	    who->data_size != (op->data == 0 ? op->bytes : 0)) {
		return -PV_EINVAL;
	}
	return image_write(op->image, op->offset, op->bytes, from_host, (void *)(uintptr_t)bytes);
}

long control_image_write(const struct control_caller *who, union control_args *args)
{
	struct pv_control_image_write *op = &args->image_write;

	if (op->bytes == 0 || op->bytes > PV_CONTROL_WRITE_MAX) {
		return -PV_EINVAL;
	}
	if (who->domain != NULL) {
		return image_write(op->image, op->offset, op->bytes, from_guest, &op->data);
	}
	return write_from_host(who, op);
}

long control_image_free(const struct control_caller *who, union control_args *args)
{
	return args->image.reserved != 0 ? -PV_EINVAL : image_free(args->image.image);
}
