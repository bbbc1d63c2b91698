/*
 * Images of new domains on their way to the hypervisor. One that it has already is not sent
 * again; the hub keeps a few that nobody uses at the moment, since the next domain is
 * often made from the same kernel.
 */
#include "hub_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <parley/control_op.h>
#include <parley/errno.h>

#include "link.h"

#define KEPT_MAX      8 /* images that nobody uses */
#define PROGRESS_STEP ((uint64_t)64 * 1024)
#define PAGE          ((size_t)4096)
#define PIECE_MAX                                               \
	(PV_LINE_PAYLOAD_MAX - sizeof(struct pv_line_request) - \
	 sizeof(struct pv_control_image_write))

static uint32_t get_bit(const struct hub *hub, const struct hub_image *image)
{
	return 1U << (image - hub->images);
}

/* True where some client waits for it or may still use it. */
static bool is_pinned(const struct hub *hub, const struct hub_image *image)
{
	uint32_t bit = get_bit(hub, image);

	for (size_t i = 0; i < hub->client_count; i++) {
		if ((hub->clients[i]->pins | hub->clients[i]->waits) & bit) {
			return true;
		}
	}
	return false;
}

static void forget(struct hub_image *image)
{
	if (image->fd >= 0) {
		close(image->fd);
	}
	*image = (struct hub_image){ .is_used = false };
}

/* ---- a client asks ---- */

static struct hub_image *find_same(struct hub *hub, const struct link_image *wanted)
{
	for (size_t i = 0; i < HUB_IMAGES_MAX; i++) {
		struct hub_image *image = &hub->images[i];

		if (image->is_used && !image->is_failed && image->size == wanted->size &&
		    !memcmp(image->key, wanted->key, sizeof(image->key))) {
			return image;
		}
	}
	return NULL;
}

static struct hub_image *find_room(struct hub *hub)
{
	for (size_t i = 0; i < HUB_IMAGES_MAX; i++) {
		if (!hub->images[i].is_used) {
			return &hub->images[i];
		}
	}
	return NULL;
}

/* A file that changed or shrank while it is sent would not be what its key says. */
static bool is_fit(int fd, uint64_t size)
{
	int seals = fd >= 0 ? fcntl(fd, F_GET_SEALS) : -1;
	struct stat status;

	return seals >= 0 && (seals & F_SEAL_WRITE) && (seals & F_SEAL_SHRINK) && size > 0 &&
	       fstat(fd, &status) == 0 && (uint64_t)status.st_size == size;
}

static struct hub_image *begin(struct hub *hub, struct hub_client *client,
			       const struct link_image *wanted)
{
	struct hub_image *image = find_room(hub);

	if (!is_fit(client->passed_fd, wanted->size)) {
		hub_client_refuse(client, wanted->sequence,
				  "an image must be a sealed file in memory");
		return NULL;
	}
	if (!image) {
		hub_client_refuse(client, wanted->sequence,
				  "too many images are under way (try again in a moment)");
		return NULL;
	}
	*image = (struct hub_image){ .is_used = true,
				     .size = wanted->size,
				     .fd = client->passed_fd };
	memcpy(image->key, wanted->key, sizeof(image->key));
	client->passed_fd = -1;
	return image;
}

static void say_ready(const struct hub *hub, const struct hub_image *image,
		      struct hub_client *client)
{
	struct link_ready ready = { client->image_sequence[image - hub->images], image->number };

	client->waits &= ~get_bit(hub, image);
	hub_client_send(client, LINK_READY, 0, &ready, sizeof(ready));
}

void hub_image_ask(struct hub *hub, struct hub_client *client, const uint8_t *payload, size_t size)
{
	struct link_image wanted;
	struct hub_image *image;

	if (size < sizeof(wanted)) {
		return;
	}
	memcpy(&wanted, payload, sizeof(wanted));
	image = find_same(hub, &wanted);
	if (!image) {
		image = begin(hub, client, &wanted);
	}
	if (!image) {
		return;
	}
	image->touched = ++hub->image_clock;
	client->pins |= get_bit(hub, image);
	client->waits |= get_bit(hub, image);
	client->image_sequence[image - hub->images] = wanted.sequence;
	if (image->is_ready) {
		say_ready(hub, image, client);
	}
}

