/* Event ports and their handlers; see events.h. */
#include "events.h"

#include <stdint.h>

#include "cpu.h"
#include "hypercall.h"
#include "power.h"
#include "start.h"
#include "string.h"

#define PORT_COUNT 4096u
#define WORD_BITS  64u

struct port_entry {
	event_handler_t handler;
	void *arg;
};

static struct port_entry ports[PORT_COUNT];

/* The ports each vCPU serves; others may be pending in the same word. */
static uint64_t served[KIT_MAX_VCPUS][PORT_COUNT / WORD_BITS];

static void bit_set(uint64_t *words, unsigned n)
{
	__atomic_fetch_or(&words[n / WORD_BITS], 1ul << (n % WORD_BITS), __ATOMIC_SEQ_CST);
}

static void bit_clear(uint64_t *words, unsigned n)
{
	__atomic_fetch_and(&words[n / WORD_BITS], ~(1ul << (n % WORD_BITS)), __ATOMIC_SEQ_CST);
}

void events_init(void)
{
	memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
}

static int port_open(unsigned port, unsigned vcpu, event_handler_t handler, void *arg)
{
	if (port >= PORT_COUNT || vcpu >= KIT_MAX_VCPUS) {
		power_panic("port %u for vCPU %u out of range", port, vcpu);
	}
	ports[port] = (struct port_entry){ .handler = handler, .arg = arg };
	bit_set(served[vcpu], port);
	events_unmask(port);
	return (int)port;
}

int events_bind_virq(unsigned virq, unsigned vcpu, event_handler_t handler, void *arg)
{
	struct pv_evtchn_bind_virq bind = { .virq = virq, .vcpu = vcpu };
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_bind_virq, &bind);

	return rc != 0 ? (int)rc : port_open(bind.port, vcpu, handler, arg);
}

int events_bind_ipi(unsigned vcpu, event_handler_t handler, void *arg)
{
	struct pv_evtchn_bind_ipi bind = { .vcpu = vcpu };
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_bind_ipi, &bind);

	return rc != 0 ? (int)rc : port_open(bind.port, vcpu, handler, arg);
}

int events_alloc_unbound(unsigned remote, event_handler_t handler, void *arg)
{
	struct pv_evtchn_alloc_unbound alloc = {
		.dom = PV_DOMID_SELF,
		.remote_dom = (uint16_t)remote,
	};
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc);

	return rc != 0 ? (int)rc : port_open(alloc.port, 0, handler, arg);
}

int events_bind_interdomain(unsigned remote, unsigned remote_port, event_handler_t handler,
			    void *arg)
{
	struct pv_evtchn_bind_interdomain bind = {
		.remote_dom = (uint16_t)remote,
		.remote_port = remote_port,
	};
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &bind);

	return rc != 0 ? (int)rc : port_open(bind.local_port, 0, handler, arg);
}

void events_attach(unsigned port, event_handler_t handler, void *arg)
{
	port_open(port, 0, handler, arg);
}

int events_close(unsigned port)
{
	struct pv_evtchn_close close = { .port = port };

	events_mask(port);
	for (unsigned vcpu = 0; vcpu < KIT_MAX_VCPUS; vcpu++) {
		bit_clear(served[vcpu], port);
	}
	return (int)hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
}

int events_send(unsigned port)
{
	struct pv_evtchn_send send = { .port = port };

	return (int)hypercall_event_channel_op(PV_EVTCHNOP_send, &send);
}

void events_mask(unsigned port)
{
	bit_set((uint64_t *)shared_info->evtchn_mask, port);
}

/* By hypercall, since the port may be bound to another vCPU. */
void events_unmask(unsigned port)
{
	struct pv_evtchn_unmask unmask = { .port = port };

	hypercall_event_channel_op(PV_EVTCHNOP_unmask, &unmask);
}

bool events_is_pending(unsigned port)
{
	uint64_t word = __atomic_load_n((uint64_t *)&shared_info->evtchn_pending[port / WORD_BITS],
					__ATOMIC_ACQUIRE);

	return (word >> (port % WORD_BITS) & 1) != 0;
}

void events_enable(void)
{
	struct pv_vcpu_info *info = cpu_current()->info;

	__atomic_store_n(&info->evtchn_upcall_mask, 0, __ATOMIC_SEQ_CST);
	/* The hypervisor looks at the mask on its way back from any hypercall. */
	if (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_SEQ_CST) != 0) {
		hypercall_xen_version(PV_VERSION_version, NULL);
	}
}

bool events_disable(void)
{
	return __atomic_exchange_n(&cpu_current()->info->evtchn_upcall_mask, 1, __ATOMIC_SEQ_CST) ==
	       0;
}

void events_restore(bool enabled)
{
	if (enabled) {
		events_enable();
	}
}

void events_wait(void)
{
	hypercall_sched_op(PV_SCHEDOP_block, NULL);
	events_disable();
}

static void dispatch_word(unsigned word, const uint64_t *own)
{
	uint64_t *pending = (uint64_t *)&shared_info->evtchn_pending[word];
	uint64_t *mask = (uint64_t *)&shared_info->evtchn_mask[word];

	for (;;) {
		uint64_t ready = __atomic_load_n(pending, __ATOMIC_ACQUIRE) &
				 ~__atomic_load_n(mask, __ATOMIC_ACQUIRE) & own[word];
		unsigned port;

		if (ready == 0) {
			return;
		}
		port = word * WORD_BITS + (unsigned)__builtin_ctzl(ready);
		bit_clear((uint64_t *)shared_info->evtchn_pending, port);
		if (ports[port].handler != NULL) {
			ports[port].handler(port, ports[port].arg);
		}
	}
}

void events_dispatch(void)
{
	struct kit_cpu *cpu = cpu_current();
	struct pv_vcpu_info *info = cpu->info;

	/* Pending is cleared first: a later event sets it again and re-enters. */
	while (__atomic_exchange_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST) != 0) {
		uint64_t words =
			__atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);

		while (words != 0) {
			unsigned word = (unsigned)__builtin_ctzl(words);

			words &= words - 1;
			dispatch_word(word, served[cpu->id]);
		}
	}
}

unsigned events_own_domid(void)
{
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = PV_DOMID_SELF };
	struct pv_evtchn_status status = { .dom = PV_DOMID_SELF };
	struct pv_evtchn_close close;

	hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc);
	status.port = alloc.port;
	hypercall_event_channel_op(PV_EVTCHNOP_status, &status);
	close.port = alloc.port;
	hypercall_event_channel_op(PV_EVTCHNOP_close, &close);
	return status.u.unbound.dom;
}
