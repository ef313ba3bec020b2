// SPDX-License-Identifier: MIT
/* sockets.c: datagrams of an inet_diag dump, good and bad; names of states. Any prefix of a
 * datagram must be survived. */
#include "sockets.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE 7

struct datagram {
	_Alignas(8) char bytes[8192];
	size_t size;
};

struct seen {
	struct tcp_socket items[16];
	size_t count;
};

static void see(const struct tcp_socket *socket, void *data)
{
	struct seen *seen = data;

	ck_assert_uint_lt(seen->count, 16);
	seen->items[seen->count++] = *socket;
}

static size_t begin(struct datagram *datagram, uint16_t type, uint16_t flags)
{
	size_t start = datagram->size;
	struct nlmsghdr header = { .nlmsg_type = type,
				   .nlmsg_flags = flags,
				   .nlmsg_seq = SEQUENCE };

	memcpy(datagram->bytes + start, &header, sizeof header);
	datagram->size += sizeof header;
	return start;
}

static void end(struct datagram *datagram, size_t start)
{
	uint32_t size = (uint32_t)(datagram->size - start);

	memcpy(datagram->bytes + start, &size, sizeof size);
	datagram->size = (datagram->size + 3) / 4 * 4;
}

static void put(struct datagram *datagram, const void *bytes, size_t size)
{
	memcpy(datagram->bytes + datagram->size, bytes, size);
	datagram->size += size;
}

static void attribute(struct datagram *datagram, uint16_t type, const void *bytes, size_t size)
{
	struct nlattr head = { .nla_len = (uint16_t)(sizeof head + size), .nla_type = type };

	put(datagram, &head, sizeof head);
	put(datagram, bytes, size);
	datagram->size = (datagram->size + 3) / 4 * 4;
}

static struct inet_diag_msg close_wait(void)
{
	struct inet_diag_msg message = { .idiag_family = AF_INET,
					 .idiag_state = TCP_STATE_CLOSE_WAIT,
					 .idiag_rqueue = 5,
					 .idiag_inode = 4711 };

	message.id.idiag_sport = htons(8080);
	message.id.idiag_dport = htons(40000);
	message.id.idiag_src[0] = htonl(0x7f000001);
	message.id.idiag_dst[0] = htonl(0x0a000007);
	return message;
}

static void add_socket(struct datagram *datagram, const struct inet_diag_msg *message,
		       const struct tcp_info *info, uint64_t cgroup)
{
	size_t start = begin(datagram, TCPDIAG_GETSOCK, NLM_F_MULTI);

	put(datagram, message, sizeof *message);
	if (info)
		attribute(datagram, INET_DIAG_INFO, info, sizeof *info);
	if (cgroup)
		attribute(datagram, 21, &cgroup, sizeof cgroup);
	end(datagram, start);
}

static void add_number(struct datagram *datagram, uint16_t type, int number)
{
	size_t start = begin(datagram, type, NLM_F_MULTI);

	put(datagram, &number, sizeof number);
	end(datagram, start);
}

START_TEST(a_socket_is_read_whole)
{
	struct datagram datagram = { 0 };
	struct inet_diag_msg message = close_wait();
	struct tcp_info info = { .tcpi_last_data_recv = 9000,
				 .tcpi_last_ack_recv = 4000,
				 .tcpi_last_data_sent = 100000 };
	struct seen seen = { 0 };

	add_socket(&datagram, &message, &info, 0x1234567890);
	add_number(&datagram, NLMSG_DONE, 0);
	ck_assert_int_eq(sockets_parse(datagram.bytes, datagram.size, SEQUENCE, see, &seen), 1);
	ck_assert_uint_eq(seen.count, 1);
	const struct tcp_socket *socket = &seen.items[0];
	ck_assert_uint_eq(socket->inode, 4711);
	ck_assert_uint_eq(socket->state, TCP_STATE_CLOSE_WAIT);
	ck_assert_uint_eq(socket->receive_queue, 5);
	ck_assert_uint_eq(socket->local_port, 8080);
	ck_assert_uint_eq(socket->peer_port, 40000);
	ck_assert_mem_eq(socket->local, "\x7f\0\0\x01", 4);
	ck_assert_mem_eq(socket->peer, "\x0a\0\0\x07", 4);
	ck_assert_uint_eq(socket->cgroup, 0x1234567890);
	/* nothing was sent since the last data came, so the last packet was the FIN */
	ck_assert_uint_eq(socket->silent, 4000);
	ck_assert_uint_eq(socket->age_max, 4000);
}
END_TEST

