/* Lists of domains; see domains.h. */
#include "domains.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include <parley/errno.h>
#include <parley/sched.h>

#include "text.h"

/* More rounds than there can be domains: a hypervisor that lists for ever is not believed. */
#define ROUNDS_MAX 8192

#define NAMED_MAX 8 /* names that an error lists */

static void clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text; text++) {
		if (!isprint((unsigned char)*text)) {
			*text = '?';
		}
	}
}

static void add(struct domains *domains, const struct pv_control_domain *domain)
{
	struct pv_control_domain *to;

	domains->items = reallocarray(domains->items, domains->count + 1, sizeof(*domains->items));
	if (!domains->items) {
		abort();
	}
	to = &domains->items[domains->count++];
	*to = *domain;
	clean(to->name, sizeof(to->name));
	clean(to->text, sizeof(to->text));
}

/* One answer's worth; sets "next", which is 0 where that was all. */
static int list_some(struct domains *domains, struct link *link, uint16_t *next,
		     struct problem *problem)
{
	struct pv_control_list list = { .first = *next };
	int result = link_call(link, PV_CONTROLOP_list, &list, sizeof(list), problem);

	if (result < 0) {
		return domains_explain(NULL, "list the domains", result, problem);
	}
	for (unsigned int i = 0; i < list.count && i < PV_CONTROL_LIST_MAX; i++) {
		add(domains, &list.domains[i]);
	}
	*next = list.first;
	return 0;
}

int domains_list(struct domains *domains, struct link *link, struct problem *problem)
{
	uint16_t next = 0;
	int result;

	memset(domains, 0, sizeof(*domains));
	result = link_call(link, PV_CONTROLOP_machine, &domains->machine, sizeof(domains->machine),
			   problem);
	if (result < 0) {
		return domains_explain(NULL, "ask about the machine", result, problem);
	}
	for (int i = 0; i < ROUNDS_MAX; i++) {
		if (list_some(domains, link, &next, problem)) {
			domains_free(domains);
			return -1;
		}
		if (!next) {
			break;
		}
	}
	return 0;
}

void domains_free(struct domains *domains)
{
	free(domains->items);
	domains->items = NULL;
	domains->count = 0;
}

bool domains_has_ended(const struct pv_control_domain *domain)
{
	return domain->state >= PV_CONTROL_STATE_dying;
}

bool domains_is_good(const struct pv_control_domain *domain)
{
	return domains_has_ended(domain) && domain->state != PV_CONTROL_STATE_crashed &&
	       (domain->reason == PV_SHUTDOWN_poweroff || domain->reason == PV_SHUTDOWN_reboot);
}

static const struct pv_control_domain *find_name(const struct domains *domains, const char *name,
						 bool has_ended)
{
	/* The youngest of several that have ended: it is the one last heard of. */
	for (size_t i = domains->count; i-- > 0;) {
		const struct pv_control_domain *domain = &domains->items[i];

		if (domains_has_ended(domain) == has_ended && !strcmp(domain->name, name)) {
			return domain;
		}
	}
	return NULL;
}

