/* The port I/O instructions, for drivers. */
#ifndef DRIVERS_PORT_IO_H
#define DRIVERS_PORT_IO_H

#include "lib/types.h"

static inline u8 port_read8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 port_read16(u16 port)
{
	u16 value;

	__asm__ volatile("inw %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 port_read32(u16 port)
{
	u32 value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_write8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %w1" ::"a"(value), "Nd"(port));
}

static inline void port_write16(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %w1" ::"a"(value), "Nd"(port));
}

static inline void port_write32(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %w1" ::"a"(value), "Nd"(port));
}

/* Write size bytes to one port. */
static inline void port_write8_all(u16 port, const void *data, size_t size)
{
	__asm__ volatile("rep outsb" : "+S"(data), "+c"(size) : "d"(port) : "memory");
}

#endif
