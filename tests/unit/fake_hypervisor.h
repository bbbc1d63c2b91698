/*
 * The hypervisor's end of a control line, in a process of its own: it keeps domains and images,
 * carries out what is asked and remembers what that was. Its state is in memory that the test
 * shares. Read next: fake_session.h, which holds such a machine.
 */
#ifndef UNIT_FAKE_HYPERVISOR_H
#define UNIT_FAKE_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/control.h>
#include <parley/control_op.h>

#define FAKE_DOMAINS_MAX  80
#define FAKE_REQUESTS_MAX 512
#define FAKE_IMAGES_MAX   16
#define FAKE_IMAGE_SIZE   ((size_t)512 * 1024)

/* A request as it was on the line, without the data of image_write. */
struct fake_request {
	uint32_t op;
	uint32_t size;
	union {
		uint8_t bytes[sizeof(struct pv_control_list)];
		struct pv_control_domain_id id;
		struct pv_control_shutdown shutdown;
		struct pv_control_create create;
		struct pv_control_memory memory;
		struct pv_control_vcpus vcpus;
		struct pv_control_sched sched;
		struct pv_control_image image;
		struct pv_control_trace trace;
	};
};

struct fake_image {
	uint32_t number;
	bool is_freed;
	uint64_t size;
	uint64_t written;
	uint8_t bytes[FAKE_IMAGE_SIZE];
};

/* The fake hypervisor's state; everything may be changed while it runs. */
struct fake_state {
	struct pv_control_domain domains[FAKE_DOMAINS_MAX];
	volatile uint32_t domain_count;
	volatile int32_t results
		[PV_CONTROLOPS]; /* what an operation gives in place of being done, 0: it is done */
	volatile uint32_t is_up; /* has said hello, and which domains run */
	volatile bool is_mute;   /* answers nothing */
	volatile uint32_t delay; /* microseconds before an answer */
	volatile uint32_t overlaps;      /* requests that came before the last one was answered */
	volatile uint32_t request_count; /* since the start; the last of them are kept */
	struct fake_request requests[FAKE_REQUESTS_MAX];
	volatile uint32_t writes; /* image_write among them, not kept */
	struct fake_image images[FAKE_IMAGES_MAX];
	volatile uint32_t image_count;
	volatile bool sees_window; /* else what the session has there is not for it */
	uint8_t window[PV_CONTROL_WRITE_MAX];
	volatile size_t input_size;
	char input[65536];
	uint16_t next_domid;
	volatile uint64_t time_ns;
};

/* The report of a domain that crashed; set it before the machine starts. */
extern const char *fake_oops;

/* One more domain, running, with the next number. */
void fake_domain_add(struct fake_state *state, const char *name);

/* Be the hypervisor at this end of the line until the other one closes, then exit. */
__attribute__((noreturn)) void fake_hypervisor_run(struct fake_state *state, int line);

/* Send a frame; one that says what became of a domain (PV_DOMAIN_STATE_*, PV_SHUTDOWN_*). */
void fake_line_send(int fd, uint8_t type, uint16_t domid, const void *payload, size_t size);
void fake_line_send_state(int fd, uint16_t domid, const char *name, uint8_t state, uint8_t reason);

#endif