static void finish(struct hub *hub, struct hub_image *image)
{
	image->is_ready = true;
	close(image->fd);
	image->fd = -1;
	for (size_t i = 0; i < hub->client_count; i++) {
		if (hub->clients[i]->waits & get_bit(hub, image)) {
			say_ready(hub, image, hub->clients[i]);
		}
	}
}

/* ---- sending ---- */

/* The image that was not asked for longest, of those that nobody uses. */
static struct hub_image *find_oldest(struct hub *hub, size_t *count)
{
	struct hub_image *oldest = NULL;

	*count = 0;
	for (size_t i = 0; i < HUB_IMAGES_MAX; i++) {
		struct hub_image *image = &hub->images[i];

		if (image->is_used && !is_pinned(hub, image)) {
			++*count;
			if (!oldest || image->touched < oldest->touched) {
				oldest = image;
			}
		}
	}
	return oldest;
}

/* Gives an image back. Its entry stays, as failed, until the answer. */
static void send_free(struct hub *hub, struct hub_image *image, double time)
{
	struct pv_control_image what = { .image = image->number };

	image->is_failed = true;
	hub_send(hub, PV_CONTROLOP_image_free, &what, sizeof(what), time);
	hub->flight.image = image;
}

static void send_new(struct hub *hub, struct hub_image *image, double time)
{
	struct pv_control_image what = { .size = image->size };

	hub_send(hub, PV_CONTROLOP_image_new, &what, sizeof(what), time);
	hub->flight.image = image;
}

/* Bytes, by pages, that are zero from the start, or that are not. */
static size_t count_pages(const uint8_t *bytes, size_t size, bool zero)
{
	static const uint8_t zeroes[PAGE];
	size_t at = 0;

	while (at < size) {
		size_t length = size - at < PAGE ? size - at : PAGE;

		if (!memcmp(bytes + at, zeroes, length) != zero) {
			break;
		}
		at += length;
	}
	return at;
}

/*
 * Reads the next piece to the front of "bytes", without what is zero, which what is not written of
 * an image is anyway: half of a kernel's, often. Returns its size, 0 at the end, -1 on failure.
 */
static ssize_t read_piece(struct hub_image *image, uint8_t *bytes, size_t most)
{
	while (image->done < image->size) {
		uint64_t left = image->size - image->done;
		size_t size = left < most ? (size_t)left : most;
		size_t skip;

		if (pread(image->fd, bytes, size, (off_t)image->done) != (ssize_t)size) {
			return -1;
		}
		skip = count_pages(bytes, size, true);
		if (!skip) {
			return (ssize_t)count_pages(bytes, size, false);
		}
		image->done += skip;
	}
	return 0;
}

/* Through the window if there is one, which is some hundred times as fast as the line. */
static void send_piece(struct hub *hub, struct hub_image *image, double time)
{
	struct pv_control_image_write what = { .image = image->number };
	uint8_t request[PV_LINE_PAYLOAD_MAX];
	uint8_t *window = hub->host.window;
	ssize_t size = window ? read_piece(image, window, PV_CONTROL_WRITE_MAX) :
				read_piece(image, request + sizeof(what), PIECE_MAX);

	if (size < 0) {
		hub_image_fail(hub, image, "the image cannot be read");
		return;
	}
	if (size == 0) {
		finish(hub, image);
		return;
	}
	image->piece = (size_t)size;
	what.offset = image->done;
	what.bytes = (uint32_t)size;
	what.data = window ? PV_CONTROL_DATA_WINDOW : 0;
	memcpy(request, &what, sizeof(what));
	hub_send(hub, PV_CONTROLOP_image_write, request, sizeof(what) + (window ? 0 : (size_t)size),
		 time);
	hub->flight.image = image;
}

