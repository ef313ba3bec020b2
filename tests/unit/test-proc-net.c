// SPDX-License-Identifier: MIT
/* proc-net.c: texts of /proc/net as a kernel printed them, cut short, and others. */
#include "proc-net.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char sockstat[] = "sockets: used 320\n"
			       "TCP: inuse 205 orphan 3 tw 41 alloc 314 mem 562\n"
			       "UDP: inuse 7 mem 2\n";
static const char sockstat6[] = "TCP6: inuse 12\nUDP6: inuse 4\n";

START_TEST(sockstat_is_read)
{
	struct sockstat counters = { 0 };

	ck_assert(proc_net_parse_sockstat(sockstat, &counters));
	ck_assert(proc_net_parse_sockstat6(sockstat6, &counters));
	ck_assert_uint_eq(counters.inuse, 205);
	ck_assert_uint_eq(counters.inuse6, 12);
	ck_assert_uint_eq(counters.orphans, 3);
	ck_assert_uint_eq(counters.time_wait, 41);
	ck_assert_uint_eq(counters.allocated, 314);
	ck_assert_uint_eq(counters.pages, 562);
}
END_TEST

START_TEST(something_else_is_no_sockstat)
{
	static const char *const texts[] = {
		"",
		"TCP:",
		"TCP: inuse\n",
		"TCP: inuse x\n",
		"TCP6: inuse 3 orphan 0 tw 1 alloc 2 mem 3\n",
		"TCP: inuse 99999999999999999999 orphan 0 tw 1 alloc 1 mem 1\n"
	};
	struct sockstat counters;

	ck_assert(!proc_net_parse_sockstat(texts[_i], &counters));
}
END_TEST

START_TEST(counters_are_found_by_name)
{
	static const char text[] = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\n"
				   "TcpExt: 0 17 19\n"
				   "IpExt: InNoRoutes ListenDrops\n"
				   "IpExt: 3 4\n";
	uint64_t number = 0;

	ck_assert(proc_net_parse_counter(text, "TcpExt", "ListenOverflows", &number));
	ck_assert_uint_eq(number, 17);
	ck_assert(proc_net_parse_counter(text, "TcpExt", "ListenDrops", &number));
	ck_assert_uint_eq(number, 19);
	ck_assert(proc_net_parse_counter(text, "IpExt", "ListenDrops", &number));
	ck_assert_uint_eq(number, 4);
	ck_assert(!proc_net_parse_counter(text, "TcpExt", "Listen", &number));
	ck_assert(!proc_net_parse_counter(text, "UdpExt", "ListenDrops", &number));
	ck_assert(!proc_net_parse_counter("TcpExt: A B\n", "TcpExt", "B", &number));
	ck_assert(!proc_net_parse_counter("TcpExt: A B\nTcpExt: 1\n", "TcpExt", "B", &number));
}
END_TEST

static const char tcp[] = "   1: 0100007F:1F90 0700000A:9C40 08 00000002:00000005 02:000003E8 "
			  "00000000     0        3 4711 1 0000000000000000 20 4 1 10 -1\n";
static const char tcp6[] = "   0: 00000000000000000000000001000000:0050 "
			   "00000000000000000000000000000000:0000 0A 00000000:00000003 00:00000000 "
			   "00000000     0        0 12 1 0000000000000000 100 0 0 10 0\n";

/* The words of the addresses are of a little-endian machine. */
START_TEST(a_line_of_tcp_is_read)
{
	struct tcp_socket socket;

	ck_assert(proc_net_parse_tcp(tcp, false, &socket));
	ck_assert_uint_eq(socket.state, TCP_STATE_CLOSE_WAIT);
	ck_assert_uint_eq(socket.local_port, 8080);
	ck_assert_uint_eq(socket.peer_port, 40000);
	ck_assert_uint_eq(socket.send_queue, 2);
	ck_assert_uint_eq(socket.receive_queue, 5);
	ck_assert_uint_eq(socket.timer, TCP_TIMER_KEEPALIVE);
	ck_assert_uint_eq(socket.expires, 10000);
	ck_assert_uint_eq(socket.retransmits, 3);
	ck_assert_uint_eq(socket.inode, 4711);
	ck_assert_uint_eq(socket.age_max, AGE_UNKNOWN);
	if (htonl(1) != 1) {
		ck_assert_mem_eq(socket.local, "\x7f\0\0\x01", 4);
		ck_assert_mem_eq(socket.peer, "\x0a\0\0\x07", 4);
	}
}
END_TEST

START_TEST(a_line_of_tcp6_is_read)
{
	struct tcp_socket socket;

	ck_assert(proc_net_parse_tcp(tcp6, true, &socket));
	ck_assert_uint_eq(socket.state, TCP_STATE_LISTEN);
	ck_assert_uint_eq(socket.local_port, 80);
	ck_assert_uint_eq(socket.receive_queue, 3);
	ck_assert_uint_eq(socket.send_queue, UINT32_MAX);
	ck_assert_uint_eq(socket.inode, 12);
	if (htonl(1) != 1)
		ck_assert_mem_eq(socket.local, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	ck_assert(!proc_net_parse_tcp(tcp6, false, &socket));
}
END_TEST

/* Up to the inode: what is behind it is not needed, and a shorter number is a number, too. */
START_TEST(a_line_cut_short_is_none)
{
	size_t needed = (size_t)(strstr(tcp, "4711") - tcp);

	for (size_t size = 0; size <= needed; size++) {
		char *copy = malloc(size + 1);
		struct tcp_socket socket;
		memcpy(copy, tcp, size);
		copy[size] = '\0';
		ck_assert(!proc_net_parse_tcp(copy, false, &socket));
		free(copy);
	}
	struct tcp_socket socket;
	ck_assert(!proc_net_parse_tcp("  sl  local_address rem_address   st tx_queue", false,
				      &socket));
}
END_TEST

START_TEST(file_nr_is_read)
{
	uint64_t used, max;

	ck_assert(proc_parse_file_nr("1024\t0\t9223372036854775807\n", &used, &max));
	ck_assert_uint_eq(used, 1024);
	ck_assert_uint_eq(max, INT64_MAX);
	ck_assert(!proc_parse_file_nr("1024 0\n", &used, &max));
	ck_assert(!proc_parse_file_nr("", &used, &max));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proc-net");
	TCase *tests = tcase_create("proc-net");

	tcase_add_test(tests, sockstat_is_read);
	tcase_add_loop_test(tests, something_else_is_no_sockstat, 0, 6);
	tcase_add_test(tests, counters_are_found_by_name);
	tcase_add_test(tests, a_line_of_tcp_is_read);
	tcase_add_test(tests, a_line_of_tcp6_is_read);
	tcase_add_test(tests, a_line_cut_short_is_none);
	tcase_add_test(tests, file_nr_is_read);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
