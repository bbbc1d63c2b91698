/*
 * domain/store*.c: what a watch tells and in which form, and that a transaction is done wholly
 * or not at all.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/store.h>
#include <parley/types.h>

#include "domain/store_types.h"
#include "store_client.h"

TestSuite(store_watch, .init = store_setup);

/* ---- watches ---- */

Test(store_watch, a_watch_fires_at_once_and_at_each_change_below)
{
	expect_ok(ask_two(PV_STORE_WATCH, "data", "token"));
	expect_event("data", "token");
	expect_silence();
	expect_ok(write_in(0, "data/a/b", "1"));
	expect_event("data/a/b", "token");
	expect_ok(write_in(0, "data", "1"));
	expect_event("data", "token");
	expect_ok(write_in(0, "database", "1"));
	expect_silence();
	expect_ok(ask(PV_STORE_MKDIR, "data/c"));
	expect_event("data/c", "token");
	expect_ok(ask(PV_STORE_MKDIR, "data/c"));
	expect_silence();
	expect_ok(ask(PV_STORE_RM, "data/a"));
	expect_event("data/a", "token");
	expect_silence();
	expect_ok(ask_two(PV_STORE_UNWATCH, "data", "token"));
	expect_ok(write_in(0, "data", "2"));
	expect_silence();
	expect_error(ask_two(PV_STORE_UNWATCH, "data", "token"), "ENOENT");
	finish();
}

Test(store_watch, a_watch_on_what_is_removed_with_its_parent_fires)
{
	expect_ok(write_in(0, "data/a/b", "1"));
	expect_ok(ask_two(PV_STORE_WATCH, "data/a/b", "low"));
	expect_event("data/a/b", "low");
	expect_ok(ask_two(PV_STORE_WATCH, "/", "top"));
	expect_event("/", "top");
	expect_ok(ask(PV_STORE_RM, "data"));
	expect_event("/local/domain/1/data", "top");
	expect_event("data/a/b", "low");
	expect_silence();
	finish();
}

Test(store_watch, watches_speak_in_the_form_they_were_set_in)
{
	expect_ok(ask_two(PV_STORE_WATCH, "/local/domain/1/data", "abs"));
	expect_event("/local/domain/1/data", "abs");
	expect_ok(ask_two(PV_STORE_WATCH, "data", "rel"));
	expect_event("data", "rel");
	expect_error(ask_two(PV_STORE_WATCH, "data", "rel"), "EEXIST");
	expect_ok(write_in(0, "data/x", "1"));
	expect_event("/local/domain/1/data/x", "abs");
	expect_event("data/x", "rel");
	expect_ok(ask_two(PV_STORE_WATCH, "@releaseDomain", "gone"));
	expect_event("@releaseDomain", "gone");
	expect_error(ask_two(PV_STORE_WATCH, "a b", "t"), "EINVAL");
	expect_error(ask(PV_STORE_WATCH, "data"), "EINVAL");
	expect_error(ask_bytes(PV_STORE_WATCH, 0, "data\0tok", 8), "EINVAL");
	expect_ok(ask_bytes(PV_STORE_RESET_WATCHES, 0, "", 1));
	expect_ok(write_in(0, "data/x", "2"));
	expect_silence();
	finish();
}

Test(store_watch, watches_and_tokens_are_limited)
{
	char token[400];

	for (u32 i = 0; i < STORE_WATCHES; i++) {
		snprintf(token, sizeof(token), "%u", i);
		expect_ok(ask_two(PV_STORE_WATCH, "data", token));
		expect_event("data", token);
	}
	expect_error(ask_two(PV_STORE_WATCH, "data", "more"), "ENOSPC");
	expect_ok(ask_two(PV_STORE_UNWATCH, "data", "7"));
	memset(token, 't', sizeof(token));
	token[STORE_TOKEN_MAX + 1] = '\0';
	expect_error(ask_two(PV_STORE_WATCH, "data", token), "E2BIG");
	token[STORE_TOKEN_MAX] = '\0';
	expect_ok(ask_two(PV_STORE_WATCH, "data", token));
	expect_event("data", token);
	finish();
}

/* ---- transactions ---- */

Test(store_watch, a_transaction_is_done_wholly_or_not_at_all)
{
	u32 tx;

	expect_ok(ask_two(PV_STORE_WATCH, "data", "t"));
	expect_event("data", "t");
	tx = begin();
	expect_ok(write_in(tx, "data/a", "1"));
	expect_text(ask_in(tx, PV_STORE_READ, "data/a"), "1");
	expect_error(ask(PV_STORE_READ, "data/a"), "ENOENT");
	expect_silence();
	expect_ok(ask_in(tx, PV_STORE_TRANSACTION_END, "F"));
	expect_error(ask(PV_STORE_READ, "data/a"), "ENOENT");
	expect_error(ask_in(tx, PV_STORE_READ, "data/a"), "ENOENT");

	tx = begin();
	expect_ok(write_in(tx, "data/a", "2"));
	expect_ok(write_in(tx, "data/b", "3"));
	expect_ok(ask_in(tx, PV_STORE_RM, "data/b"));
	expect_silence();
	expect_ok(ask_in(tx, PV_STORE_TRANSACTION_END, "T"));
	expect_event("data", "t");
	expect_event("data/a", "t");
	expect_silence();
	expect_text(ask(PV_STORE_READ, "data/a"), "2");

	tx = begin();
	expect_ok(ask_in(tx, PV_STORE_RM, "data"));
	expect_ok(ask_in(tx, PV_STORE_TRANSACTION_END, "T"));
	expect_event("data", "t");
	expect_silence();
	expect_error(ask(PV_STORE_READ, "data/a"), "ENOENT");
	finish();
}

Test(store_watch, a_transaction_that_was_overtaken_is_to_be_done_again)
{
	u32 first = begin(), second = begin(), reader;

	expect_ok(write_in(first, "data/a", "1"));
	expect_ok(write_in(second, "data/a", "2"));
	reader = begin();
	expect_ok(ask_in(second, PV_STORE_TRANSACTION_END, "T"));
	expect_error(ask_in(first, PV_STORE_TRANSACTION_END, "T"), "EAGAIN");
	expect_text(ask(PV_STORE_READ, "data/a"), "2");
	expect_error(ask_in(reader, PV_STORE_READ, "data/a"), "ENOENT");
	expect_ok(ask_in(reader, PV_STORE_TRANSACTION_END, "T"));
	finish();
}

Test(store_watch, transactions_in_any_state)
{
	u32 tx = begin();

	expect_error(ask_in(tx, PV_STORE_TRANSACTION_START, ""), "EBUSY");
	expect_error(ask_in(tx + 1, PV_STORE_READ, "name"), "ENOENT");
	expect_error(ask(PV_STORE_TRANSACTION_END, "T"), "ENOENT");
	expect_error(ask_in(tx, PV_STORE_TRANSACTION_END, "X"), "EINVAL");
	expect_error(ask_bytes(PV_STORE_TRANSACTION_END, tx, "", 0), "EINVAL");
	for (u32 i = 1; i < STORE_TRANSACTIONS; i++) {
		(void)begin();
	}
	expect_error(ask(PV_STORE_TRANSACTION_START, ""), "ENOSPC");
	expect_ok(ask_bytes(PV_STORE_RESET_WATCHES, tx, "", 1));
	expect_error(ask_in(tx, PV_STORE_TRANSACTION_END, "T"), "ENOENT");
	(void)begin();
	finish();
}
