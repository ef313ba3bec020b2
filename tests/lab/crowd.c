// SPDX-License-Identifier: MIT
/* crowd [-p PROCESSES] [-w CLOSE_WAIT] [-e CONNECTIONS] [-f FILES] [-g CGROUP] [-n NAME] [-s
 * SUBNET]
 *
 * Many processes with many descriptors, for benchmarks and tests of size. Each process listens on
 * an address of its own (127.SUBNET.x.y, port 7000) and holds CLOSE_WAIT sockets of which every
 * second has been read to the end and the others have one unread byte, both ends of CONNECTIONS
 * established connections, and FILES descriptors of /dev/null. With -g each process runs in a
 * cgroup of its own below the directory CGROUP, named NAME-N.service, as the services of a host do.
 *
 * It says "ready" when all are there and stays until it is killed, which ends the processes, too.
 */
#include "lab-common.h"

#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>

#define LISTEN_PORT 7000
#define FIRST_PORT 8000 /* of the connecting ends, given out in turn: no 4-tuple is used twice */
#define PER_ADDRESS 50000

struct crowd {
	long processes, close_wait, connections, files, subnet;
	const char *cgroup, *name;
};

static struct sockaddr_in loopback(long subnet, long host, long port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	uint32_t ip = (127u << 24) + ((uint32_t)subnet << 16) + (uint32_t)host;

	address.sin_addr.s_addr = htonl(ip);
	return address;
}

static int new_socket(const struct sockaddr_in *local)
{
	const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	    bind(fd, (const struct sockaddr *)local, sizeof *local))
		die("socket, bind");
	return fd;
}

/* Both ends of connection `number` of the process with this listener. */
static void connect_pair(const struct crowd *crowd, int listener, long process, long number,
			 int ends[2])
{
	struct sockaddr_in from =
		loopback(crowd->subnet + 100, process + 1, FIRST_PORT + number % PER_ADDRESS);
	struct sockaddr_in to = loopback(crowd->subnet, process + 1, LISTEN_PORT);

	ends[0] = new_socket(&from);
	if (connect(ends[0], (const struct sockaddr *)&to, sizeof to))
		die("connect");
	ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (ends[1] < 0)
		die("accept");
}

static void make_close_wait(const struct crowd *crowd, int listener, long process, long number)
{
	char buffer[16];
	int ends[2];

	connect_pair(crowd, listener, process, number, ends);
	if (write(ends[0], "x", 1) != 1)
		die("write");
	close(ends[0]);
	for (ssize_t length = number % 2; length > 0;)
		if ((length = read(ends[1], buffer, sizeof buffer)) < 0)
			die("read");
}

static void join_cgroup(const struct crowd *crowd, long process)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s-%ld.service", crowd->cgroup, crowd->name, process);
	if (mkdir(path, 0755) && errno != EEXIST)
		die(path);
	strncat(path, "/cgroup.procs", sizeof path - strlen(path) - 1);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

static void be_process(const struct crowd *crowd, long process, int ready)
{
	struct sockaddr_in address = loopback(crowd->subnet, process + 1, LISTEN_PORT);
	char comm[64]; /* the kernel keeps 15 */
	int ends[2];

	end_with_parent();
	snprintf(comm, sizeof comm, "%s-%ld", crowd->name, process);
	prctl(PR_SET_NAME, comm);
	if (crowd->cgroup)
		join_cgroup(crowd, process);
	for (long i = 0; i < crowd->files; i++)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			die("/dev/null");
	if (crowd->close_wait || crowd->connections) {
		int listener = new_socket(&address);
		if (listen(listener, 16))
			die("listen");
		for (long i = 0; i < crowd->close_wait; i++)
			make_close_wait(crowd, listener, process, i);
		for (long i = 0; i < crowd->connections; i++)
			connect_pair(crowd, listener, process, crowd->close_wait + i, ends);
	}
	if (write(ready, "", 1) != 1)
		die("write");
	close(ready);
	for (;;)
		pause();
}

static void parse(struct crowd *crowd, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "e:f:g:n:p:s:w:")) != -1) {
		if (option == 'e')
			crowd->connections = number(optarg, 0, PER_ADDRESS);
		else if (option == 'f')
			crowd->files = number(optarg, 0, 1000000);
		else if (option == 'g')
			crowd->cgroup = optarg;
		else if (option == 'n')
			crowd->name = optarg;
		else if (option == 'p')
			crowd->processes = number(optarg, 1, 30000);
		else if (option == 's')
			crowd->subnet = number(optarg, 1, 99);
		else if (option == 'w')
			crowd->close_wait = number(optarg, 0, PER_ADDRESS);
		else
			exit(2);
	}
	if (crowd->close_wait + crowd->connections > PER_ADDRESS || argv[optind]) {
		fputs("crowd: too many, or an argument that is not wanted\n", stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct crowd crowd = { .processes = 1, .subnet = 1, .name = "crowd" };
	int ready[2];
	char byte;

	parse(&crowd, argc, argv);
	end_with_parent();
	raise_nofile();
	if (pipe(ready))
		die("pipe");
	for (long i = 0; i < crowd.processes; i++) {
		pid_t child = fork();
		if (child < 0)
			die("fork");
		if (child)
			continue;
		close(ready[0]);
		be_process(&crowd, i, ready[1]);
	}
	close(ready[1]);
	for (long i = 0; i < crowd.processes; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("a process of the crowd failed");
	say("ready");
	for (;;)
		pause();
}
