/*
 * VGA text mode: an array of character and colour pairs at 0xb8000, scrolled
 * by copying. The screen is only written, so a slow frame buffer stays bearable:
 * the text is kept in a shadow.
 */
#include "drivers/vga.h"

#include <seam/directmap.h>

#include "drivers/port_io.h"
#include "lib/string.h"

#define VGA_BASE    0xb8000
#define VGA_COLUMNS 80
#define VGA_ROWS    25
#define VGA_BLANK   0x0720 /* a space, grey on black */

#define CRTC_INDEX  0x3d4
#define CRTC_DATA   0x3d5
#define CURSOR_HIGH 14
#define CURSOR_LOW  15

static struct {
	volatile u16 *screen; /* NULL: none */
	u16 shadow[VGA_ROWS][VGA_COLUMNS];
	u32 row, column;
} vga;

/* A register of the CRT controller keeps what is written; without one it reads as 0xff. */
static bool vga_probe(void)
{
	port_write8(CRTC_INDEX, CURSOR_LOW);
	port_write8(CRTC_DATA, 0x5a);
	return port_read8(CRTC_DATA) == 0x5a;
}

static void vga_draw_row(u32 row)
{
	for (u32 i = 0; i < VGA_COLUMNS; i++) {
		vga.screen[row * VGA_COLUMNS + i] = vga.shadow[row][i];
	}
}

static void vga_blank_row(u32 row)
{
	for (u32 i = 0; i < VGA_COLUMNS; i++) {
		vga.shadow[row][i] = VGA_BLANK;
	}
}

bool vga_init(void)
{
	if (!vga_probe()) {
		return false;
	}
	vga.screen = maddr_to_virt(maddr(VGA_BASE));
	for (u32 row = 0; row < VGA_ROWS; row++) {
		vga_blank_row(row);
		vga_draw_row(row);
	}
	return true;
}

static void vga_newline(void)
{
	vga.column = 0;
	if (vga.row + 1 < VGA_ROWS) {
		vga.row++;
		return;
	}
	memmove(vga.shadow[0], vga.shadow[1], sizeof(vga.shadow) - sizeof(vga.shadow[0]));
	vga_blank_row(VGA_ROWS - 1);
	for (u32 row = 0; row < VGA_ROWS; row++) {
		vga_draw_row(row);
	}
}

static void vga_put(char c)
{
	if (c == '\n') {
		vga_newline();
		return;
	}
	if (c == '\r') {
		vga.column = 0;
		return;
	}
	if (vga.column == VGA_COLUMNS) {
		vga_newline();
	}
	vga.shadow[vga.row][vga.column] = (u16)(0x0700 | (u8)c);
	vga.screen[vga.row * VGA_COLUMNS + vga.column] = vga.shadow[vga.row][vga.column];
	vga.column++;
}

static void vga_move_cursor(void)
{
	u32 at = vga.row * VGA_COLUMNS + vga.column;

	port_write8(CRTC_INDEX, CURSOR_HIGH);
	port_write8(CRTC_DATA, (u8)(at >> 8));
	port_write8(CRTC_INDEX, CURSOR_LOW);
	port_write8(CRTC_DATA, (u8)at);
}

void vga_log_sink(const char *text, size_t size)
{
	if (vga.screen == NULL) {
		return;
	}
	for (size_t i = 0; i < size; i++) {
		vga_put(text[i]);
	}
	vga_move_cursor();
}
