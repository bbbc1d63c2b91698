/* The registers of the host build's guest; see seam/guest_cpu.h. */
#include <seam/guest_cpu.h>

struct fake_guest_cpu fake_guest_cpu;
