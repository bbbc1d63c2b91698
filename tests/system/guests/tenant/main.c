/*
 * tenant: a guest that stays and does what it is told, a line at a time on its console:
 *
 *   ping WORD   answers "pong WORD"
 *   off         powers off; reboot, crash, too, with those reasons
 *   fault       is killed by the hypervisor
 *   spin        keeps its vCPU busy from then on
 *
 * It sleeps between lines. For tests of `parley`'s verbs.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"
#include "events.h"
#include "hypercall.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "string.h"

#define LINE_MAX 128

static void hear(unsigned port, void *arg)
{
	(void)port;
	(void)arg;
}

static void obey(const char *line)
{
	if (strncmp(line, "ping ", 5) == 0) {
		printf("pong %s\n", line + 5);
	} else if (strcmp(line, "off") == 0) {
		power_off(PV_SHUTDOWN_poweroff);
	} else if (strcmp(line, "reboot") == 0) {
		power_off(PV_SHUTDOWN_reboot);
	} else if (strcmp(line, "crash") == 0) {
		power_off(PV_SHUTDOWN_crash);
	} else if (strcmp(line, "fault") == 0) {
		hypercall_set_trap_table(NULL);
		__asm__ volatile("ud2");
	} else if (strcmp(line, "spin") == 0) {
		for (;;) {
			__asm__ volatile("pause");
		}
	} else {
		printf("tenant: \"%s\" is no command\n", line);
	}
}

static char line[LINE_MAX];
static size_t length;

static void take(char c)
{
	if (c != '\n' && c != '\r') {
		if (length < sizeof(line) - 1) {
			line[length++] = c;
		}
		return;
	}
	line[length] = '\0';
	length = 0;
	if (line[0] != '\0') {
		obey(line);
	}
}

int main(void)
{
	char c;

	events_attach(start_info->console.domU.evtchn, hear, NULL);
	events_unmask(start_info->console.domU.evtchn);
	printf("tenant: up\n");
	for (;;) {
		events_disable();
		if (console_read(&c, 1) == 0) {
			events_wait();
			events_enable();
			continue;
		}
		events_enable();
		take(c);
	}
}
