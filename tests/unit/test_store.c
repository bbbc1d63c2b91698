/*
 * domain/store*.c: the tree, each message as a guest sends it, limits, and what the hypervisor
 * writes. Watches and transactions: test_store_watch.c; a guest that spoils its ring, sends
 * rubbish or does not read: test_store_ring.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/store.h>
#include <parley/types.h>

#include "domain/store.h"
#include "store_client.h"

TestSuite(store, .init = store_setup);

/* ---- what a domain finds ---- */

Test(store, a_domain_finds_what_it_was_given)
{
	expect_text(ask(PV_STORE_READ, "domid"), "1");
	expect_text(ask(PV_STORE_READ, "name"), "one");
	expect_text(ask(PV_STORE_READ, "vm"), "/vm/ab000000-0000-0000-0000-000000000000");
	expect_text(ask(PV_STORE_READ, "/vm/ab000000-0000-0000-0000-000000000000/name"), "one");
	expect_text(ask(PV_STORE_READ, "memory/target"), "16384");
	expect_text(ask(PV_STORE_READ, "memory/static-max"), "16384");
	expect_text(ask(PV_STORE_READ, "cpu/1/availability"), "online");
	expect_error(ask(PV_STORE_READ, "cpu/2/availability"), "ENOENT");
	expect_text(ask(PV_STORE_READ, "/local/domain/1/console/ring-ref"), "77");
	expect_text(ask(PV_STORE_READ, "console/port"), "5");
	expect_text(ask(PV_STORE_READ, "console/type"), "parley");
	cr_assert_eq(ask(PV_STORE_DIRECTORY, "device")->h.len, 0);
	cr_assert_eq(ask(PV_STORE_DIRECTORY, "control")->h.len, 0);
	expect_text(ask(PV_STORE_DIRECTORY, "/local/domain"), "1");
	expect_error(ask(PV_STORE_DIRECTORY, "device/vbd"), "ENOENT");
	cr_assert_eq(client.ring->server_features, PV_STORE_FEATURE_ERROR);
	finish();
}

Test(store, domains_have_stores_of_their_own)
{
	struct pv_store_ring *other_ring;
	u32 other_port;
	struct domain *other = domain_with_store(2, &other_ring, &other_port);
	char value[8];

	expect_ok(write_in(0, "data/x", "mine"));
	cr_assert_eq(store_read(other, "data/x", value, sizeof(value)), -PV_ENOENT);
	cr_assert_eq(store_read(other, "/local/domain/1/data/x", value, sizeof(value)), -PV_ENOENT);
	expect_error(ask(PV_STORE_READ, "/local/domain/2/name"), "ENOENT");
	expect_text(ask(PV_STORE_DIRECTORY, "/local/domain"), "1");
}

/* ---- messages ---- */

Test(store, writes_and_reads)
{
	struct message *m;

	expect_ok(write_in(0, "data/a/b", "value"));
	expect_text(ask(PV_STORE_READ, "data/a/b"), "value");
	cr_assert_eq(ask(PV_STORE_READ, "data/a/b")->h.len, 5);
	expect_text(ask(PV_STORE_READ, "/local/domain/1/data/a/b"), "value");
	cr_assert_eq(ask(PV_STORE_READ, "data/a")->h.len, 0);
	expect_ok(write_in(0, "data/a/c", ""));
	m = ask(PV_STORE_DIRECTORY, "data/a");
	cr_assert_eq(m->h.len, 4);
	cr_assert_eq(memcmp(m->payload, "b\0c", 4), 0);
	expect_ok(ask_bytes(PV_STORE_WRITE, 0, "data/a/b\0x\0y", 12));
	m = ask(PV_STORE_READ, "data/a/b");
	cr_assert_eq(m->h.len, 3);
	cr_assert_eq(memcmp(m->payload, "x\0y", 3), 0);
	expect_ok(write_in(0, "data/a", "both"));
	expect_text(ask(PV_STORE_READ, "data/a"), "both");
	cr_assert(told_guest());
	finish();
}

Test(store, makes_and_removes)
{
	expect_ok(ask(PV_STORE_MKDIR, "data/x/y/z"));
	expect_ok(write_in(0, "data/x/y", "v"));
	expect_ok(ask(PV_STORE_MKDIR, "data/x/y"));
	expect_text(ask(PV_STORE_READ, "data/x/y"), "v");
	expect_ok(ask(PV_STORE_RM, "data/x"));
	expect_error(ask(PV_STORE_READ, "data/x/y/z"), "ENOENT");
	expect_error(ask(PV_STORE_READ, "data/x"), "ENOENT");
	cr_assert_eq(ask(PV_STORE_DIRECTORY, "data")->h.len, 0);
	expect_ok(ask(PV_STORE_RM, "data/x"));
	expect_error(ask(PV_STORE_RM, "data/x/y"), "ENOENT");
	finish();
}

