/*
 * Images, which domains are made of: who may write what, what memory they are promised, and when
 * their numbers end.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/errno.h>

#include "control_fixture.h"
#include "domain/image.h"
#include "fake_ivshmem.h"
#include "lib/string.h"
#include "living.h"
#include "mm/alloc.h"

TestSuite(control_images, .init = control_setup, .fini = control_teardown);

static long write_image(u32 image, u64 offset, u32 bytes)
{
	static u8 data[PV_CONTROL_WRITE_MAX];
	struct control_caller who = { .data = data, .data_size = bytes };

	call = (union control_args){ .image_write = {
					     .image = image, .offset = offset, .bytes = bytes } };
	return control_do(&who, PV_CONTROLOP_image_write, &call);
}

/* At 4000, out of where `data` says, by the line. */
static long write_from(const struct control_caller *who, u32 image, u32 bytes, u64 data)
{
	call = (union control_args){
		.image_write = { .image = image, .offset = 4000, .bytes = bytes, .data = data }
	};
	return control_do(who, PV_CONTROLOP_image_write, &call);
}

Test(control_images, images_refuse)
{
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c;
	u32 image;

	call = (union control_args){ .image = { .size = 0 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), -PV_EINVAL);
	call = (union control_args){ .image = { .size = (1UL << 30) + 1 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), -PV_EINVAL);
	call = (union control_args){ .image = { .size = 1UL << 30 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), -PV_ENOMEM);
	call = (union control_args){ .image = { .size = 5000, .reserved = 1 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), -PV_EINVAL);
	call = (union control_args){ .image = { .size = 5000 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
	image = call.image.image;
	cr_assert_eq(write_image(image, 0, 5000), 0);
	cr_assert_eq(write_image(image, 4999, 1), 0);
	cr_assert_eq(write_image(image, 4999, 2), -PV_EINVAL);
	cr_assert_eq(write_image(image, 5000, 1), -PV_EINVAL);
	cr_assert_eq(write_image(image, ~0UL, 1), -PV_EINVAL);
	cr_assert_eq(write_image(image, 0, 0), -PV_EINVAL);
	cr_assert_eq(write_image(image, 0, PV_CONTROL_WRITE_MAX + 1), -PV_EINVAL);
	cr_assert_eq(write_image(99, 0, 1), -PV_ENOENT);
	call = (union control_args){ .image = { .image = 99 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_free, &call), -PV_ENOENT);
	image = living_image();
	c = request_for("made", image);
	cr_assert_eq(create_by(keeper, &c), 0);
	cr_assert_eq(write_image(image, 0, 1), -PV_EBUSY);
}

Test(control_images, images_come_through_the_window)
{
	static const char bytes[] = "some of a kernel";
	struct control_caller talks = { .data = (const u8 *)bytes, .data_size = 1 };
	struct image *made;
	char got[sizeof(bytes)];
	u32 image;

	call = (union control_args){ .image = { .size = 5000 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
	image = call.image.image;
	memcpy(fake_window, bytes, sizeof(bytes));
	cr_assert_eq(write_from(&by_line, image, sizeof(bytes), PV_CONTROL_DATA_WINDOW),
		     -PV_EOPNOTSUPP, "there is none");
	fake_window_size = sizeof(bytes);
	cr_assert_eq(write_from(&by_line, image, sizeof(bytes) + 1, PV_CONTROL_DATA_WINDOW),
		     -PV_EOPNOTSUPP, "it is smaller");
	cr_assert_eq(write_from(&talks, image, 1, PV_CONTROL_DATA_WINDOW), -PV_EINVAL,
		     "bytes in both places");
	cr_assert_eq(write_from(&talks, image, 1, PV_CONTROL_DATA_WINDOW + 1), -PV_EINVAL);
	cr_assert_eq(write_from(&by_line, image, sizeof(bytes), PV_CONTROL_DATA_WINDOW), 0);
	made = image_get(image);
	image_read(made, 4000, got, sizeof(got));
	cr_assert_str_eq(got, bytes);
	image_put(made);
	fake_window_size = 0;
}

Test(control_images, images_are_promised_memory_once)
{
	u64 free = alloc_free_count();
	u32 first;

	call = (union control_args){ .image = { .size = (free - 200) << PAGE_SHIFT } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
	first = call.image.image;
	call = (union control_args){ .image = { .size = 400 << PAGE_SHIFT } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), -PV_ENOMEM);
	call = (union control_args){ .image = { .image = first } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_free, &call), 0);
	call = (union control_args){ .image = { .size = 400 << PAGE_SHIFT } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
}

/* What is written is held and not promised any more, what is sealed is promised nothing more. */
Test(control_images, what_images_have_is_not_promised_again)
{
	u64 pages = 1000, free = alloc_free_count();
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c;
	u32 written, sealed;

	call = (union control_args){ .image = { .size = pages << PAGE_SHIFT } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
	written = call.image.image;
	for (u64 page = 0; page < pages; page++) {
		cr_assert_eq(write_image(written, page << PAGE_SHIFT, 1), 0);
	}
	call = (union control_args){ .image = { .size = 5000UL << PAGE_SHIFT } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
	sealed = call.image.image;
	c = request_for("made", sealed);
	cr_assert_eq(create_by(keeper, &c), -PV_ENOEXEC);
	call = (union control_args){ .image = { .size = (alloc_free_count() - 50) << PAGE_SHIFT } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
	cr_assert_lt(alloc_free_count(), free);
}

Test(control_images, there_are_so_many_images)
{
	long rc = 0;
	u32 count = 0;

	while (rc == 0) {
		call = (union control_args){ .image = { .size = 1 } };
		rc = control_do(&by_line, PV_CONTROLOP_image_new, &call);
		count++;
	}
	cr_assert_eq(rc, -PV_ENOSPC);
	cr_assert_eq(count, IMAGE_MAX + 1);
	for (u32 i = 0; i < 2 * IMAGE_MAX; i++) {
		(void)!image_free(i);
	}
}

Test(control_images, images_of_one_that_ended_lose_their_numbers)
{
	struct domain *keeper = living_domain("keeper", true);
	struct control_caller who = { .domain = keeper };
	u32 of_the_line = living_image(), of_the_keeper;

	call = (union control_args){ .image = { .size = 100 } };
	cr_assert_eq(control_do(&who, PV_CONTROLOP_image_new, &call), 0);
	of_the_keeper = call.image.image;
	cr_assert_eq(write_image(of_the_keeper, 0, 1), 0);
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, keeper->id), 0);
	living_run(TURNS);
	cr_assert_eq(image_free(of_the_keeper), -PV_ENOENT);
	cr_assert_eq(image_free(of_the_line), 0);
}
