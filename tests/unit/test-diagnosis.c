// SPDX-License-Identifier: MIT
/* leak.c and diagnosis.c: what is made of a socket, and which advice follows: all that applies and
 * nothing else. */
#include "diagnosis.h"
#include "pool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct keepalive_settings settings = { .time = 60, .intvl = 5, .probes = 3 };

static struct leak new_leak(void)
{
	return (struct leak){ .pid = 812,
			      .comm = "web",
			      .user = "www",
			      .oldest = AGE_UNKNOWN,
			      .has_limits = true,
			      .fds = { .pid = 812, .used = 10, .soft = 1024, .hard = 4096 } };
}

/* The ids of the advice on LEAK, with blanks between. */
static const char *ids(struct pool *pool, struct leak *leak)
{
	const char *text = "";

	diagnose(pool, leak, &settings);
	for (size_t i = 0; i < leak->advice_count; i++)
		text = pool_printf(pool, "%s%s%s", text, *text ? " " : "", leak->advice[i].id);
	return text;
}

static const char *command(const struct leak *leak, const char *id)
{
	for (size_t i = 0; i < leak->advice_count; i++)
		if (!strcmp(leak->advice[i].id, id))
			return leak->advice[i].command;
	return NULL;
}

static const struct {
	struct tcp_socket socket;
	unsigned holders;
	const char *want;
} sockets[] = {
	/* read to the end, keepalive off */
	{ { .state = TCP_STATE_CLOSE_WAIT, .inode = 1 }, 1, "close-after-eof keepalive-off" },
	/* only the end is unread */
	{ { .state = TCP_STATE_CLOSE_WAIT, .inode = 1, .receive_queue = 1 },
	  1,
	  "read-to-eof keepalive-off" },
	{ { .state = TCP_STATE_CLOSE_WAIT,
	    .inode = 1,
	    .receive_queue = 8,
	    .timer = TCP_TIMER_KEEPALIVE },
	  1,
	  "read-to-eof keepalive-hides" },
	/* something is being sent: keepalive is not knowable */
	{ { .state = TCP_STATE_CLOSE_WAIT, .inode = 1, .timer = TCP_TIMER_RETRANSMIT },
	  1,
	  "close-after-eof" },
	{ { .state = TCP_STATE_CLOSE_WAIT, .inode = 1, .timer = TCP_TIMER_PROBE },
	  3,
	  "close-after-eof shared-sockets" },
	/* silent for as long as keepalive would wait, or not quite */
	{ { .state = TCP_STATE_ESTABLISHED, .inode = 1, .silent = 60000 }, 1, "half-open" },
	{ { .state = TCP_STATE_ESTABLISHED, .inode = 1, .silent = 59999 }, 1, "" },
	{ { .state = TCP_STATE_ESTABLISHED, .inode = 1, .silent = AGE_UNKNOWN }, 1, "" },
	{ { .state = TCP_STATE_ESTABLISHED,
	    .inode = 1,
	    .silent = 90000,
	    .timer = TCP_TIMER_KEEPALIVE,
	    .retransmits = 1 },
	  1,
	  "" },
	/* 7200 s were set when its timer was started; 60 s are late by a timer's slack only */
	{ { .state = TCP_STATE_ESTABLISHED,
	    .inode = 1,
	    .silent = 1000,
	    .expires = 7199000,
	    .timer = TCP_TIMER_KEEPALIVE },
	  1,
	  "keepalive-old-value" },
	{ { .state = TCP_STATE_ESTABLISHED,
	    .inode = 1,
	    .silent = 1000,
	    .expires = 62000,
	    .timer = TCP_TIMER_KEEPALIVE },
	  1,
	  "" },
};

START_TEST(a_socket_leads_to_its_advice)
{
	struct pool *pool = pool_new();
	struct leak leak = new_leak();

	leak_add_socket(&leak, &sockets[_i].socket, sockets[_i].holders, &settings);
	ck_assert_str_eq(ids(pool, &leak), sockets[_i].want);
	pool_free(pool);
}
END_TEST