/* One that failed, or that nobody waits for any more, or one too many. */
static bool run_removal(struct hub *hub, double time)
{
	size_t idle;
	struct hub_image *victim = find_oldest(hub, &idle);

	for (size_t i = 0; i < HUB_IMAGES_MAX; i++) {
		struct hub_image *image = &hub->images[i];

		if (image->is_used &&
		    (image->is_failed || (!image->is_ready && !is_pinned(hub, image)))) {
			victim = image;
			idle = KEPT_MAX + 1;
		}
	}
	if (!victim || idle <= KEPT_MAX) {
		return false;
	}
	if (!victim->number) {
		forget(victim);
		return false;
	}
	send_free(hub, victim, time);
	return true;
}

bool hub_image_run(struct hub *hub, double time)
{
	if (run_removal(hub, time)) {
		return true;
	}
	for (size_t i = 0; i < HUB_IMAGES_MAX; i++) {
		struct hub_image *image = &hub->images[i];

		if (!image->is_used || image->is_ready || image->is_failed) {
			continue;
		}
		if (image->number) {
			send_piece(hub, image, time);
		} else {
			send_new(hub, image, time);
		}
		return hub->flight.is_waiting;
	}
	return false;
}

/* ---- answers ---- */

static void tell_progress(struct hub *hub, const struct hub_image *image)
{
	size_t index = (size_t)(image - hub->images);

	for (size_t i = 0; i < hub->client_count; i++) {
		struct hub_client *client = hub->clients[i];
		struct link_progress progress = { .sequence = client->image_sequence[index],
						  .done = image->done,
						  .total = image->size };

		if ((client->waits & get_bit(hub, image)) && !outqueue_is_full(&client->out)) {
			hub_client_send(client, LINK_PROGRESS, 0, &progress, sizeof(progress));
		}
	}
}

static void take_piece(struct hub *hub, struct hub_image *image)
{
	uint64_t before = image->done;

	image->done += image->piece;
	if (image->done == image->size) {
		finish(hub, image);
	} else if (image->done / PROGRESS_STEP != before / PROGRESS_STEP) {
		tell_progress(hub, image);
	}
}

/* Without memory those go that nobody uses; then the same is tried again. */
static bool can_make_room(struct hub *hub, int32_t result)
{
	size_t idle;
	struct hub_image *oldest = find_oldest(hub, &idle);

	if (result != -PV_ENOMEM || !oldest) {
		return false;
	}
	oldest->is_failed = true;
	return true;
}

void hub_image_take(struct hub *hub, struct hub_image *image, int32_t result,
		    const uint8_t *structure, size_t size)
{
	struct pv_control_image what;

	if (image->is_failed) {
		forget(image);
	} else if (result == -PV_EOPNOTSUPP && hub->host.window) {
		/* A hypervisor that does not see it: the same again, over the line. */
		hub->host.window = NULL;
	} else if (result < 0 && !can_make_room(hub, result)) {
		hub_image_fail(
			hub, image,
			result == -PV_ENOMEM ?
				"the machine has too little memory left for the image (start it "
				"with a larger --machine-memory, or end a domain)" :
				"the hypervisor refuses the image");
	} else if (result >= 0 && image->number) {
		take_piece(hub, image);
	} else if (result >= 0 && size >= sizeof(what)) {
		memcpy(&what, structure, sizeof(what));
		image->number = what.image;
	}
}

void hub_image_fail(struct hub *hub, struct hub_image *image, const char *why)
{
	uint32_t bit = get_bit(hub, image);

	for (size_t i = 0; i < hub->client_count; i++) {
		struct hub_client *client = hub->clients[i];

		if (client->waits & bit) {
			hub_client_refuse(client, client->image_sequence[image - hub->images], "%s",
					  why);
		}
		client->waits &= ~bit;
		client->pins &= ~bit;
	}
	image->is_failed = true;
}

void hub_image_free(struct hub *hub)
{
	for (size_t i = 0; i < HUB_IMAGES_MAX; i++) {
		if (hub->images[i].is_used) {
			forget(&hub->images[i]);
		}
	}
}