/* With keepalive, answers to probes come in after the FIN: only the last data bounds its age. So it
 * is when something was sent, and acknowledged, since then. */
START_TEST(the_age_is_an_upper_bound)
{
	static const struct {
		uint8_t timer;
		uint32_t sent, want;
	} rows[] = {
		{ TCP_TIMER_NONE, 10000, 4000 },
		{ TCP_TIMER_NONE, 8000, 9000 },
		{ TCP_TIMER_KEEPALIVE, 10000, 9000 },
		{ TCP_TIMER_RETRANSMIT, 10000, 9000 },
	};
	struct datagram datagram = { 0 };
	struct inet_diag_msg message = close_wait();
	struct tcp_info info = { .tcpi_last_data_recv = 9000,
				 .tcpi_last_ack_recv = 4000,
				 .tcpi_last_data_sent = rows[_i].sent };
	struct seen seen = { 0 };

	message.idiag_timer = rows[_i].timer;
	add_socket(&datagram, &message, &info, 0);
	ck_assert_int_eq(sockets_parse(datagram.bytes, datagram.size, 0, see, &seen), 0);
	ck_assert_uint_eq(seen.items[0].age_max, rows[_i].want);
}
END_TEST

START_TEST(what_is_no_tcp_socket_is_left_out)
{
	struct datagram datagram = { 0 };
	struct inet_diag_msg message = close_wait();
	struct seen seen = { 0 };

	message.idiag_state = 99;
	add_socket(&datagram, &message, NULL, 0);
	message = close_wait();
	message.idiag_family = AF_UNIX;
	add_socket(&datagram, &message, NULL, 0);
	message = close_wait();
	message.idiag_state = 12; /* how the kernel has most of SYN_RECV */
	add_socket(&datagram, &message, NULL, 0);
	ck_assert_int_eq(sockets_parse(datagram.bytes, datagram.size, SEQUENCE, see, &seen), 0);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(seen.items[0].state, TCP_STATE_SYN_RECV);
	ck_assert_uint_eq(seen.items[0].age_max, AGE_UNKNOWN);
}
END_TEST

START_TEST(the_end_and_errors_are_told_apart)
{
	static const struct {
		uint16_t type;
		int number, want;
	} rows[] = {
		{ NLMSG_DONE, 0, 1 },
		{ NLMSG_DONE, -ENOENT, -ENOENT },
		{ NLMSG_ERROR, -EPERM, -EPERM },
		{ NLMSG_ERROR, 0, -EBADMSG },
	};
	struct datagram datagram = { 0 };
	struct seen seen = { 0 };

	add_number(&datagram, rows[_i].type, rows[_i].number);
	ck_assert_int_eq(sockets_parse(datagram.bytes, datagram.size, SEQUENCE, see, &seen),
			 rows[_i].want);
}
END_TEST

START_TEST(a_dump_of_another_time_is_not_ours)
{
	struct datagram datagram = { 0 };
	struct inet_diag_msg message = close_wait();
	struct seen seen = { 0 };

	add_socket(&datagram, &message, NULL, 0);
	add_number(&datagram, NLMSG_DONE, 0);
	ck_assert_int_eq(sockets_parse(datagram.bytes, datagram.size, SEQUENCE + 1, see, &seen), 0);
	ck_assert_uint_eq(seen.count, 0);
}
END_TEST

START_TEST(a_table_that_changed_is_asked_again)
{
	struct datagram datagram = { 0 };
	struct inet_diag_msg message = close_wait();
	struct seen seen = { 0 };
	size_t start = begin(&datagram, TCPDIAG_GETSOCK, NLM_F_MULTI | NLM_F_DUMP_INTR);

	put(&datagram, &message, sizeof message);
	end(&datagram, start);
	ck_assert_int_eq(sockets_parse(datagram.bytes, datagram.size, SEQUENCE, see, &seen),
			 -EINTR);
}
END_TEST

