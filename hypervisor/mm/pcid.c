/*
 * What must be flushed beyond the half that is loaded.
 *
 * A whole flush changes CR4.PGE, which drops the translations of all PCIDs. But
 * INVLPG drops those of the present PCID and global ones; a guest that asks for
 * it means both halves. And a new user root must drop what is tagged for user
 * mode, since its next load leaves that alone.
 *
 * The flush may be another CPU's wish and come while either half is loaded, or the
 * idle root: then nothing is held, for that was loaded with everything dropped.
 *
 * Without INVPCID another PCID is loaded for a moment without CR3_NOFLUSH, with
 * the idle root: it leads to nothing but the hypervisor's range, which is the same
 * in every root, so nothing of that root can be mistaken later.
 *
 * Read next: ../domain/domain.h (vcpu_set_user_root), ../cpu/entry.S.
 */
#include "mm/pcid.h"

#include "mm/addr.h"
#include "mm/paging.h"
#include "mm/tlb.h"

struct pcid_tags pcid_tags;
static bool has_invpcid;

void pcid_flush(u64 pcid)
{
	u64 cr3;

	if (has_invpcid) {
		tlb_insn_flush_pcid(pcid);
		return;
	}
	cr3 = tlb_insn_cr3();
	tlb_insn_set_cr3(mfn_to_maddr(paging_idle_root()).v | pcid);
	tlb_insn_set_cr3(cr3 | CR3_NOFLUSH);
}

static u64 other_half(void)
{
	return (tlb_insn_cr3() & CR3_PCID) == PCID_KERNEL ? PCID_USER : PCID_KERNEL;
}

static void flush_page_by_reload(u64 va)
{
	tlb_insn_flush_page(va);
	pcid_flush(other_half());
}

/* INVLPG does nothing with an address that is not canonical, INVPCID faults. */
static u64 make_canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16);
}

static void flush_page_by_invpcid(u64 va)
{
	tlb_insn_flush_page(va);
	tlb_insn_flush_page_of(other_half(), make_canonical(va));
}

void pcid_use(enum pcid_use use)
{
	static void (*const flush_page[])(u64 va) = {
		[PCID_UNUSED] = tlb_flush_own_page_local,
		[PCID_BY_RELOAD] = flush_page_by_reload,
		[PCID_BY_INVPCID] = flush_page_by_invpcid,
	};

	has_invpcid = use == PCID_BY_INVPCID;
	pcid_tags.kernel = use == PCID_UNUSED ? 0 : PCID_KERNEL | CR3_NOFLUSH;
	pcid_tags.user = use == PCID_UNUSED ? 0 : PCID_USER | CR3_NOFLUSH;
	tlb_flush_page_local = flush_page[use];
}
