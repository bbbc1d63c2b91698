/* The flush instructions of the host build; see fake_tlb.h. */
#include "fake_tlb.h"

#include <stdio.h>
#include <stdlib.h>

#include <seam/cpu.h>

#include "mm/pcid.h"

void (*fake_tlb_watch)(u32 cpu, const struct fake_tlb_event *what);
u64 fake_tlb_flushes[64];
u64 fake_tlb_cr3[64];
bool fake_tlb_has_invpcid;

static void tell(struct fake_tlb_event what)
{
	if (fake_tlb_watch != NULL) {
		fake_tlb_watch(cpu_id(), &what);
	}
}

void fake_tlb_flush_all(void)
{
	fake_tlb_flushes[cpu_id()]++;
	tell((struct fake_tlb_event){ .kind = FAKE_TLB_ALL });
}

void fake_tlb_flush_page(u64 va)
{
	tell((struct fake_tlb_event){
		.kind = FAKE_TLB_PAGE, .pcid = fake_tlb_cr3[cpu_id()] & CR3_PCID, .va = va });
}

static void expect_invpcid(u64 va)
{
	if (!fake_tlb_has_invpcid || (u64)((s64)(va << 16) >> 16) != va) {
		fprintf(stderr, "INVPCID faults, address %#lx\n", va);
		abort();
	}
}

void fake_tlb_flush_page_of(u64 pcid, u64 va)
{
	expect_invpcid(va);
	tell((struct fake_tlb_event){ .kind = FAKE_TLB_PAGE_OF, .pcid = pcid, .va = va });
}

void fake_tlb_flush_pcid(u64 pcid)
{
	expect_invpcid(0);
	tell((struct fake_tlb_event){ .kind = FAKE_TLB_PCID, .pcid = pcid });
}

void fake_tlb_set_cr3(u64 cr3)
{
	fake_tlb_cr3[cpu_id()] = cr3 & ~CR3_NOFLUSH;
	tell((struct fake_tlb_event){
		.kind = FAKE_TLB_CR3, .pcid = cr3 & CR3_PCID, .keeps = (cr3 & CR3_NOFLUSH) != 0 });
}
