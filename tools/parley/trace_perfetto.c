/* The Chrome trace format; see trace_perfetto.h. */
#include "trace_perfetto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <parley/hypercall.h>
#include <parley/stats.h>

#include "trace_json.h"
#include "trace_text.h"

#define TAIL "\n]}\n"

/* Processes of the format: the CPUs, and a domain each. */
#define PROCESS_CPUS   1
#define PROCESS_DOMAIN 1000 /* and its number */

int trace_perfetto_begin(struct trace_perfetto *perfetto, FILE *to, const struct trace_names *names)
{
	*perfetto = (struct trace_perfetto){ .to = to, .names = names };
	fputs("{\"displayTimeUnit\": \"ns\", \"traceEvents\": [", to);
	return trace_perfetto_flush(perfetto);
}

int trace_perfetto_flush(struct trace_perfetto *perfetto)
{
	if (fputs(TAIL, perfetto->to) < 0 || fflush(perfetto->to)) {
		return -1;
	}
	return fseek(perfetto->to, -(long)(sizeof(TAIL) - 1), SEEK_CUR);
}

void trace_perfetto_free(struct trace_perfetto *perfetto)
{
	free(perfetto->tracks);
	perfetto->tracks = NULL;
	perfetto->track_count = 0;
}

/* ---- single events ---- */

