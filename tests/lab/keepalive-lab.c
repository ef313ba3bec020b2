// SPDX-License-Identifier: MIT
/* What the three keepalive values really do, measured on connections of this process over the
 *loopback of its network namespace, whose sysctls it sets. Peers fall silent by a socket filter
 *that drops all.
 *
 *	keepalive-lab run TIME INTVL PROBES
 *
 * One line for each case: its name, after how many seconds the server's end died ("never": it lived
 *when TIME + INTVL * PROBES and a little more had passed), and whether its descriptor is still in
 *use:
 *
 *	half-open-on, half-open-off       established, the peer is gone without a word; SO_KEEPALIVE
 *on, off close-wait-on, close-wait-off     the peer closed long ago, the server does not; on, off
 *	outage-short, outage-long         a healthy idle peer (keepalive on) that is not reachable
 *around the first probe: from TIME - 1 to TIME + 1, to TIME + 3
 *
 *	keepalive-lab timers VALUE...
 *
 * For each VALUE of tcp_keepalive_time: the value, the seconds until the first probe of a
 *connection opened then, and the same for one that was opened before, at 7200. Needs no waiting:
 * /proc/net/tcp has the timers. */
#include "lab-common.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <time.h>

struct trial {
	const char *name;
	bool keepalive;
	bool peer_closes;
	double silent_from, silent_to; /* seconds; from 0 to 0: never */
	bool silent;
	int server, peer;
	double died; /* seconds; 0: it lives */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void set_sysctl(const char *key, const char *value)
{
	char path[128];

	snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s", key);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

static void set_silent(struct trial *trial, bool silent)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &drop };
	const int unused = 0;
	int error;

	if (silent == trial->silent)
		return;
	if (silent)
		error = setsockopt(trial->peer, SOL_SOCKET, SO_ATTACH_FILTER, &program,
				   sizeof program);
	else
		error = setsockopt(trial->peer, SOL_SOCKET, SO_DETACH_FILTER, &unused,
				   sizeof unused);
	if (error)
		die("socket filter");
	trial->silent = silent;
}

static int open_listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof *address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof *address) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)address, &length))
		die("listen");
	return fd;
}

static void open_trial(struct trial *trial, int listener, const struct sockaddr_in *address)
{
	const int on = trial->keepalive;

	trial->peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (trial->peer < 0 ||
	    connect(trial->peer, (const struct sockaddr *)address, sizeof *address))
		die("connect");
	trial->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (trial->server < 0 ||
	    setsockopt(trial->server, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on))
		die("accept");
	if (trial->peer_closes) {
		close(trial->peer);
		trial->peer = -1;
	}
}

/* The server does as a good one does: it closes what read() reports as broken. What has reached its
 * end already (CLOSE_WAIT) it has forgotten to close, and nothing will tell it again. */
static void look(struct trial *trial, double at)
{
	struct tcp_info info;
	socklen_t length = sizeof info;
	char byte;

	if (trial->died > 0)
		return;
	if (getsockopt(trial->server, IPPROTO_TCP, TCP_INFO, &info, &length))
		die("TCP_INFO");
	if (info.tcpi_state == TCP_CLOSE)
		trial->died = at;
	if (!trial->peer_closes && read(trial->server, &byte, 1) < 0 && errno != EAGAIN) {
		trial->died = at;
		close(trial->server);
		trial->server = -1;
	}
}

static void run(const char *time_text, const char *intvl_text, const char *probes_text)
{
	const double time = (double)number(time_text, 2, 32767);
	const double last =
		time + (double)(number(intvl_text, 1, 32767) * number(probes_text, 1, 127));
	/* The kernel's timers may be late by a sixteenth. */
	const double end = last + last / 16 + 1;
	struct trial trials[] = {
		{ .name = "half-open-on", .keepalive = true, .silent_to = end },
		{ .name = "half-open-off", .silent_to = end },
		{ .name = "close-wait-on", .keepalive = true, .peer_closes = true },
		{ .name = "close-wait-off", .peer_closes = true },
		{ .name = "outage-short",
		  .keepalive = true,
		  .silent_from = time - 1,
		  .silent_to = time + 1 },
		{ .name = "outage-long",
		  .keepalive = true,
		  .silent_from = time - 1,
		  .silent_to = time + 3 },
	};
	const size_t count = sizeof trials / sizeof *trials;
	struct sockaddr_in address;
	int listener = open_listener(&address);

	set_sysctl("tcp_fin_timeout", "1"); /* the peer's kernel soon forgets what it closed */
	set_sysctl("tcp_keepalive_time", time_text);
	set_sysctl("tcp_keepalive_intvl", intvl_text);
	set_sysctl("tcp_keepalive_probes", probes_text);
	for (size_t i = 0; i < count; i++)
		open_trial(&trials[i], listener, &address);
	double start = now();
	for (double at = 0; at < end; at = now() - start) {
		for (size_t i = 0; i < count; i++) {
			if (trials[i].peer >= 0)
				set_silent(&trials[i],
					   at >= trials[i].silent_from && at < trials[i].silent_to);
			look(&trials[i], at);
		}
		usleep(20000);
	}
	for (size_t i = 0; i < count; i++) {
		char when[32] = "never";
		if (trials[i].died > 0)
			snprintf(when, sizeof when, "%.1f", trials[i].died);
		say("%s %s %s", trials[i].name, when, trials[i].server < 0 ? "closed" : "open");
	}
}

/* Seconds until the keepalive timer of this socket runs out, from /proc/net/tcp; -1: no such timer.
 */
static double timer_of(int fd)
{
	struct sockaddr_in local, remote;
	socklen_t length = sizeof local;
	char line[256], want[64], *timer;
	double seconds = -1;

	if (getsockname(fd, (struct sockaddr *)&local, &length) ||
	    getpeername(fd, (struct sockaddr *)&remote, &length))
		die("getsockname");
	snprintf(want, sizeof want, " %08X:%04X %08X:%04X 01 ", local.sin_addr.s_addr,
		 ntohs(local.sin_port), remote.sin_addr.s_addr, ntohs(remote.sin_port));
	FILE *table = fopen("/proc/self/net/tcp", "re");
	if (!table)
		die("/proc/self/net/tcp");
	while (fgets(line, sizeof line, table))
		if (strstr(line, want) && (timer = strstr(line, " 02:")))
			seconds =
				(double)strtoul(timer + 4, NULL, 16) / (double)sysconf(_SC_CLK_TCK);
	fclose(table);
	return seconds;
}

static void timers(char **values)
{
	struct trial old = { .keepalive = true };
	struct sockaddr_in address;
	int listener = open_listener(&address);

	set_sysctl("tcp_keepalive_time", "7200");
	open_trial(&old, listener, &address);
	for (; *values; values++) {
		struct trial new = { .keepalive = true };
		set_sysctl("tcp_keepalive_time", *values);
		open_trial(&new, listener, &address);
		say("%s %.1f %.1f", *values, timer_of(new.server), timer_of(old.server));
	}
}

int main(int argc, char **argv)
{
	end_with_parent();
	if (argc == 5 && strcmp(argv[1], "run") == 0) {
		run(argv[2], argv[3], argv[4]);
	} else if (argc > 2 && strcmp(argv[1], "timers") == 0) {
		timers(argv + 2);
	} else {
		fputs("usage: keepalive-lab run TIME INTVL PROBES | timers VALUE...\n", stderr);
		return 2;
	}
	return 0;
}