static const struct pv_control_domain *find_number(const struct domains *domains, const char *text)
{
	struct problem problem;
	uint64_t number;

	if (text_to_number(text, 1, UINT16_MAX, &number, &problem)) {
		return NULL;
	}
	for (size_t i = 0; i < domains->count; i++) {
		if (domains->items[i].domid == number) {
			return &domains->items[i];
		}
	}
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void append(struct problem *problem,
							 const char *format, ...)
{
	size_t used = strlen(problem->text);
	va_list args;

	va_start(args, format);
	vsnprintf(problem->text + used, sizeof(problem->text) - used, format, args);
	va_end(args);
}

static void append_names(const char *const *names, struct problem *problem)
{
	append(problem, "; there are: %s", names[0]);
	for (names++; *names; names++) {
		append(problem, ", %s", *names);
	}
}

/* More than anybody reads: the one that may be meant. */
static void append_nearest(const char *text, const char *const *names, size_t count,
			   struct problem *problem)
{
	const char *nearest = text_find_nearest(text, names);

	if (nearest) {
		append(problem, " (did you mean \"%s\"?)", nearest);
	}
	append(problem, "; there are %zu, `parley ls` lists them", count);
}

/* No domain has that name: says which there are. */
static void say_unknown(const struct domains *domains, const char *text, struct problem *problem)
{
	const char **names = calloc(domains->count + 1, sizeof(*names));
	size_t count = 0;

	if (!names) {
		abort();
	}
	for (size_t i = 0; i < domains->count; i++) {
		if (!domains_has_ended(&domains->items[i])) {
			names[count++] = domains->items[i].name;
		}
	}
	problem_set(problem, "no domain \"%s\"", text);
	if (!count) {
		append(problem, "; no domain is running (start one by `parley create`)");
	} else if (count <= NAMED_MAX) {
		append_names(names, problem);
	} else {
		append_nearest(text, names, count, problem);
	}
	free(names);
}

const struct pv_control_domain *domains_find(const struct domains *domains, const char *text,
					     struct problem *problem)
{
	const struct pv_control_domain *domain = find_name(domains, text, false);

	if (!domain) {
		domain = find_name(domains, text, true);
	}
	if (!domain) {
		domain = find_number(domains, text);
	}
	if (!domain) {
		say_unknown(domains, text, problem);
	}
	return domain;
}

const struct pv_control_domain *domains_find_live(const struct domains *domains, const char *text,
						  const char *done, struct problem *problem)
{
	const struct pv_control_domain *domain = domains_find(domains, text, problem);
	char state[DOMAINS_STATE_MAX];

	if (!domain || !domains_has_ended(domain)) {
		return domain;
	}
	problem_set(problem,
		    "%s has ended (%s) and cannot be %s (start it anew by `parley create`)",
		    domain->name, domains_describe_state(domain, state), done);
	return NULL;
}

/* ---- words ---- */

static const char *const state_names[] = {
	[PV_CONTROL_STATE_building] = "building", [PV_CONTROL_STATE_running] = "running",
	[PV_CONTROL_STATE_paused] = "paused",     [PV_CONTROL_STATE_dying] = "dying",
	[PV_CONTROL_STATE_shutdown] = "shutdown", [PV_CONTROL_STATE_crashed] = "crashed",
};

static const char *const reason_names[] = {
	[PV_SHUTDOWN_poweroff] = "poweroff", [PV_SHUTDOWN_reboot] = "reboot",
	[PV_SHUTDOWN_suspend] = "suspend",   [PV_SHUTDOWN_crash] = "crash",
	[PV_SHUTDOWN_watchdog] = "watchdog", [PV_SHUTDOWN_soft_reset] = "soft_reset",
};

static const char *const reason_texts[] = {
	[PV_SHUTDOWN_poweroff] = "powered off", [PV_SHUTDOWN_reboot] = "rebooted",
	[PV_SHUTDOWN_suspend] = "suspended",    [PV_SHUTDOWN_crash] = "crashed",
	[PV_SHUTDOWN_watchdog] = "watchdog",    [PV_SHUTDOWN_soft_reset] = "soft reset",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *domains_name_state(const struct pv_control_domain *domain)
{
	return domain->state < COUNT(state_names) ? state_names[domain->state] : "unknown";
}

const char *domains_name_reason(uint8_t reason)
{
	return reason < COUNT(reason_names) ? reason_names[reason] : "unknown";
}

const char *domains_describe_state(const struct pv_control_domain *domain,
				   char buffer[DOMAINS_STATE_MAX])
{
	bool has_reason = domain->state == PV_CONTROL_STATE_shutdown &&
			  domain->reason < COUNT(reason_texts);

	snprintf(buffer, DOMAINS_STATE_MAX, "%s",
		 has_reason ? reason_texts[domain->reason] : domains_name_state(domain));
	return buffer;
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

json_t *domains_to_json(const struct pv_control_domain *domain)
{
	char uuid[UUID_STR_LEN];
	char affinity[24];
	json_t *object;

	uuid_unparse_lower(domain->uuid, uuid);
	snprintf(affinity, sizeof(affinity), "0x%llx", (unsigned long long)domain->affinity);
	object = json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:i, s:i, s:b}", "id",
			   (int)domain->domid, "name", domain->name, "uuid", uuid, "state",
			   domains_name_state(domain), "vcpus", (int)domain->vcpu_count,
			   "vcpus_online", (int)domain->vcpus_online, "affinity", affinity,
			   "weight", (int)domain->weight, "cap", (int)domain->cap, "pause_count",
			   (int)domain->pause_count, "control",
			   (domain->flags & PV_CONTROL_FLAG_control) != 0);
	set_number(object, "memory", domain->memory_pages * 4096);
	set_number(object, "memory_limit", domain->memory_limit * 4096);
	set_number(object, "cpu_time_ns", domain->cpu_time_ns);
	set_number(object, "started_ns", domain->started_ns);
	set_number(object, "hypercalls", domain->hypercalls);
	set_number(object, "faults", domain->faults);
	set_number(object, "events", domain->events);
	if (domains_has_ended(domain)) {
		json_object_set_new(object, "reason",
				    json_string(domains_name_reason(domain->reason)));
		json_object_set_new(object, "text", json_string(domain->text));
	}
	return object;
}

/* ---- refusals ---- */

static const char *explain_number(int result)
{
	switch (-result) {
	case PV_ESRCH:
		return "it has just ended (`parley ls --all` shows how)";
	case PV_EPERM:
		return "not allowed";
	case PV_ENOMEM:
		return "the machine has too little memory left (end a domain, or start the machine "
		       "with a larger --machine-memory)";
	case PV_EBUSY:
		return "the hypervisor is busy with another operation (try again in a moment)";
	case PV_EEXIST:
		return "a domain of that name lives already (give the new one another name, or end "
		       "the old one by `parley destroy`)";
	case PV_ENOSYS:
	case PV_EOPNOTSUPP:
		return "this hypervisor does not offer that";
	case PV_ENOSPC:
		return "there is no room for more (end a domain first)";
	case PV_EINVAL:
		return "the hypervisor refuses the values";
	case PV_EMSGSIZE:
		return "the hypervisor expects another structure (build both from one source)";
	default:
		return NULL;
	}
}

int domains_explain(const char *name, const char *verb, int result, struct problem *problem)
{
	const char *why;

	if (result == LINK_FAILED) {
		return -1;
	}
	why = explain_number(result);
	if (why) {
		problem_set(problem, "cannot %s%s%s: %s", verb, name ? " " : "", name ? name : "",
			    why);
	} else {
		problem_set(problem,
			    "cannot %s%s%s: error %d of the hypervisor (its log may say "
			    "more)",
			    verb, name ? " " : "", name ? name : "", -result);
	}
	return -1;
}