Test(store, a_guest_changes_only_what_is_below_its_home)
{
	static const char *const others[] = { "/",
					      "/local",
					      "/local/domain/1",
					      "/local/domain/2/x",
					      "/local/domain/10/x",
					      "/local/domain/12",
					      "/tool",
					      "/vm/ab000000-0000-0000-0000-000000000000/name" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		expect_error(write_in(0, others[i], "x"), "EACCES");
		expect_error(ask(PV_STORE_MKDIR, others[i]), "EACCES");
		expect_error(ask(PV_STORE_RM, others[i]), "EACCES");
	}
	expect_error(ask_two(PV_STORE_SET_PERMS, "/local/domain/1", "n1"), "EACCES");
	expect_text(ask(PV_STORE_GET_PERMS, "/local/domain/1"), "r0");
	expect_text(ask(PV_STORE_GET_PERMS, "control"), "n1");
	expect_ok(ask_two(PV_STORE_SET_PERMS, "control", "b0"));
	expect_text(ask(PV_STORE_GET_PERMS, "control"), "n1");
	expect_error(ask(PV_STORE_SET_PERMS, "control"), "EINVAL");
	expect_error(ask_two(PV_STORE_SET_PERMS, "nothing", "n1"), "ENOENT");
	finish();
}

Test(store, paths_that_are_none)
{
	static const char *const bad[] = { "",      "a//b", "//",  "/a/",  "a/",  "a b",
					   "a\xff", "a*",   "a.b", "../x", "@x y" };
	char path[600];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_error(write_in(0, bad[i], "x"), "EINVAL");
		expect_error(ask(PV_STORE_READ, bad[i]), "EINVAL");
		expect_error(ask(PV_STORE_DIRECTORY, bad[i]), "EINVAL");
	}
	expect_error(ask_bytes(PV_STORE_READ, 0, "", 0), "EINVAL");
	expect_error(ask_bytes(PV_STORE_READ, 0, "name", 4), "EINVAL");
	memset(path, 'a', sizeof(path));
	for (size_t size = 200; size < 300; size++) {
		char given[300];

		/* Both forms, to the byte: relative ones count with the home before them. */
		memcpy(given, path, size);
		given[size] = '\0';
		expect_error(ask(PV_STORE_READ, given),
			     size + strlen("/local/domain/1/") > 256 ? "E2BIG" : "ENOENT");
		given[0] = '/';
		expect_error(ask(PV_STORE_READ, given), size > 256 ? "E2BIG" : "ENOENT");
	}
	path[256 - strlen("/local/domain/1/")] = '\0';
	expect_ok(write_in(0, path, "the longest"));
	expect_text(ask(PV_STORE_READ, path), "the longest");
	finish();
}

Test(store, the_types_that_are_not_served)
{
	static const u32 forbidden[] = { PV_STORE_CONTROL, PV_STORE_INTRODUCE, PV_STORE_RELEASE,
					 PV_STORE_RESUME, PV_STORE_SET_TARGET };
	static const u32 unknown[] = {
		PV_STORE_WATCH_EVENT, PV_STORE_ERROR, 20, 23, 24, 0xffff, 0x80000001, ~0U
	};

	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		expect_error(ask(forbidden[i], "1"), "EACCES");
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		expect_error(ask(unknown[i], "1"), "ENOSYS");
	}
	finish();
}

Test(store, domains_by_number)
{
	static const char *const bad[] = { "", "x", "-1", "1x", "0x1", " 1", "4294967296" };

	expect_text(ask(PV_STORE_GET_DOMAIN_PATH, "1"), "/local/domain/1");
	expect_text(ask(PV_STORE_GET_DOMAIN_PATH, "77"), "/local/domain/77");
	expect_text(ask(PV_STORE_IS_DOMAIN_INTRODUCED, "1"), "T");
	expect_text(ask(PV_STORE_IS_DOMAIN_INTRODUCED, "32752"), "T");
	expect_text(ask(PV_STORE_IS_DOMAIN_INTRODUCED, "2"), "F");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_error(ask(PV_STORE_GET_DOMAIN_PATH, bad[i]), "EINVAL");
		expect_error(ask(PV_STORE_IS_DOMAIN_INTRODUCED, bad[i]), "EINVAL");
	}
	finish();
}

