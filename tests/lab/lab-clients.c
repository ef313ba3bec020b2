// SPDX-License-Identifier: MIT
/* lab-clients [OPTION...] ADDRESS PORT COUNT
 *
 * Opens COUNT connections, sends one byte on each (-s BYTES), waits a moment so that the server has
 *read it (-w MS, 100), and leaves: what the server then holds is in CLOSE_WAIT.
 *
 *	-o      do not leave: stay until killed; says "connected" when all are
 *	-d      go deaf and dumb (-o implied): from then on every packet for these connections is
 *dropped, as if the host were gone without a word. The server's end stays ESTABLISHED, half-open -r
 *vanish: forget the connections without telling the peer, as a host that was restarted (needs
 *CAP_NET_ADMIN). The server's end stays ESTABLISHED; a probe is answered with RST -x      do not
 *wait for a connection to be accepted by the peer's kernel: where the accept queue is full it stays
 *in SYN-SENT (-o implied) -f FROM bind to this address first */
#include "lab-common.h"

#include <fcntl.h>
#include <getopt.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>

struct plan {
	bool stay, deaf, vanish, no_wait;
	long bytes, wait_ms;
	const char *from;
};

static int connect_one(const struct plan *plan, const char *to, long port)
{
	static const char nothing[65536];
	union address address;
	socklen_t length = parse_address(to, port, &address);
	const int one = 1;
	int fd =
		socket(address.any.sa_family, SOCK_STREAM | (plan->no_wait ? SOCK_NONBLOCK : 0), 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (plan->from) {
		union address from;
		socklen_t from_length = parse_address(plan->from, 0, &from);
		if (bind(fd, &from.any, from_length))
			die(plan->from);
	}
	if (connect(fd, &address.any, length)) {
		if (plan->no_wait && errno == EINPROGRESS)
			return fd;
		die("connect");
	}
	if (write(fd, nothing, (size_t)plan->bytes) != plan->bytes)
		die("write");
	return fd;
}

static void go_deaf(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &drop };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
		die("SO_ATTACH_FILTER");
}

/* Closing a socket under repair sends nothing. */
static void vanish(int fd)
{
	const int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &one, sizeof one))
		die("TCP_REPAIR");
}

static void usage(void)
{
	fputs("usage: lab-clients [-odrx] [-s BYTES] [-w MS] [-f FROM] ADDRESS PORT COUNT\n",
	      stderr);
	exit(2);
}

static void parse(struct plan *plan, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "df:orxs:w:")) != -1) {
		if (option == 'd')
			plan->deaf = plan->stay = true;
		else if (option == 'f')
			plan->from = optarg;
		else if (option == 'o')
			plan->stay = true;
		else if (option == 'r')
			plan->vanish = true;
		else if (option == 'x')
			plan->no_wait = plan->stay = true;
		else if (option == 's')
			plan->bytes = number(optarg, 0, 65536);
		else if (option == 'w')
			plan->wait_ms = number(optarg, 0, 60000);
		else
			usage();
	}
	if (argc - optind != 3)
		usage();
}

int main(int argc, char **argv)
{
	struct plan plan = { .bytes = 1, .wait_ms = 100 };

	parse(&plan, argc, argv);
	end_with_parent();
	raise_nofile();
	long port = number(argv[optind + 1], 1, 65535);
	long count = number(argv[optind + 2], 1, 100000);
	int *fds = calloc((size_t)count, sizeof *fds);
	if (!fds)
		die("calloc");

	for (long i = 0; i < count; i++)
		fds[i] = connect_one(&plan, argv[optind], port);
	usleep((useconds_t)plan.wait_ms * 1000);
	for (long i = 0; i < count; i++) {
		if (plan.deaf)
			go_deaf(fds[i]);
		if (plan.vanish)
			vanish(fds[i]);
		if (!plan.stay)
			close(fds[i]);
	}
	free(fds);
	say(plan.stay ? "connected" : "left");
	while (plan.stay)
		pause();
	return 0;
}