/* On the heap, so that a sanitizer sees a byte too many. */
START_TEST(any_prefix_and_any_length_is_survived)
{
	struct datagram datagram = { 0 };
	struct inet_diag_msg message = close_wait();
	struct tcp_info info = { .tcpi_last_data_recv = 1 };

	add_socket(&datagram, &message, &info, 1);
	add_number(&datagram, NLMSG_DONE, 0);
	for (size_t size = 0; size <= datagram.size; size++) {
		struct seen seen = { 0 };
		char *copy = malloc(size + !size);
		memcpy(copy, datagram.bytes, size);
		sockets_parse(copy, size, SEQUENCE, see, &seen);
		ck_assert_uint_le(seen.count, 1);
		free(copy);
	}
	for (size_t at = 0; at < datagram.size; at++) {
		for (unsigned value = 0; value < 256; value += 15) {
			struct seen seen = { 0 };
			char *copy = malloc(datagram.size);
			memcpy(copy, datagram.bytes, datagram.size);
			copy[at] = (char)value;
			sockets_parse(copy, datagram.size, SEQUENCE, see, &seen);
			free(copy);
		}
	}
}
END_TEST

START_TEST(states_are_found_by_either_name)
{
	static const struct {
		const char *name;
		enum tcp_state want;
	} rows[] = {
		{ "CLOSE_WAIT", TCP_STATE_CLOSE_WAIT },
		{ "close-wait", TCP_STATE_CLOSE_WAIT },
		{ "FIN-WAIT-1", TCP_STATE_FIN_WAIT1 },
		{ "fin_wait2", TCP_STATE_FIN_WAIT2 },
		{ "ESTAB", TCP_STATE_ESTABLISHED },
		{ "established", TCP_STATE_ESTABLISHED },
		{ "SYN-SENT", TCP_STATE_SYN_SENT },
		{ "Listen", TCP_STATE_LISTEN },
		{ "TIME-WAIT", TCP_STATE_TIME_WAIT },
		{ "closing", TCP_STATE_CLOSING },
		{ "close", TCP_STATE_CLOSE },
		{ "", TCP_STATE_COUNT },
		{ "CLOSE_WAI", TCP_STATE_COUNT },
		{ "CLOSE_WAITS", TCP_STATE_COUNT },
		{ "ESTABLISHEDESTABLISHED", TCP_STATE_COUNT },
	};
	enum tcp_state state = TCP_STATE_COUNT;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool found = tcp_state_by_name(rows[i].name, &state);
		ck_assert_msg(found == (rows[i].want != TCP_STATE_COUNT), "%s", rows[i].name);
		ck_assert_msg(!found || state == rows[i].want, "%s", rows[i].name);
	}
	for (enum tcp_state i = 1; i < TCP_STATE_COUNT; i++) {
		ck_assert(tcp_state_by_name(tcp_state_name(i), &state));
		ck_assert_uint_eq(state, i);
	}
}
END_TEST

START_TEST(a_listener_takes_its_address_or_all)
{
	struct tcp_socket listener = { .state = TCP_STATE_LISTEN, .local_port = 80 };
	struct tcp_socket socket = { .state = TCP_STATE_CLOSE_WAIT,
				     .local_port = 80,
				     .local = { 127, 0, 0, 1 } };

	ck_assert(socket_is_of_listener(&socket, &listener));
	memcpy(listener.local, socket.local, 4);
	ck_assert(socket_is_of_listener(&socket, &listener));
	listener.local[3] = 2;
	ck_assert(!socket_is_of_listener(&socket, &listener));
	listener.local[3] = 1;
	listener.local_port = 81;
	ck_assert(!socket_is_of_listener(&socket, &listener));
	listener.local_port = 80;
	listener.is_ipv6 = 1;
	ck_assert(!socket_is_of_listener(&socket, &listener));
	listener.is_ipv6 = 0;
	listener.netns = 1;
	ck_assert(!socket_is_of_listener(&socket, &listener));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sockets");
	TCase *tests = tcase_create("sockets");

	tcase_add_test(tests, a_socket_is_read_whole);
	tcase_add_loop_test(tests, the_age_is_an_upper_bound, 0, 4);
	tcase_add_test(tests, what_is_no_tcp_socket_is_left_out);
	tcase_add_loop_test(tests, the_end_and_errors_are_told_apart, 0, 4);
	tcase_add_test(tests, a_dump_of_another_time_is_not_ours);
	tcase_add_test(tests, a_table_that_changed_is_asked_again);
	tcase_add_test(tests, any_prefix_and_any_length_is_survived);
	tcase_add_test(tests, states_are_found_by_either_name);
	tcase_add_test(tests, a_listener_takes_its_address_or_all);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