Test(store, a_long_directory_comes_in_parts)
{
	char path[256], offset[16];
	u32 at = 0, names = 0;
	bool more = true;

	for (u32 i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "data/%0200u", i);
		expect_ok(write_in(0, path, ""));
	}
	expect_error(ask(PV_STORE_DIRECTORY, "data"), "E2BIG");
	while (more) {
		struct message *m;
		const char *name;

		snprintf(offset, sizeof(offset), "%u", at);
		m = ask_two(PV_STORE_DIRECTORY_PART, "data", offset);
		cr_assert_eq(m->h.type, PV_STORE_DIRECTORY_PART);
		name = m->payload + strlen(m->payload) + 1;
		while (name < m->payload + m->h.len) {
			if (*name == '\0') {
				more = false;
				break;
			}
			cr_assert_eq(strtoul(name, NULL, 10), names);
			names++;
			at += (u32)strlen(name) + 1;
			name += strlen(name) + 1;
		}
	}
	cr_assert_eq(names, 40);
	expect_error(ask_two(PV_STORE_DIRECTORY_PART, "data", "99999"), "EINVAL");
	expect_error(ask(PV_STORE_DIRECTORY_PART, "data"), "EINVAL");
	finish();
}

/* ---- limits ---- */

Test(store, nodes_and_bytes_are_limited_and_some_are_spared_for_us)
{
	static char big[STORE_VALUE_MAX + 2];
	char path[32], value[16];
	u32 made = 0;

	memset(big, 'v', STORE_VALUE_MAX + 1);
	expect_error(write_in(0, "data/big", big), "E2BIG");
	big[STORE_VALUE_MAX] = '\0';
	expect_ok(write_in(0, "data/big", big));
	for (;; made++) {
		struct message *m;

		snprintf(path, sizeof(path), "data/%u", made);
		m = write_in(0, path, big);
		if (m->h.type == PV_STORE_ERROR) {
			expect_error(m, "ENOSPC");
			break;
		}
	}
	cr_assert_gt(made, 15);
	check_tree(client.domain->store->tree);
	expect_ok(write_in(0, "data/big", "less"));
	for (u32 i = 0; i < made; i++) {
		snprintf(path, sizeof(path), "data/%u", i);
		expect_ok(write_in(0, path, ""));
	}
	for (;; made++) {
		struct message *m;

		snprintf(path, sizeof(path), "data/%u", made);
		m = ask(PV_STORE_MKDIR, path);
		if (m->h.type == PV_STORE_ERROR) {
			expect_error(m, "ENOSPC");
			break;
		}
	}
	cr_assert_eq(client.domain->store->tree->node_count, STORE_NODES - STORE_SPARE_NODES);
	expect_error(ask(PV_STORE_MKDIR, "data/a/b/c/d/e/f/g"), "ENOSPC");
	expect_ok(write_in(0, "data/0", "still"));
	cr_assert_eq(store_write(client.domain, "control/shutdown", "poweroff"), 0);
	cr_assert_eq(store_read(client.domain, "control/shutdown", value, sizeof(value)), 8);
	finish();
}

Test(store, a_tree_without_room_for_all_of_a_path_takes_none_of_it)
{
	char path[300] = "data";
	u32 before;

	for (u32 i = 0; i < 100; i++) {
		strcat(path, "/x");
	}
	before = client.domain->store->tree->node_count;
	expect_error(write_in(0, path, "deep"), "ENOSPC");
	cr_assert_eq(client.domain->store->tree->node_count, before);
	path[4 + 2 * 80] = '\0';
	expect_ok(write_in(0, path, "deep"));
	expect_text(ask(PV_STORE_READ, path), "deep");
	expect_ok(ask(PV_STORE_RM, "data"));
	cr_assert_eq(client.domain->store->tree->node_count, before);
	finish();
}

/* ---- the hypervisor's side ---- */

static u32 node_count(void)
{
	return client.domain->store->tree->node_count;
}

/* Nodes of the hypervisor's own until there is room for so many more. */
static void leave_nodes(u32 room)
{
	char path[32];

	for (u32 i = 0; node_count() < STORE_NODES - room; i++) {
		snprintf(path, sizeof(path), "filler/%u", i);
		cr_assert_eq(store_write(client.domain, path, ""), 0);
	}
}

