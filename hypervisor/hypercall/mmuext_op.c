/*
 * Hypercall mmuext_op: pin and unpin tables, change roots, flush, load an LDT.
 * A batch of operations; each either is done whole or leaves nothing.
 *
 * Read next: memory_op.c.
 */
#include <parley/errno.h>
#include <parley/mmu.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "cpu/switch.h"
#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"
#include "hypercall/mmu_common.h"
#include "lib/string.h"
#include "mm/guest.h"
#include "mm/pcid.h"
#include "mm/ptable.h"
#include "mm/tlb.h"
#include "pv/descriptor.h"

/* The kernel half's root. Loaded before the old one is let go. */
static inline __attribute__((always_inline)) int new_baseptr(struct vcpu *v, u64 m)
{
	struct mm_owner *o = &v->domain->mm;
	int rc = frame_get_table(o, mfn(m), FRAME_L4);
	u64 old, stamp;

	if (unlikely(rc != 0)) {
		return rc;
	}
	old = v->kernel_cr3;
	vcpu_set_kernel_root(v, mfn_to_maddr(mfn(m)).v);
	o->stats[PV_STATS_WORK_base_pointer]++;
	stamp = tlb_load_root(v->kernel_load); /* its kernel mode is calling */
	frame_put_table(o, maddr_to_mfn(maddr(old)), stamp);
	return 0;
}

/* The user half's root, loaded at the next return to user mode; 0: none. */
static int op_new_user_baseptr(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	struct mm_owner *o = &v->domain->mm;
	u64 old = v->user_cr3;
	int rc = arg1 != 0 ? frame_get_table(o, mfn(arg1), FRAME_L4) : mm_reserve(o, MFN_INVALID);

	if (unlikely(rc != 0)) {
		return rc;
	}
	vcpu_set_user_root(v, mfn_to_maddr(mfn(arg1)).v);
	if (pcid_tags.user != 0) {
		pcid_flush(PCID_USER);
	}
	if ((old == 0) != (arg1 == 0)) {
		vcpu_update_path(v);
	}
	if (old != 0) {
		frame_put_table(o, maddr_to_mfn(maddr(old)), tlb_stamp());
	}
	return 0;
}

/* Ordinary memory filled or copied through the direct map. */
static int page_fill(struct mm_owner *o, u64 to, u64 from, bool is_copy)
{
	int rc;

	if (is_copy && frame_owned(o, from) == NULL) {
		return -PV_EINVAL;
	}
	rc = frame_get_type(o, mfn(to), FRAME_WRITABLE);
	if (rc != 0) {
		return rc;
	}
	if (is_copy) {
		memcpy(mfn_to_virt(mfn(to)), mfn_to_virt(mfn(from)), PAGE_SIZE);
	} else {
		memset(mfn_to_virt(mfn(to)), 0, PAGE_SIZE);
	}
	o->work += PTE_TABLE_ENTRIES;
	frame_put_type(o, mfn(to));
	return 0;
}

typedef int (*op_fn)(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2);

static int op_pin(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	return frame_pin(&v->domain->mm, mfn(arg1),
			 (enum frame_type)(FRAME_L1 + cmd - PV_MMUEXT_PIN_L1_TABLE));
}

static int op_unpin(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	int rc = mm_reserve(&v->domain->mm, MFN_INVALID);

	return rc != 0 ? rc : frame_unpin(&v->domain->mm, mfn(arg1));
}

static int op_flush_local(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	v->domain->mm.stats[PV_STATS_WORK_flush_all]++;
	tlb_flush_local();
	return 0;
}

static int op_invlpg_local(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	v->domain->mm.stats[PV_STATS_WORK_flush_page]++;
	tlb_flush_page_local(arg1);
	return 0;
}

static int op_flush_multi(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	enum mmu_flush what = cmd == PV_MMUEXT_TLB_FLUSH_MULTI ? MMU_FLUSH_ALL : MMU_FLUSH_PAGE;
	u64 vcpus;
	int rc = mmu_read_vcpu_mask(v->domain, arg2, &vcpus);

	if (rc == 0) {
		mmu_flush_vcpus(v->domain, vcpus, what, arg1);
	}
	return rc;
}

static int op_flush_all(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	mmu_flush_vcpus(v->domain, ~0UL,
			cmd == PV_MMUEXT_TLB_FLUSH_ALL ? MMU_FLUSH_ALL : MMU_FLUSH_PAGE, arg1);
	return 0;
}