/* Writes an event and drops the reference. */
static void put(struct trace_perfetto *perfetto, json_t *event)
{
	fputs(perfetto->events++ ? ",\n" : "\n", perfetto->to);
	/* Nanoseconds, for eleven days; more digits would be those of the number's own error. */
	json_dumpf(event, perfetto->to, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(event);
}

/* Microseconds, which is what the format counts in. */
static double to_us(uint64_t ns)
{
	return (double)ns / 1000.0;
}

static json_t *make_event(const char *phase, const char *name, uint64_t ns, uint32_t process,
			  uint32_t thread)
{
	return json_pack("{s:s, s:s, s:f, s:I, s:I}", "ph", phase, "name", name, "ts", to_us(ns),
			 "pid", (json_int_t)process, "tid", (json_int_t)thread);
}

static void put_name(struct trace_perfetto *perfetto, const char *what, uint32_t process,
		     uint32_t thread, const char *name)
{
	json_t *event = make_event("M", what, 0, process, thread);

	json_object_set_new(event, "args", json_pack("{s:s}", "name", name));
	put(perfetto, event);
}

/* ---- tracks ---- */

static bool has_process(const struct trace_perfetto *perfetto, uint32_t process)
{
	for (size_t i = 0; i < perfetto->track_count; i++) {
		if (perfetto->tracks[i].process == process) {
			return true;
		}
	}
	return false;
}

static void name_track(struct trace_perfetto *perfetto, uint32_t process, uint32_t thread)
{
	char name[TRACE_WHO_MAX], number[16];

	if (!has_process(perfetto, process)) {
		put_name(perfetto, "process_name", process, 0,
			 process == PROCESS_CPUS ?
				 "CPUs" :
				 trace_names_get(perfetto->names,
						 (uint16_t)(process - PROCESS_DOMAIN), number));
	}
	snprintf(name, sizeof(name), "%s %u", process == PROCESS_CPUS ? "CPU" : "vCPU", thread);
	put_name(perfetto, "thread_name", process, thread, name);
}

/* The track, made and named when it is first needed. */
static struct trace_track *get_track(struct trace_perfetto *perfetto, uint32_t process,
				     uint32_t thread)
{
	struct trace_track *track;

	for (size_t i = 0; i < perfetto->track_count; i++) {
		track = &perfetto->tracks[i];
		if (track->process == process && track->thread == thread) {
			return track;
		}
	}
	name_track(perfetto, process, thread);
	perfetto->tracks = reallocarray(perfetto->tracks, perfetto->track_count + 1,
					sizeof(*perfetto->tracks));
	if (!perfetto->tracks) {
		abort();
	}
	track = &perfetto->tracks[perfetto->track_count++];
	*track = (struct trace_track){ .process = process, .thread = thread };
	return track;
}

static struct trace_track *get_vcpu_track(struct trace_perfetto *perfetto, uint64_t domid,
					  uint64_t vcpu)
{
	return get_track(perfetto, PROCESS_DOMAIN + (uint32_t)domid, (uint32_t)vcpu);
}

/* ---- records ---- */

/* How long it was there, also for others: in ns, or before the clock is known in cycles. */
static uint64_t get_length(const struct trace_perfetto *perfetto,
			   const struct pv_trace_record *record)
{
	uint64_t cycles = record->cycles + record->others;

	return perfetto->tsc_khz ? (uint64_t)((double)cycles * 1e6 / (double)perfetto->tsc_khz) :
				   cycles;
}

static void put_slice(struct trace_perfetto *perfetto, const struct trace_track *track,
		      const char *name, uint64_t ns, uint64_t length_ns, json_t *args)
{
	json_t *event = make_event("X", name, ns, track->process, track->thread);

	json_object_set_new(event, "dur", json_real(to_us(length_ns)));
	json_object_set_new(event, "args", args);
	put(perfetto, event);
}

static void put_instant(struct trace_perfetto *perfetto, const struct trace_track *track,
			const char *name, uint64_t ns, json_t *args)
{
	json_t *event = make_event("i", name, ns, track->process, track->thread);

	json_object_set_new(event, "s", json_string("t"));
	json_object_set_new(event, "args", args);
	put(perfetto, event);
}

/* A slice as long as the record says, with all that it says. */
static void put_span(struct trace_perfetto *perfetto, const struct trace_track *track,
		     const char *name, const struct trace_item *item)
{
	put_slice(perfetto, track, name, item->record.time_ns, get_length(perfetto, &item->record),
		  trace_json_make(item, perfetto->names));
}

static void put_call(struct trace_perfetto *perfetto, const struct trace_track *track,
		     const struct trace_item *item)
{
	const struct abi_operation *op = trace_get_operation(item);
	char name[96], number[24];

	snprintf(name, sizeof(name), "%s%s%s", trace_get_call_name(item, number), op ? "." : "",
		 op ? op->name : "");
	put_span(perfetto, track, name, item);
}

static void put_emulation(struct trace_perfetto *perfetto, const struct trace_track *track,
			  const struct trace_item *item)
{
	put_span(perfetto, track,
		 item->record.number == PV_STATS_ENTRY_table_write ?
			 "table_write" :
			 trace_get_instruction(item->record.args[1]),
		 item);
}

static void put_flow(struct trace_perfetto *perfetto, const struct trace_track *track,
		     const char *phase, uint64_t ns, uint64_t flow)
{
	json_t *event = make_event(phase, "event", ns, track->process, track->thread);

	json_object_set_new(event, "cat", json_string("event"));
	json_object_set_new(event, "id", json_integer((json_int_t)flow));
	if (*phase == 'f') {
		json_object_set_new(event, "bp", json_string("e"));
	}
	put(perfetto, event);
}

static void put_event(struct trace_perfetto *perfetto, const struct trace_item *item)
{
	const struct pv_trace_record *record = &item->record;
	struct trace_track *track;
	char name[32];

	snprintf(name, sizeof(name), "event port %" PRIu64, record->args[0]);
	if (record->args[1] && record->args[3] != PV_TRACE_IDLE) {
		put_flow(perfetto, get_vcpu_track(perfetto, record->args[1], record->args[3]), "s",
			 record->time_ns, ++perfetto->flows);
		track = get_vcpu_track(perfetto, record->domid, record->vcpu);
		if (track->flow_count < TRACE_PERFETTO_FLOWS) {
			track->flow[track->flow_count++] = perfetto->flows;
		}
	}
	put_instant(perfetto, get_vcpu_track(perfetto, record->domid, record->vcpu), name,
		    record->time_ns, trace_json_make(item, perfetto->names));
}

static void put_upcall(struct trace_perfetto *perfetto, struct trace_track *track,
		       const struct trace_item *item)
{
	put_span(perfetto, track, "upcall", item);
	for (size_t i = 0; i < track->flow_count; i++) {
		put_flow(perfetto, track, "f", item->record.time_ns, track->flow[i]);
	}
	track->flow_count = 0;
}

/* Who ran until now: on the CPU's track under its name, on its own under the CPU's. */
static void put_switch(struct trace_perfetto *perfetto, const struct pv_trace_record *record)
{
	uint64_t since = record->time_ns - record->args[2];
	char who[TRACE_WHO_MAX], where[16];

	if (record->args[0] == PV_TRACE_IDLE) {
		(void)get_track(perfetto, PROCESS_CPUS, record->cpu);
		return;
	}
	trace_describe_who(perfetto->names, record->args[0], who);
	put_slice(perfetto, get_track(perfetto, PROCESS_CPUS, record->cpu), who, since,
		  record->args[2], json_object());
	snprintf(where, sizeof(where), "on CPU %u", record->cpu);
	put_slice(perfetto,
		  get_vcpu_track(perfetto, record->args[0] >> 16, record->args[0] & 0xffff), where,
		  since, record->args[2], json_object());
}

static void put_lost(struct trace_perfetto *perfetto, const struct pv_trace_record *record)
{
	char name[48];

	snprintf(name, sizeof(name), "%" PRIu64 " records lost", record->args[0]);
	put_instant(perfetto, get_track(perfetto, PROCESS_CPUS, record->cpu), name, record->time_ns,
		    json_pack("{s:I}", "lost", (json_int_t)record->args[0]));
}

static void put_on_vcpu(struct trace_perfetto *perfetto, const struct trace_item *item)
{
	const struct pv_trace_record *record = &item->record;
	struct trace_track *track = get_vcpu_track(perfetto, record->domid, record->vcpu);
	char exception[16];

	switch (record->kind) {
	case PV_TRACE_upcall:
		put_upcall(perfetto, track, item);
		break;
	case PV_TRACE_emulation:
		put_emulation(perfetto, track, item);
		break;
	case PV_TRACE_exception:
		put_span(perfetto, track, trace_get_exception(record->number, exception), item);
		break;
	case PV_TRACE_syscall:
		put_span(perfetto, track, "system call", item);
		break;
	case PV_TRACE_domain:
		put_instant(perfetto, track, "domain", record->time_ns,
			    trace_json_make(item, perfetto->names));
		break;
	default:
		put_call(perfetto, track, item);
		break;
	}
}

void trace_perfetto_put(struct trace_perfetto *perfetto, const struct trace_item *item)
{
	switch (item->record.kind) {
	case PV_TRACE_clock:
		perfetto->tsc_khz = item->record.args[0];
		break;
	case PV_TRACE_lost:
		put_lost(perfetto, &item->record);
		break;
	case PV_TRACE_switch:
		put_switch(perfetto, &item->record);
		break;
	case PV_TRACE_event:
		put_event(perfetto, item);
		break;
	default:
		put_on_vcpu(perfetto, item);
		break;
	}
}