START_TEST(evidence_adds_up)
{
	struct leak leak = new_leak();
	struct tcp_socket socket = { .state = TCP_STATE_CLOSE_WAIT,
				     .inode = 1,
				     .receive_queue = 5 };

	socket.age_max = 3000;
	leak_add_socket(&leak, &socket, 1, &settings);
	socket.age_max = AGE_UNKNOWN;
	leak_add_socket(&leak, &socket, 2, &settings);
	socket.age_max = 1000;
	socket.receive_queue = 0;
	leak_add_socket(&leak, &socket, 1, &settings);
	ck_assert_uint_eq(leak.states[TCP_STATE_CLOSE_WAIT], 3);
	ck_assert_uint_eq(leak.never_read, 2);
	ck_assert_uint_eq(leak.not_closed, 1);
	ck_assert_uint_eq(leak.unread_bytes, 8);
	ck_assert_uint_eq(leak.oldest, 3000);
	ck_assert_uint_eq(leak.shared, 1);
	ck_assert_uint_eq(leak.keepalive_off, 3);
	ck_assert_uint_eq(leak.established_off, 0);
	socket = (struct tcp_socket){ .state = TCP_STATE_ESTABLISHED, .inode = 1 };
	leak_add_socket(&leak, &socket, 1, &settings);
	leak_add_socket(&leak, &socket, 1, &settings);
	socket.timer = TCP_TIMER_KEEPALIVE;
	leak_add_socket(&leak, &socket, 1, &settings);
	ck_assert_uint_eq(leak.states[TCP_STATE_ESTABLISHED], 3);
	ck_assert_uint_eq(leak.established_off, 2);
	ck_assert_uint_eq(leak.keepalive_off, 3);
}
END_TEST

START_TEST(a_queue_leads_to_its_advice)
{
	struct pool *pool = pool_new();
	struct leak leak = new_leak();
	struct tcp_socket listener = { .state = TCP_STATE_LISTEN,
				       .receive_queue = 128,
				       .send_queue = 128 };

	leak_add_queue(&leak, &listener, 0);
	ck_assert_str_eq(ids(pool, &leak), "");
	leak_add_queue(&leak, &listener, 5);
	ck_assert_str_eq(ids(pool, &leak), "accept-stuck");
	listener.receive_queue = 129; /* the kernel lets one more in */
	leak_add_queue(&leak, &listener, 0);
	ck_assert_str_eq(ids(pool, &leak), "accept-stuck listen-full");
	ck_assert_uint_eq(leak.listen_full, 1);
	ck_assert_uint_eq(leak.never_accepted, 5);
	pool_free(pool);
}
END_TEST

static const struct {
	const char *unit, *container, *user;
	uint32_t used;
	uint64_t soft, hard;
	const char *want; /* the command, or NULL: no advice */
} limits[] = {
	{ NULL, NULL, "www", 819, 1024, 4096, NULL },
	{ NULL, NULL, "www", 820, 1024, 4096,
	  "keeltune sockets relieve --pid 812 --nofile 4096\n"
	  "echo 'www - nofile 4096' >>/etc/security/limits.d/90-nofile.conf" },
	{ "nginx.service", NULL, "www", 65000, 65536, 524288,
	  "keeltune sockets relieve --pid 812 --nofile 131072\n"
	  "systemctl edit nginx.service\n"
	  "    [Service]\n"
	  "    LimitNOFILE=131072:524288" },
	{ "nginx.service", NULL, "www", 4000, 4096, LIMIT_UNLIMITED,
	  "keeltune sockets relieve --pid 812 --nofile 8192\n"
	  "systemctl edit nginx.service\n"
	  "    [Service]\n"
	  "    LimitNOFILE=8192:infinity" },
	/* what could be a command of somebody else's does not get into ours */
	{ "a;reboot.service", NULL, "x'; reboot", 1000, 1024, 4096,
	  "keeltune sockets relieve --pid 812 --nofile 4096" },
	{ "docker-1.scope", "docker 1", "www", 1000, 1024, 4096,
	  "keeltune sockets relieve --pid 812 --nofile 4096" },
	{ NULL, NULL, "www", 10, LIMIT_UNLIMITED, LIMIT_UNLIMITED, NULL },
	{ NULL, NULL, "www", FDS_UNKNOWN, 1024, 4096, NULL },
	{ NULL, NULL, "www", 1048576, 1048576, 1048576, NULL }, /* as high as it goes */
};

