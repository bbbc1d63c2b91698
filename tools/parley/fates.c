/*
 * Names and texts come over the line from ring 0 and are still bounded and
 * cleaned here: they end on a terminal.
 */
#include "fates.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <parley/sched.h>

static bool has_ended(const struct fate *fate)
{
	return fate->state >= PV_DOMAIN_STATE_SHUTDOWN;
}

static void copy_clean(char *to, size_t room, const char *from, size_t size)
{
	size_t at = 0;

	for (; at + 1 < room && at < size && from[at]; at++) {
		to[at] = isprint((unsigned char)from[at]) ? from[at] : '?';
	}
	to[at] = '\0';
}

/* The entry of a domain that is gone, forgotten, or FATES_NONE where all are needed. */
static size_t forget_one(struct fates *fates)
{
	for (size_t i = 0; i < FATES_MAX; i++) {
		size_t index = fates->oldest++ % FATES_MAX;

		if (fates->items[index].is_gone) {
			fates->forgot_bad |= !fates_is_good(&fates->items[index]);
			return index;
		}
	}
	return FATES_NONE;
}

size_t fates_add(struct fates *fates, const char *name)
{
	size_t index = fates->count < FATES_MAX ? fates->count++ : forget_one(fates);
	struct fate *fate;

	if (index == FATES_NONE) {
		return FATES_NONE;
	}
	fate = &fates->items[index];
	memset(fate, 0, sizeof(*fate));
	copy_clean(fate->name, sizeof(fate->name), name, strlen(name));
	return index;
}

size_t fates_find_known(const struct fates *fates, uint16_t domid)
{
	for (size_t i = 0; i < fates->count; i++) {
		if (fates->items[i].is_bound && fates->items[i].domid == domid) {
			return i;
		}
	}
	return FATES_NONE;
}

static size_t bind(struct fates *fates, size_t index, uint16_t domid)
{
	if (index != FATES_NONE) {
		fates->items[index].is_bound = true;
		fates->items[index].domid = domid;
	}
	return index;
}

size_t fates_find(struct fates *fates, uint16_t domid)
{
	size_t index = fates_find_known(fates, domid);
	char name[32];

	if (index != FATES_NONE) {
		return index;
	}
	if (fates->count == 1 && !fates->items[0].is_bound) {
		return 0;
	}
	snprintf(name, sizeof(name), "domain-%u", domid);
	return bind(fates, fates_add(fates, name), domid);
}

/* A report of a domain that nothing was heard of: one that is expected, or one more. */
static size_t add_reported(struct fates *fates, const struct pv_line_domain *report)
{
	char name[sizeof(fates->items[0].name)];

	copy_clean(name, sizeof(name), report->name, sizeof(report->name));
	for (size_t i = 0; i < fates->count; i++) {
		const struct fate *fate = &fates->items[i];

		if (!fate->is_bound && !fate->state && !strcmp(fate->name, name)) {
			return bind(fates, i, report->domid);
		}
	}
	return bind(fates, fates_add(fates, name), report->domid);
}

size_t fates_take_domain(struct fates *fates, const struct pv_line_domain *report, bool *is_new)
{
	size_t index = fates_find_known(fates, report->domid);
	struct fate *fate;

	*is_new = false;
	if (index != FATES_NONE && has_ended(&fates->items[index]) &&
	    report->state < PV_DOMAIN_STATE_SHUTDOWN) {
		fates->items[index].is_bound = false;
		index = FATES_NONE;
	}
	if (report->state == PV_DOMAIN_STATE_GONE) {
		if (index != FATES_NONE) {
			fates->items[index].is_gone = true;
			fates->items[index].is_bound = false;
		}
		return index;
	}
	if (index == FATES_NONE) {
		index = add_reported(fates, report);
		*is_new = true;
	}
	if (index == FATES_NONE) {
		return FATES_NONE;
	}
	fate = &fates->items[index];
	fate->state = report->state;
	fate->reason = report->reason;
	copy_clean(fate->text, sizeof(fate->text), report->text, sizeof(report->text));
	return index;
}

