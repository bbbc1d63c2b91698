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
#include "mm/ptable.h"
#include "mm/tlb.h"
#include "pv/descriptor.h"

/* The kernel half's root. Loaded before the old one is let go. */
static int new_baseptr(struct vcpu *v, u64 m)
{
	struct mm_owner *o = &v->domain->mm;
	u64 old = v->kernel_cr3;
	int rc = mm_reserve(o, mfn(m));

	if (rc == 0) {
		rc = frame_get_type(o, mfn(m), FRAME_L4);
	}
	if (rc != 0) {
		return rc;
	}
	v->kernel_cr3 = mfn_to_maddr(mfn(m)).v;
	vcpu_load_root(v);
	frame_put_type(o, maddr_to_mfn(maddr(old)));
	return 0;
}

/* The user half's root, loaded at the next return to user mode; 0: none. */
static int new_user_baseptr(struct vcpu *v, u64 m)
{
	struct mm_owner *o = &v->domain->mm;
	u64 old = v->user_cr3;
	int rc = mm_reserve(o, mfn(m));

	if (rc == 0 && m != 0) {
		rc = frame_get_type(o, mfn(m), FRAME_L4);
	}
	if (rc != 0) {
		return rc;
	}
	v->user_cr3 = mfn_to_maddr(mfn(m)).v;
	vcpu_update_path(v);
	if (old != 0) {
		frame_put_type(o, maddr_to_mfn(maddr(old)));
	}
	return 0;
}

static int unpin(struct mm_owner *o, u64 m)
{
	int rc = mm_reserve(o, MFN_INVALID);

	return rc != 0 ? rc : frame_unpin(o, mfn(m));
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

static int flush_multi(struct domain *d, const struct pv_mmuext_op *op, enum mmu_flush what)
{
	u64 vcpus;
	int rc = mmu_read_vcpu_mask(d, op->arg2.vcpumask, &vcpus);

	if (rc == 0) {
		mmu_flush_vcpus(d, vcpus, what, op->arg1.linear_addr);
	}
	return rc;
}

/* Operations on tables and roots. */
static int op_tables(struct vcpu *v, const struct pv_mmuext_op *op)
{
	struct mm_owner *o = &v->domain->mm;

	switch (op->cmd) {
	case PV_MMUEXT_PIN_L1_TABLE:
	case PV_MMUEXT_PIN_L2_TABLE:
	case PV_MMUEXT_PIN_L3_TABLE:
	case PV_MMUEXT_PIN_L4_TABLE:
		return frame_pin(o, mfn(op->arg1.mfn),
				 (enum frame_type)(FRAME_L1 + op->cmd - PV_MMUEXT_PIN_L1_TABLE));
	case PV_MMUEXT_UNPIN_TABLE:
		return unpin(o, op->arg1.mfn);
	case PV_MMUEXT_NEW_BASEPTR:
		return new_baseptr(v, op->arg1.mfn);
	case PV_MMUEXT_NEW_USER_BASEPTR:
		return new_user_baseptr(v, op->arg1.mfn);
	case PV_MMUEXT_CLEAR_PAGE:
		return page_fill(o, op->arg1.mfn, 0, false);
	case PV_MMUEXT_COPY_PAGE:
		return page_fill(o, op->arg1.mfn, op->arg2.src_mfn, true);
	case PV_MMUEXT_SET_LDT:
		return ldt_set(v, op->arg1.linear_addr, op->arg2.nr_ents);
	default:
		return -PV_ENOSYS;
	}
}

static int op_one(struct vcpu *v, const struct pv_mmuext_op *op)
{
	struct domain *d = v->domain;

	switch (op->cmd) {
	case PV_MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_local();
		return 0;
	case PV_MMUEXT_INVLPG_LOCAL:
		tlb_flush_page_local(op->arg1.linear_addr);
		return 0;
	case PV_MMUEXT_TLB_FLUSH_MULTI:
		return flush_multi(d, op, MMU_FLUSH_ALL);
	case PV_MMUEXT_INVLPG_MULTI:
		return flush_multi(d, op, MMU_FLUSH_PAGE);
	case PV_MMUEXT_TLB_FLUSH_ALL:
		mmu_flush_vcpus(d, ~0UL, MMU_FLUSH_ALL, 0);
		return 0;
	case PV_MMUEXT_INVLPG_ALL:
		mmu_flush_vcpus(d, ~0UL, MMU_FLUSH_PAGE, op->arg1.linear_addr);
		return 0;
	case PV_MMUEXT_FLUSH_CACHE:
	case PV_MMUEXT_FLUSH_CACHE_GLOBAL:
		return -PV_EPERM;	/* only a domain with a device needs it */
	default:
		return op_tables(v, op);
	}
}

static int op_list(struct vcpu *v, const struct mmu_batch *b, u32 *did)
{
	struct mm_owner *o = &v->domain->mm;
	int rc = 0;
	u32 i;

	for (i = 0; i < b->count; i++) {
		struct pv_mmuext_op op;

		if (i != 0 && mm_is_exhausted(o)) {
			break;
		}
		rc = guest_read_words((u64 *)&op, b->list + i * sizeof(op), 3);
		if (rc == 0) {
			rc = op_one(v, &op);
		}
		if (rc != 0) {
			break;
		}
		o->work++;
	}
	*did = i;
	return rc;
}

long hypercall_mmuext_op(u64 list, u64 count, u64 done_gva, u64 domid, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();
	struct mm_owner *o = &v->domain->mm;
	struct mmu_batch b;
	u32 did = 0;
	bool debt;
	int rc;

	if (!mmu_domid_is_self(v->domain, domid)) {
		return -PV_EPERM;
	}
	rc = mmu_batch_begin(&b, list, count, done_gva);
	if (rc != 0) {
		return rc;
	}
	rc = mm_begin(o);
	if (rc != 0) {
		return mmu_batch_end(&b, PV_HYPERCALL_mmuext_op, 0, 24, domid, rc, true);
	}
	rc = op_list(v, &b, &did);
	debt = mm_has_debt(o);
	mm_end(o);
	return mmu_batch_end(&b, PV_HYPERCALL_mmuext_op, did, sizeof(struct pv_mmuext_op), domid,
			     rc, debt);
}