START_TEST(the_limit_is_raised_where_it_stands)
{
	struct pool *pool = pool_new();
	struct leak leak = new_leak();

	leak.unit = limits[_i].unit;
	leak.container = limits[_i].container;
	leak.user = limits[_i].user;
	leak.fds = (struct listed_process){ .pid = 812,
					    .used = limits[_i].used,
					    .soft = limits[_i].soft,
					    .hard = limits[_i].hard };
	ck_assert_str_eq(ids(pool, &leak), limits[_i].want ? "raise-nofile" : "");
	ck_assert_pstr_eq(command(&leak, "raise-nofile"), limits[_i].want);
	pool_free(pool);
}
END_TEST

START_TEST(a_leaking_unit_is_restarted)
{
	struct pool *pool = pool_new();
	struct leak leak = new_leak();

	leak.unit = "nginx.service";
	ck_assert_str_eq(ids(pool, &leak), "");
	leak.dead = 3;
	ck_assert_str_eq(ids(pool, &leak), "restart-unit dead-sockets");
	ck_assert_str_eq(command(&leak, "restart-unit"), "systemctl restart nginx.service");
	leak.unit = "user@1000.service";
	ck_assert_str_eq(ids(pool, &leak), "dead-sockets");
	leak.unit = "app.service";
	leak.user = "alice";
	leak.is_user_unit = true;
	ck_assert_str_eq(ids(pool, &leak), "restart-unit dead-sockets");
	ck_assert_str_eq(command(&leak, "restart-unit"),
			 "systemctl --user -M alice@ restart app.service");
	leak.user = "$(reboot)";
	ck_assert_str_eq(ids(pool, &leak), "dead-sockets");
	pool_free(pool);
}
END_TEST

START_TEST(the_system_has_limits_too)
{
	struct pool *pool = pool_new();
	struct system_state state = { .file_nr = 80, .file_max = 100 };
	struct advice *advice;
	size_t count;

	diagnose_system(pool, &state, &advice, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(advice[0].id, "raise-file-max");
	state.file_nr = 79;
	state.in_no_table = 1000;
	diagnose_system(pool, &state, &advice, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(advice[0].id, "sockets-in-no-table");
	state.is_searched = true;
	diagnose_system(pool, &state, &advice, &count);
	ck_assert_uint_eq(count, 0);
	pool_free(pool);
}
END_TEST

START_TEST(the_commonest_are_counted)
{
	struct tally tally = { 0 };
	struct tally_item item = { 0 };

	for (unsigned pass = 0; pass < 2; pass++) {
		if (pass)
			tally_reset_counts(&tally);
		for (unsigned i = 0; i < 1000; i++) {
			item.port = (uint16_t)(i % 2 ? 80 : i % 4 ? 443 : 10000 + i);
			if (pass)
				tally_count(&tally, &item);
			else
				tally_add(&tally, &item);
		}
	}
	tally_sort(&tally);
	ck_assert_uint_eq(tally.items[0].port, 80);
	ck_assert_uint_eq(tally.items[0].count, 500);
	ck_assert_uint_eq(tally.items[1].port, 443);
	ck_assert_uint_eq(tally.items[1].count, 250);
	ck_assert_uint_le(tally.items[2].count, 1);
}
END_TEST

START_TEST(durations_are_short_and_never_too_small)
{
	static const struct {
		uint64_t milliseconds;
		const char *want;
	} rows[] = { { 0, "0s" },
		     { 1, "1s" },
		     { 119000, "119s" },
		     { 120000, "2m00s" },
		     { 10920000, "3h02m" },
		     { 10919001, "3h02m" },
		     { 172799000, "47h59m" },
		     { 172800000, "2d 0h" } };
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(duration_format(pool, rows[i].milliseconds), rows[i].want);
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diagnosis");
	TCase *tests = tcase_create("diagnosis");

	tcase_add_loop_test(tests, a_socket_leads_to_its_advice, 0,
			    sizeof sockets / sizeof *sockets);
	tcase_add_test(tests, evidence_adds_up);
	tcase_add_test(tests, a_queue_leads_to_its_advice);
	tcase_add_loop_test(tests, the_limit_is_raised_where_it_stands, 0,
			    sizeof limits / sizeof *limits);
	tcase_add_test(tests, a_leaking_unit_is_restarted);
	tcase_add_test(tests, the_system_has_limits_too);
	tcase_add_test(tests, the_commonest_are_counted);
	tcase_add_test(tests, durations_are_short_and_never_too_small);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
