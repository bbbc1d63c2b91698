/*
 * Messages to a store: a request is a header and strings, each ended by a NUL;
 * the reply has its type, number and transaction, or the type ERROR and the
 * name of what is wrong.
 *
 * Read next: store_nodes.c, what most of them do.
 */
#include "domain/store_message.h"

#include <parley/errno.h>
#include <parley/types.h>

#include "lib/printf.h"
#include "lib/string.h"

/* ---- arguments ---- */

static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '/' || c == '_' || c == '@';
}

/* Names of one byte or more, each with one '/' in front; or "/" alone. */
static bool is_canonical(const char *path)
{
	if (path[0] == '/' && path[1] == '\0') {
		return true;
	}
	for (u32 i = 0; path[i] != '\0'; i++) {
		if (!is_path_char(path[i]) ||
		    (path[i] == '/' && (path[i + 1] == '/' || path[i + 1] == '\0'))) {
			return false;
		}
	}
	return true;
}

int store_make_path(const struct domain_store *s, const char *given, char *path)
{
	size_t size = strnlen(given, STORE_PATH_MAX + 1);

	if (given[0] != '/') {
		size += s->home_size + 1;
	}
	if (size > STORE_PATH_MAX) {
		return -PV_E2BIG;
	}
	snprintf(path, STORE_PATH_MAX + 1, "%s%s%s", given[0] == '/' ? "" : s->home,
		 given[0] == '/' ? "" : "/", given);
	return is_canonical(path) ? 0 : -PV_EINVAL;
}

/* The next string of the payload, or NULL. */
const char *store_take_string(struct store_request *q)
{
	const char *string = q->at;
	const char *end = memchr(string, '\0', q->left);

	if (end == NULL) {
		return NULL;
	}
	q->left -= (u32)(end + 1 - string);
	q->at = end + 1;
	return string;
}

int store_take_path(const struct domain_store *s, struct store_request *q)
{
	const char *given = store_take_string(q);

	if (given == NULL) {
		return -PV_EINVAL;
	}
	q->relative = given[0] != '/';
	return store_make_path(s, given, q->path);
}

/* The path of a node that exists, as the only argument or the first. */
int store_take_node(const struct domain_store *s, struct store_request *q)
{
	int rc = store_take_path(s, q);

	if (rc == 0) {
		q->node = store_tree_find(q->tree, q->path);
		rc = q->node == STORE_NO_NODE ? -PV_ENOENT : 0;
	}
	return rc;
}

/* A number in base 10 that fits 32 bits. */
int store_take_number(struct store_request *q, u32 *number)
{
	const char *text = store_take_string(q);
	u64 value;

	if (text == NULL || text[0] < '0' || text[0] > '9' || text[1] == 'x' ||
	    !string_to_u64(text, &value) || value > ~0U) {
		return -PV_EINVAL;
	}
	*number = (u32)value;
	return 0;
}

/* A guest may change what is strictly below its home. */
bool store_is_own(const struct domain_store *s, const char *path)
{
	return strncmp(path, s->home, s->home_size) == 0 && path[s->home_size] == '/';
}

/* ---- the answer ---- */

/* Add to the reply: 0, or -PV_E2BIG if there is no room. */
int store_reply(struct domain_store *s, const void *bytes, u32 size)
{
	if (size > sizeof(s->reply) - s->reply_size) {
		return -PV_E2BIG;
	}
	memcpy(s->reply + s->reply_size, bytes, size);
	s->reply_size += size;
	return 0;
}

int store_reply_string(struct domain_store *s, const char *string)
{
	return store_reply(s, string, (u32)strlen(string) + 1);
}

int store_reply_ok(struct domain_store *s)
{
	return store_reply_string(s, "OK");
}

