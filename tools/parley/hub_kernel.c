/*
 * Which file each domain's kernel was taken from, by the domain's UUID: the hypervisor has no use for
 * that, but who reads the report of a crash wants the symbols. The latest few are kept.
 */
#include "hub_state.h"

#include <stdlib.h>
#include <string.h>

#include "link.h"

static struct hub_kernel *find(struct hub *hub, const uint8_t uuid[16])
{
	for (size_t i = 0; i < HUB_KERNELS_MAX; i++) {
		if (hub->kernels[i].path && !memcmp(hub->kernels[i].uuid, uuid, 16)) {
			return &hub->kernels[i];
		}
	}
	return NULL;
}

void hub_tell_kernel(struct hub *hub, const uint8_t uuid[16], const char *path, size_t length)
{
	struct hub_kernel *kernel = find(hub, uuid);

	if (!kernel) {
		kernel = &hub->kernels[hub->kernel_next++ % HUB_KERNELS_MAX];
	}
	free(kernel->path);
	memcpy(kernel->uuid, uuid, sizeof(kernel->uuid));
	kernel->path = strndup(path, length);
	if (!kernel->path) {
		abort();
	}
}

void hub_kernel_take(struct hub *hub, const uint8_t *payload, size_t size)
{
	if (size > sizeof(struct link_kernel)) {
		hub_tell_kernel(hub, payload, (const char *)payload + sizeof(struct link_kernel),
				size - sizeof(struct link_kernel));
	}
}

void hub_kernel_answer(struct hub *hub, struct hub_client *client, const uint8_t *payload,
		       size_t size)
{
	uint8_t bytes[PV_LINE_PAYLOAD_MAX];
	const struct hub_kernel *kernel;
	size_t length;

	if (size < sizeof(struct link_kernel)) {
		return;
	}
	kernel = find(hub, payload);
	length = kernel ? strlen(kernel->path) : 0;
	if (length > sizeof(bytes) - sizeof(struct link_kernel)) {
		length = 0;
	}
	memcpy(bytes, payload, sizeof(struct link_kernel));
	if (length) {
		memcpy(bytes + sizeof(struct link_kernel), kernel->path, length);
	}
	hub_client_send(client, LINK_KERNEL, 0, bytes, sizeof(struct link_kernel) + length);
}

void hub_kernel_free(struct hub *hub)
{
	for (size_t i = 0; i < HUB_KERNELS_MAX; i++) {
		free(hub->kernels[i].path);
		hub->kernels[i].path = NULL;
	}
}
