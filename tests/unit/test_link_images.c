/* Images that clients hand to the hub (hub_image.c): sent once, by line or window, shared, given back, refused. See test_link.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <parley/errno.h>

#include "fake_session.h"
#include "link_fixture.h"
#include "parley/link.h"

TestSuite(link_images, .timeout = 60);

static int make_file(const char *text, size_t size, bool is_sealed)
{
	int fd = memfd_create("image", MFD_ALLOW_SEALING);

	cr_assert_eq(write(fd, text, size), (ssize_t)size);
	if (is_sealed) {
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	}
	return fd;
}

static void ask_image(struct link *link, const char *text, size_t size, uint8_t key, bool is_sealed)
{
	struct link_image image = { .sequence = ++link->sequence, .size = size, .key = { key } };
	int fd = make_file(text, size, is_sealed);

	cr_assert_eq(link_send(link, LINK_IMAGE, 0, &image, sizeof(image), fd, &problem), 0);
	close(fd);
}

/* The image's number, or 0 with a problem. */
static uint32_t wait_image(struct link *link)
{
	struct link_frame frame;
	struct link_ready ready;

	while (link_next(link, &frame, 20000, &problem) > 0) {
		if (frame.header.type == LINK_READY) {
			memcpy(&ready, frame.payload, sizeof(ready));
			cr_assert_eq(ready.sequence, link->sequence);
			return ready.image;
		}
		if (frame.header.type == LINK_PROBLEM) {
			snprintf(problem.text, sizeof(problem.text), "%.*s",
				 (int)(frame.header.length - sizeof(struct link_problem)),
				 (const char *)frame.payload + sizeof(struct link_problem));
			return 0;
		}
	}
	return 0;
}

static char big[300000];

static void fill_big(void)
{
	for (size_t i = 0; i < sizeof(big); i++) {
		big[i] = (char)(i * 7 + i / 1000);
	}
}

Test(link_images, sends_an_image_once_whoever_asks)
{
	struct link first;
	struct link second;

	fill_big();
	fake_machine_start(&machine, "m");
	open_link(&first);
	open_link(&second);
	ask_image(&first, big, sizeof(big), 1, true);
	ask_image(&second, big, sizeof(big), 1, true);
	cr_assert_eq(wait_image(&first), 1);
	cr_assert_eq(wait_image(&second), 1);
	ask_image(&second, big, sizeof(big), 1, true);
	cr_assert_eq(wait_image(&second), 1);
	cr_assert_eq(machine.state->image_count, 1);
	cr_assert_eq(machine.state->images[0].written, sizeof(big));
	cr_assert_eq(memcmp(machine.state->images[0].bytes, big, sizeof(big)), 0);
	ask_image(&second, big, 100, 2, true);
	cr_assert_eq(wait_image(&second), 2);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link_images, leaves_out_what_is_zero)
{
	struct link link;

	fill_big();
	memset(big + 10000, 0, 250000);
	fake_machine_start(&machine, "m");
	open_link(&link);
	ask_image(&link, big, sizeof(big), 1, true);
	cr_assert_eq(wait_image(&link), 1);
	cr_assert_eq(memcmp(machine.state->images[0].bytes, big, sizeof(big)), 0);
	cr_assert_lt(machine.state->images[0].written, 60000);
	memset(big, 0, sizeof(big));
	ask_image(&link, big, sizeof(big), 2, true);
	cr_assert_eq(wait_image(&link), 2);
	cr_assert_eq(machine.state->images[1].written, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* Requests carry no bytes then, and a page that is zero is still left out. */
Test(link_images, sends_images_through_the_window)
{
	struct link link;

	fill_big();
	memset(big + 100000, 0, 50000);
	fake_machine_start(&machine, "m");
	machine.state->sees_window = true;
	open_link(&link);
	ask_image(&link, big, sizeof(big), 1, true);
	cr_assert_eq(wait_image(&link), 1);
	cr_assert_eq(memcmp(machine.state->images[0].bytes, big, sizeof(big)), 0);
	cr_assert_leq(machine.state->images[0].written, 300000 - 50000 + 8192);
	cr_assert_leq(machine.state->writes, 300000 / PV_CONTROL_WRITE_MAX + 3);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link_images, gives_back_an_image_whose_client_died)
{
	struct link dying;
	struct link link;

	fill_big();
	fake_machine_start(&machine, "m");
	machine.state->delay = 1000;
	open_link(&dying);
	ask_image(&dying, big, sizeof(big), 1, true);
	cr_assert(fake_wait_for(&machine.state->writes, 3));
	link_close(&dying);
	for (int i = 0; i < 5000 && !machine.state->images[0].is_freed; i++) {
		usleep(1000);
	}
	cr_assert(machine.state->images[0].is_freed);
	cr_assert_lt(machine.state->images[0].written, sizeof(big));
	machine.state->delay = 0;
	open_link(&link);
	ask_image(&link, big, sizeof(big), 1, true);
	cr_assert_eq(wait_image(&link), 2);
	cr_assert_eq(machine.state->images[1].written, sizeof(big));
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* Those of a client that is there stay; of the rest, eight. */
Test(link_images, keeps_a_few_images_that_nobody_uses)
{
	struct link link;
	uint32_t freed = 0;

	fake_machine_start(&machine, "m");
	for (uint8_t i = 1; i <= 12; i++) {
		open_link(&link);
		ask_image(&link, "kernel", 6, i, true);
		cr_assert_eq(wait_image(&link), i);
		link_close(&link);
	}
	usleep(200000);
	for (size_t i = 0; i < 12; i++) {
		freed += machine.state->images[i].is_freed;
	}
	cr_assert_eq(freed, 4);
	cr_assert(machine.state->images[0].is_freed, "the oldest goes first");
	cr_assert_not(machine.state->images[11].is_freed);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link_images, refuses_what_is_no_sealed_file)
{
	struct link_image image = { .sequence = 1, .size = 6 };
	struct link link;

	fake_machine_start(&machine, "m");
	open_link(&link);
	ask_image(&link, "kernel", 6, 1, false);
	cr_assert_eq(wait_image(&link), 0);
	expect_problem("sealed");
	link_send(&link, LINK_IMAGE, 0, &image, sizeof(image), -1, &problem);
	link.sequence = 1;
	cr_assert_eq(wait_image(&link), 0);
	expect_problem("sealed");
	cr_assert_eq(machine.state->image_count, 0);
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(link_images, makes_room_for_an_image_and_says_when_there_is_none)
{
	struct link first;
	struct link second;

	fake_machine_start(&machine, "m");
	open_link(&first);
	ask_image(&first, "kernel", 6, 1, true);
	cr_assert_eq(wait_image(&first), 1);
	machine.state->results[PV_CONTROLOP_image_new] = -PV_ENOMEM;
	open_link(&second);
	ask_image(&second, "another", 7, 2, true);
	cr_assert_eq(wait_image(&second), 0);
	expect_problem("too little memory");
	cr_assert_not(machine.state->images[0].is_freed, "it is still of use to the first");
	link_close(&first);
	usleep(50000);
	ask_image(&second, "another", 7, 2, true);
	cr_assert_eq(wait_image(&second), 0);
	cr_assert(machine.state->images[0].is_freed);
	cr_assert_eq(fake_machine_end(&machine), 0);
}
