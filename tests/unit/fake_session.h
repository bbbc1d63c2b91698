/*
 * A machine that `parley run` holds, without one: a process that speaks the control line as the
 * hypervisor does, a session that holds it, and the verbs run against their socket.
 *
 * The hypervisor's state is in memory that the test shares, so it can be prepared and
 * looked at without asking; frames of its own the test sends by fake_machine_say.
 */
#ifndef TESTS_UNIT_FAKE_SESSION_H
#define TESTS_UNIT_FAKE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

struct fake_machine {
	struct fake_state *state;
	pid_t session; /* the process that is `parley run` */
	int line;      /* the hypervisor's end */
	int out;       /* what the session wrote */
	int err;
	char folder[64]; /* the runtime directory */
};

/* What a verb wrote, and its status. */
struct fake_result {
	int status; /* 128 + N ended by signal N */
	char out[65536];
	char err[8192];
};

/* Starts a machine called "name" with domains 1 "one" (running) and 2 "two" (running). */
void fake_machine_start(struct fake_machine *machine, const char *name);

/* The same in the folder of another, or, with patience, giving up on the hypervisor sooner. */
void fake_machine_start_in(struct fake_machine *machine, const char *name, const char *folder,
			   double patience);

/* The hypervisor sends a frame. */
void fake_machine_say(struct fake_machine *machine, uint8_t type, uint16_t domid,
		      const void *payload, size_t size);
void fake_machine_say_state(struct fake_machine *machine, uint16_t domid, const char *name,
			    uint8_t state, uint8_t reason);

/* All domains power off, the hypervisor says good-bye. Returns the session's exit status. */
int fake_machine_end(struct fake_machine *machine);

/* Waits for the session's end; returns its status. */
int fake_machine_wait(struct fake_machine *machine);

/* Waits, at most 10 s, until a number that the hypervisor changes is at least "least". */
bool fake_wait_for(const volatile uint32_t *number, uint32_t least);

/* The last request with this operation, or NULL. */
const struct fake_request *fake_find_request(const struct fake_machine *machine, uint32_t op);
uint32_t fake_count_requests(const struct fake_machine *machine, uint32_t op);

/* Runs a verb in a process of its own; "words" is the command line, split at spaces. */
typedef int fake_verb_fn(int argc, char **argv);
struct fake_result *fake_run(fake_verb_fn *verb, const char *words);

/* The same without waiting: its standard input is "input" (or /dev/null for -1). */
pid_t fake_spawn(fake_verb_fn *verb, const char *words, int input, int out, int err);

/* The report of a domain that crashed; set it before the machine starts. */
extern const char *fake_oops;

/* The same on a terminal of its own, of "rows" lines: *screen is the end that a person has. */
pid_t fake_spawn_on_terminal(fake_verb_fn *verb, const char *words, unsigned short rows,
			     int *screen);

#endif