Test(store, several_nodes_are_written_or_none)
{
	static const struct store_setting settings[] = { { "/1/a", "one" },
							 { "/2", "two" },
							 { "/12/a", "three" } };
	u32 before;

	leave_nodes(6);
	before = node_count();
	cr_assert_eq(store_write_below(client.domain, "new/top", settings, 3), -PV_ENOSPC);
	cr_assert_eq(node_count(), before);
	expect_error(ask(PV_STORE_DIRECTORY, "new"), "ENOENT");
	expect_silence();
	expect_ok(ask(PV_STORE_RM, "filler/0"));
	cr_assert_eq(node_count(), before - 1);
	cr_assert_eq(store_write_below(client.domain, "new/top", settings, 3), 0);
	cr_assert_eq(node_count(), STORE_NODES);
	expect_text(ask(PV_STORE_READ, "new/top/2"), "two");
	expect_text(ask(PV_STORE_READ, "new/top/12/a"), "three");
	expect_ok(ask(PV_STORE_RM, "new/top/12"));
	cr_assert_eq(store_write_below(client.domain, "new/top", settings, 3), 0);
	cr_assert_eq(store_write_below(client.domain, "new/top", settings, 3), 0, "in their place");
	cr_assert_eq(node_count(), STORE_NODES);
	finish();
}

Test(store, several_nodes_are_told_of_each)
{
	static const struct store_setting settings[] = { { "/0", "a" }, { "/1", "b" } };

	expect_ok(ask_two(PV_STORE_WATCH, "new", "t"));
	expect_event("new", "t");
	(void)told_guest();
	cr_assert_eq(store_write_below(client.domain, "new", settings, 2), 0);
	cr_assert(told_guest());
	expect_event("new/0", "t");
	expect_event("new/1", "t");
	expect_silence();
	finish();
}

Test(store, several_values_are_written_or_none)
{
	static char large[STORE_VALUE_MAX + 2];
	struct store_setting settings[] = { { "/1", "small" }, { "/2", large } };
	char path[16];

	memset(large, 'x', STORE_VALUE_MAX + 1);
	cr_assert_eq(store_write_below(client.domain, "a", settings, 2), -PV_E2BIG);
	expect_error(ask(PV_STORE_READ, "a/1"), "ENOENT");
	large[STORE_VALUE_MAX] = '\0';
	cr_assert_eq(store_write_below(client.domain, "a b", settings, 1), -PV_EINVAL);
	expect_error(ask(PV_STORE_READ, "a/1"), "ENOENT");
	for (u32 i = 0, rc = 0; rc == 0; i++) {
		snprintf(path, sizeof(path), "b/%u", i);
		rc = (u32)store_write(client.domain, path, large);
	}
	settings[0].value = large;
	cr_assert_eq(store_write(client.domain, "b/0", ""), 0);
	cr_assert_eq(store_write(client.domain, "b/0/x", ""), 0);
	cr_assert_eq(store_write_below(client.domain, "a", settings, 2), -PV_ENOSPC,
		     "room for one only");
	expect_error(ask(PV_STORE_READ, "a/1"), "ENOENT");
	finish();
}

Test(store, the_hypervisor_writes_and_the_guest_is_told)
{
	char value[4];

	expect_ok(ask_two(PV_STORE_WATCH, "control/shutdown", "t"));
	expect_event("control/shutdown", "t");
	(void)told_guest();
	cr_assert_eq(store_write(client.domain, "control/shutdown", "poweroff"), 0);
	cr_assert(told_guest());
	expect_event("control/shutdown", "t");
	expect_text(ask(PV_STORE_READ, "control/shutdown"), "poweroff");
	cr_assert_eq(store_read(client.domain, "control/shutdown", value, sizeof(value)), 8);
	cr_assert_str_eq(value, "pow");
	cr_assert_eq(store_write(client.domain, "/local/domain/0/backend/vbd/1/0/state", "2"), 0);
	expect_text(ask(PV_STORE_READ, "/local/domain/0/backend/vbd/1/0/state"), "2");
	cr_assert_eq(store_write(client.domain, "a b", "x"), -PV_EINVAL);
	cr_assert_eq(store_read(client.domain, "none", value, sizeof(value)), -PV_ENOENT);
	store_fini_domain(client.domain);
	cr_assert_eq(store_write(client.domain, "a", "x"), -PV_ENODEV);
	cr_assert_eq(store_read(client.domain, "a", value, sizeof(value)), -PV_ENODEV);
}