static const char *name_reason(uint8_t reason)
{
	static const char *const names[] = {
		[PV_SHUTDOWN_poweroff] = "powered off",
		[PV_SHUTDOWN_reboot] = "asked to reboot",
		[PV_SHUTDOWN_suspend] = "suspended (and cannot be resumed)",
		[PV_SHUTDOWN_crash] = "crashed",
		[PV_SHUTDOWN_watchdog] = "stopped by its watchdog",
		[PV_SHUTDOWN_soft_reset] = "asked for a soft reset (not supported)",
	};

	if (reason < sizeof(names) / sizeof(names[0])) {
		return names[reason];
	}
	return "shut down for an unknown reason";
}

static const char *name_state(const struct fate *fate)
{
	switch (fate->state) {
	case 0:
		return "nothing was heard of it";
	case PV_DOMAIN_STATE_RUNNING:
		return "running";
	case PV_DOMAIN_STATE_PAUSED:
		return "paused";
	case PV_DOMAIN_STATE_SHUTDOWN:
		return name_reason(fate->reason);
	case PV_DOMAIN_STATE_CRASHED:
		return "killed by the hypervisor";
	case PV_DOMAIN_STATE_FAILED:
		return "could not be built";
	default:
		return "in an unknown state";
	}
}

const char *fates_describe(const struct fate *fate, char *buffer, size_t size)
{
	bool has_more = fate->text[0] && fate->state != PV_DOMAIN_STATE_SHUTDOWN;

	/* The hypervisor knows more of some ends than the reason says: "destroyed". */
	if (fate->state == PV_DOMAIN_STATE_SHUTDOWN && fate->text[0] && fates_is_good(fate) &&
	    fate->reason == PV_SHUTDOWN_poweroff) {
		snprintf(buffer, size, "%s", fate->text);
		return buffer;
	}
	snprintf(buffer, size, "%s%s%s", name_state(fate), has_more ? ": " : "",
		 has_more ? fate->text : "");
	return buffer;
}

bool fates_is_good(const struct fate *fate)
{
	return fate->state == PV_DOMAIN_STATE_SHUTDOWN &&
	       (fate->reason == PV_SHUTDOWN_poweroff || fate->reason == PV_SHUTDOWN_reboot);
}

bool fates_has_bad(const struct fates *fates)
{
	for (size_t i = 0; i < fates->count; i++) {
		if (has_ended(&fates->items[i]) && !fates_is_good(&fates->items[i])) {
			return true;
		}
	}
	return fates->forgot_bad;
}

bool fates_judge(const struct fates *fates, struct problem *why)
{
	char text[256];

	if (fates->said_bye && fates->bye != PV_LINE_BYE_DONE) {
		problem_set(why, "the hypervisor failed (see its log)");
		return false;
	}
	for (size_t i = 0; i < fates->count; i++) {
		const struct fate *fate = &fates->items[i];

		if (!fates_is_good(fate) && has_ended(fate)) {
			why->text[0] = '\0';
			return false;
		}
		if (!fates_is_good(fate) && fates->said_bye) {
			problem_set(why, "%s: %s", fate->name,
				    fates_describe(fate, text, sizeof(text)));
			return false;
		}
	}
	if (fates->forgot_bad) {
		why->text[0] = '\0';
		return false;
	}
	if (!fates->said_bye) {
		problem_set(why, "the machine stopped %s",
			    fates->said_hello ? "without a good-bye from the hypervisor" :
						"before the hypervisor said hello");
		return false;
	}
	return true;
}

int fates_write_summary(const struct fates *fates, int status, const char *path,
			struct problem *problem)
{
	json_t *domains = json_array();
	json_t *root;
	char text[256];
	int result;

	for (size_t i = 0; i < fates->count; i++) {
		const struct fate *fate = &fates->items[i];

		json_array_append_new(
			domains, json_pack("{s:s, s:i, s:b, s:i, s:i, s:s}", "name", fate->name,
					   "domid", (int)fate->domid, "good", fates_is_good(fate),
					   "state", (int)fate->state, "reason", (int)fate->reason,
					   "text", fates_describe(fate, text, sizeof(text))));
	}
	root = json_pack("{s:i, s:b, s:b, s:o}", "status", status, "hello", fates->said_hello,
			 "bye", fates->said_bye && fates->bye == PV_LINE_BYE_DONE, "domains",
			 domains);
	result = json_dump_file(root, path, JSON_INDENT(2));
	json_decref(root);
	return result ? problem_set(problem, "%s: cannot write: %s", path, strerror(errno)) : 0;
}
