/*
 * IOAPICs. Each has an index and a data register, so the lock covers the pair.
 * A line's entry is two 32-bit registers: the low has the mask, and is written last.
 */
#include "drivers/ioapic.h"

#include "drivers/acpi.h"
#include "drivers/port_io.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mm/paging.h"

#define REG_INDEX   0x00
#define REG_DATA    0x10
#define REG_VERSION 0x01
#define REG_ENTRIES 0x10

#define ENTRY_ACTIVE_LOW (1U << 13)
#define ENTRY_LEVEL      (1U << 15)
#define ENTRY_MASKED     (1U << 16)

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
#define PIC_VECTORS  0x50 /* for spurious ones, which a masked 8259 can still raise */

struct ioapic {
	volatile u8 *base;
	u32 gsi_base;
	u32 lines;
};

static struct spinlock ioapic_lock = SPINLOCK_INIT;
static struct ioapic ioapics[ACPI_IOAPICS_MAX];
static u32 ioapic_count;

static u32 reg_read(const struct ioapic *io, u32 reg)
{
	*(volatile u32 *)(io->base + REG_INDEX) = reg;
	return *(volatile u32 *)(io->base + REG_DATA);
}

static void reg_write(const struct ioapic *io, u32 reg, u32 value)
{
	*(volatile u32 *)(io->base + REG_INDEX) = reg;
	*(volatile u32 *)(io->base + REG_DATA) = value;
}

static void pic_mask(void)
{
	port_write8(PIC1_COMMAND, 0x11); /* initialise, four words */
	port_write8(PIC2_COMMAND, 0x11);
	port_write8(PIC1_DATA, PIC_VECTORS);
	port_write8(PIC2_DATA, PIC_VECTORS + 8);
	port_write8(PIC1_DATA, 4); /* the second hangs on line 2 */
	port_write8(PIC2_DATA, 2);
	port_write8(PIC1_DATA, 1); /* 8086 mode */
	port_write8(PIC2_DATA, 1);
	port_write8(PIC1_DATA, 0xff);
	port_write8(PIC2_DATA, 0xff);
}

static void add_ioapic(const struct acpi_ioapic *found)
{
	struct ioapic *io = &ioapics[ioapic_count];

	io->base = paging_map_mmio(found->address, PAGE_SIZE);
	if (io->base == NULL) {
		log_warn("ioapic: no memory to map one");
		return;
	}
	io->gsi_base = found->gsi_base;
	io->lines = ((reg_read(io, REG_VERSION) >> 16) & 0xff) + 1;
	for (u32 line = 0; line < io->lines; line++) {
		reg_write(io, REG_ENTRIES + 2 * line, ENTRY_MASKED);
	}
	ioapic_count++;
}

void ioapic_init(void)
{
	pic_mask();
	for (u32 i = 0; i < acpi_info.ioapic_count; i++) {
		add_ioapic(&acpi_info.ioapics[i]);
	}
}

static struct ioapic *ioapic_of(u32 gsi)
{
	for (u32 i = 0; i < ioapic_count; i++) {
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].lines) {
			return &ioapics[i];
		}
	}
	return NULL;
}

bool ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool active_low)
{
	struct ioapic *io = ioapic_of(gsi);
	u32 reg;

	if (io == NULL) {
		return false;
	}
	reg = REG_ENTRIES + 2 * (gsi - io->gsi_base);
	spin_lock(&ioapic_lock);
	reg_write(io, reg, ENTRY_MASKED);
	reg_write(io, reg + 1, apic_id << 24);
	reg_write(io, reg,
		  vector | (level ? ENTRY_LEVEL : 0) | (active_low ? ENTRY_ACTIVE_LOW : 0));
	spin_unlock(&ioapic_lock);
	return true;
}

bool ioapic_route_isa(u8 irq, u8 vector, u32 apic_id)
{
	const struct acpi_isa_irq *wire = &acpi_info.isa_irqs[irq % ACPI_ISA_IRQS];

	return ioapic_route(wire->gsi, vector, apic_id, wire->level, wire->active_low);
}

static void set_mask(u32 gsi, u32 mask)
{
	struct ioapic *io = ioapic_of(gsi);
	u32 reg;

	if (io == NULL) {
		return;
	}
	reg = REG_ENTRIES + 2 * (gsi - io->gsi_base);
	spin_lock(&ioapic_lock);
	reg_write(io, reg, (reg_read(io, reg) & ~ENTRY_MASKED) | mask);
	spin_unlock(&ioapic_lock);
}

void ioapic_mask(u32 gsi)
{
	set_mask(gsi, ENTRY_MASKED);
}

void ioapic_unmask(u32 gsi)
{
	set_mask(gsi, 0);
}