int store_reply_format(struct domain_store *s, const char *fmt, ...)
{
	char text[64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return store_reply_string(s, text);
}

/* ---- the message ---- */

static int do_get_domain_path(struct domain_store *s, struct store_request *q)
{
	u32 id;
	int rc = store_take_number(q, &id);

	return rc != 0 ? rc : store_reply_format(s, "/local/domain/%u", id);
}

/* A domain's store knows of that domain only. */
static int do_is_domain_introduced(struct domain_store *s, struct store_request *q)
{
	u32 id;
	int rc = store_take_number(q, &id);
	bool known = rc == 0 && (id == s->domain->id || id == PV_DOMID_SELF);

	return rc != 0 ? rc : store_reply_string(s, known ? "T" : "F");
}

static int do_reset_watches(struct domain_store *s, struct store_request *q)
{
	store_watch_drop_all(s);
	store_drop_transactions(s);
	return store_reply_ok(s);
}

static int do_forbidden(struct domain_store *s, struct store_request *q)
{
	return -PV_EACCES;
}

static int (*const actions[])(struct domain_store *s, struct store_request *q) = {
	[PV_STORE_CONTROL] = do_forbidden,
	[PV_STORE_DIRECTORY] = store_do_directory,
	[PV_STORE_READ] = store_do_read,
	[PV_STORE_GET_PERMS] = store_do_get_perms,
	[PV_STORE_WATCH] = store_do_watch,
	[PV_STORE_UNWATCH] = store_do_unwatch,
	[PV_STORE_TRANSACTION_START] = store_do_transaction_start,
	[PV_STORE_TRANSACTION_END] = store_do_transaction_end,
	[PV_STORE_INTRODUCE] = do_forbidden,
	[PV_STORE_RELEASE] = do_forbidden,
	[PV_STORE_GET_DOMAIN_PATH] = do_get_domain_path,
	[PV_STORE_WRITE] = store_do_write,
	[PV_STORE_MKDIR] = store_do_mkdir,
	[PV_STORE_RM] = store_do_rm,
	[PV_STORE_SET_PERMS] = store_do_set_perms,
	[PV_STORE_IS_DOMAIN_INTRODUCED] = do_is_domain_introduced,
	[PV_STORE_RESUME] = do_forbidden,
	[PV_STORE_SET_TARGET] = do_forbidden,
	[PV_STORE_RESET_WATCHES] = do_reset_watches,
	[PV_STORE_DIRECTORY_PART] = store_do_directory_part,
};

static const char *error_name(int rc)
{
	switch (-rc) {
	case PV_ENOENT:
		return "ENOENT";
	case PV_E2BIG:
		return "E2BIG";
	case PV_EAGAIN:
		return "EAGAIN";
	case PV_ENOMEM:
		return "ENOMEM";
	case PV_EACCES:
		return "EACCES";
	case PV_EBUSY:
		return "EBUSY";
	case PV_EEXIST:
		return "EEXIST";
	case PV_ENOSPC:
		return "ENOSPC";
	case PV_ENOSYS:
		return "ENOSYS";
	default:
		return "EINVAL";
	}
}

static int act(struct domain_store *s, struct store_request *q)
{
	const struct pv_store_header *h = &s->header;

	if (h->type >= ARRAY_SIZE(actions) || actions[h->type] == NULL) {
		return -PV_ENOSYS;
	}
	q->tree = s->tree;
	if (h->tx_id != 0) {
		q->tx = store_find_transaction(s, h->tx_id);
		if (q->tx == NULL) {
			return -PV_ENOENT;
		}
		q->tree = q->tx->tree;
	}
	return actions[h->type](s, q);
}

void store_handle_message(struct domain_store *s)
{
	struct store_request q = { .at = s->payload, .left = s->header.len };
	struct pv_store_header h = s->header;
	int rc;

	s->payload[h.len] = '\0';
	s->reply_size = 0;
	rc = act(s, &q);
	if (rc != 0) {
		s->reply_size = 0;
		h.type = PV_STORE_ERROR;
		(void)store_reply_string(s, error_name(rc));
	}
	h.len = s->reply_size;
	/* There is room: a message is taken only when the longest reply fits. */
	store_queue_message(s, &h, s->reply, s->reply_size, NULL, 0);
	if (rc == 0 && q.then != NULL) {
		q.then(s, &q);
	}
}