/* Only a domain with a device would need it. */
static int op_flush_cache(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	return -PV_EPERM;
}

static int op_clear_page(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	return page_fill(&v->domain->mm, arg1, 0, false);
}

static int op_copy_page(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	return page_fill(&v->domain->mm, arg1, arg2, true);
}

static int op_set_ldt(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	return ldt_set(v, arg1, (u32)arg2);
}

/* Numbers that are no operation. */
static int op_none(struct vcpu *v, u32 cmd, u64 arg1, u64 arg2)
{
	return -PV_ENOSYS;
}

static const op_fn ops[] = {
	[14] = op_none,
	[PV_MMUEXT_PIN_L1_TABLE] = op_pin,
	[PV_MMUEXT_PIN_L2_TABLE] = op_pin,
	[PV_MMUEXT_PIN_L3_TABLE] = op_pin,
	[PV_MMUEXT_PIN_L4_TABLE] = op_pin,
	[PV_MMUEXT_UNPIN_TABLE] = op_unpin,
	[PV_MMUEXT_NEW_BASEPTR] = op_none, /* op_one() looks for it first */
	[PV_MMUEXT_TLB_FLUSH_LOCAL] = op_flush_local,
	[PV_MMUEXT_INVLPG_LOCAL] = op_invlpg_local,
	[PV_MMUEXT_TLB_FLUSH_MULTI] = op_flush_multi,
	[PV_MMUEXT_INVLPG_MULTI] = op_flush_multi,
	[PV_MMUEXT_TLB_FLUSH_ALL] = op_flush_all,
	[PV_MMUEXT_INVLPG_ALL] = op_flush_all,
	[PV_MMUEXT_FLUSH_CACHE] = op_flush_cache,
	[PV_MMUEXT_SET_LDT] = op_set_ldt,
	[PV_MMUEXT_NEW_USER_BASEPTR] = op_new_user_baseptr,
	[PV_MMUEXT_CLEAR_PAGE] = op_clear_page,
	[PV_MMUEXT_COPY_PAGE] = op_copy_page,
	[PV_MMUEXT_FLUSH_CACHE_GLOBAL] = op_flush_cache,
};

/* Read and carry out the operation at a guest address; first and inline what a guest's context switch consists of. */
static inline __attribute__((always_inline)) int op_one(struct vcpu *v, u64 gva)
{
	u64 op[3];
	u32 cmd;

	if (unlikely(guest_read_words(op, gva, 3) != 0)) {
		return -PV_EFAULT;
	}
	cmd = (u32)op[0];
	if (cmd == PV_MMUEXT_NEW_BASEPTR) {
		return new_baseptr(v, op[1]);
	}
	if (cmd >= ARRAY_SIZE(ops)) {
		return -PV_ENOSYS;
	}
	return ops[cmd](v, cmd, op[1], op[2]);
}

/* Do operations until one fails or the budget ends. */
static __attribute__((noinline)) int op_list(struct vcpu *v, u64 gva, u32 count, u32 *did)
{
	struct mm_owner *o = &v->domain->mm;
	u32 i;

	for (i = 0; i < count; i++, gva += sizeof(struct pv_mmuext_op)) {
		int rc = i != 0 && mm_is_exhausted(o) ? MM_RESTART : op_one(v, gva);

		if (unlikely(rc != 0)) {
			*did = i;
			return rc;
		}
		o->work += MM_WORK_REQUEST;
	}
	*did = count;
	return 0;
}

long hypercall_mmuext_op(u64 list, u64 count, u64 done_gva, u64 domid, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();
	struct mm_owner *o = &v->domain->mm;
	struct mmu_batch b = { list, count, done_gva, domid };
	bool debt = true;
	u32 did = 0;
	int rc;

	if (unlikely(!mmu_domid_is_self(v->domain, domid))) {
		return -PV_EPERM;
	}
	rc = mm_begin(o);
	if (likely(rc == 0)) {
		if (likely(count == 1)) { /* what guests send most */
			rc = op_one(v, list);
			did = rc == 0;
		} else {
			u32 n;

			rc = op_list(v, list, mmu_batch_count(count), &n);
			did = n;
		}
		debt = mm_has_debt(o);
		mm_end(o);
	}
	return mmu_batch_end(&b, PV_HYPERCALL_mmuext_op, sizeof(struct pv_mmuext_op), did, rc,
			     debt);
}
