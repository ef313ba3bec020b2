// SPDX-License-Identifier: MIT
/* socket-attribute.c: which sockets need an owner, and from sockets and descriptors to processes,
 * in a small world of four processes. */
#include "socket-work.h"

#include "pool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
	WEB,     /* :80, room for 2 */
	WEB_TOO, /* :80, room for 5: the same port by SO_REUSEPORT */
	QUEUED,  /* :80, not accepted */
	QUEUED_TOO,
	STUCK,     /* CLOSE_WAIT on :80, of two processes */
	LEAKED,    /* CLOSE_WAIT on :8080 */
	HEALTHY,   /* ESTABLISHED, keepalive on */
	FULL,      /* :443, its queue is full */
	IDLE,      /* :22 */
	ORPHANED,  /* not accepted, and no listener on its port */
	ELSEWHERE, /* CLOSE_WAIT in another network namespace */
	SOCKETS,
};

static const struct tcp_socket world[SOCKETS] = {
	[WEB] = { .state = TCP_STATE_LISTEN,
		  .local_port = 80,
		  .inode = 10,
		  .receive_queue = 2,
		  .send_queue = 128 },
	[WEB_TOO] = { .state = TCP_STATE_LISTEN,
		      .local_port = 80,
		      .inode = 11,
		      .receive_queue = 5,
		      .send_queue = 128 },
	[QUEUED] = { .state = TCP_STATE_CLOSE_WAIT, .local_port = 80 },
	[QUEUED_TOO] = { .state = TCP_STATE_CLOSE_WAIT, .local_port = 80 },
	[STUCK] = { .state = TCP_STATE_CLOSE_WAIT,
		    .local_port = 80,
		    .inode = 12,
		    .receive_queue = 1,
		    .silent = 5000,
		    .peer = { 192, 0, 2, 1 } },
	[LEAKED] = { .state = TCP_STATE_CLOSE_WAIT,
		     .local_port = 8080,
		     .inode = 13,
		     .silent = 9000,
		     .peer = { 192, 0, 2, 2 } },
	[HEALTHY] = { .state = TCP_STATE_ESTABLISHED,
		      .local_port = 8080,
		      .inode = 14,
		      .timer = TCP_TIMER_KEEPALIVE,
		      .silent = AGE_UNKNOWN },
	[FULL] = { .state = TCP_STATE_LISTEN,
		   .local_port = 443,
		   .inode = 15,
		   .receive_queue = 3,
		   .send_queue = 2 },
	[IDLE] = { .state = TCP_STATE_LISTEN,
		   .local_port = 22,
		   .inode = 16,
		   .receive_queue = 0,
		   .send_queue = 128 },
	[ORPHANED] = { .state = TCP_STATE_CLOSE_WAIT, .local_port = 9999 },
	[ELSEWHERE] = { .state = TCP_STATE_CLOSE_WAIT,
			.local_port = 81,
			.inode = 17,
			.netns = 1,
			.silent = 7000 },
};

/* Who holds what. */
static const struct fd_hit hits[] = {
	{ WEB_TOO, 0 }, { STUCK, 0 },   { STUCK, 1 }, { LEAKED, 1 },
	{ HEALTHY, 1 }, { HEALTHY, 2 }, { FULL, 3 },  { ELSEWHERE, 1 },
};
static const pid_t pids[] = { 100, 200, 300, 400 };

static struct socket_request request;
static struct socket_report report;
static struct work work;

static void set_up(void)
{
	static struct socket_namespace namespaces[2];
	static uint8_t holders[SOCKETS];
	static struct owner owners[4];

	namespaces[0] = (struct socket_namespace){ .name = "here", .keepalive.time = 60 };
	namespaces[1] = (struct socket_namespace){ .name = "there", .keepalive.time = 60 };
	request = (struct socket_request){ .filter = SOCKET_FILTER_ALL };
	report = (struct socket_report){
		.request = &request,
		.namespaces = namespaces,
		.namespace_count = 2,
		.owners = { .items = owners, .count = 4, .holders = holders }
	};
	for (size_t i = 0; i < SOCKETS; i++)
		ck_assert_int_eq(socket_set_add(&report.set, &world[i]), 0);
	memset(holders, 0, sizeof holders);
	for (size_t i = 0; i < 4; i++)
		owners[i] = (struct owner){ .pid = pids[i], .scan.ticks = (uint64_t)pids[i] * 10 };
	for (size_t i = 0; i < sizeof hits / sizeof *hits; i++) {
		fd_hits_add(&report.owners.hits, hits[i]);
		holders[hits[i].socket]++;
	}
	work = (struct work){ .pool = pool_new(), .request = &request, .report = &report };
}

static void tear_down(void)
{
	free(report.owners.hits.items);
	free(report.queued);
	socket_set_free(&report.set);
	pool_free(work.pool);
}

/* The sockets whose owners are looked for, by number, with blanks between. */
static const char *wanted(void)
{
	uint8_t *is_wanted = socket_work_wanted(&report);
	const char *text = "";

	ck_assert_ptr_nonnull(is_wanted);
	for (size_t i = 0; i < SOCKETS; i++)
		if (is_wanted[i])
			text = pool_printf(work.pool, "%s %zu", text, i);
	free(is_wanted);
	return text;
}

static const struct leak *leak_of(pid_t pid)
{
	for (size_t i = 0; i < report.leak_count; i++)
		if (report.leaks[i].pid == pid)
			return &report.leaks[i];
	return NULL;
}

START_TEST(only_what_matters_needs_an_owner)
{
	/* CLOSE_WAIT, and listeners with something in their queue. */
	ck_assert_str_eq(wanted(), " 1 4 5 7 10");
	/* Connections that were not accepted are in the queue with the most room. */
	ck_assert_uint_eq(report.queued[WEB_TOO], 2);
	ck_assert_uint_eq(report.queued[WEB], 0);
	ck_assert_uint_eq(report.queued[FULL], 0);
	ck_assert_uint_eq(report.unattributed.never_accepted, 3);
}
END_TEST

START_TEST(a_queue_takes_no_more_than_waits_in_it)
{
	report.set.items[WEB_TOO].receive_queue = 2;
	report.set.items[WEB].receive_queue = 2;
	(void)wanted();
	ck_assert_uint_eq(report.queued[WEB], 1);
	ck_assert_uint_eq(report.queued[WEB_TOO], 1);
}
END_TEST

START_TEST(a_filter_asks_for_less)
{
	request.filter.has_port = true;
	request.filter.port = 8080;
	ck_assert_str_eq(wanted(), " 5");
	ck_assert_uint_eq(report.unattributed.never_accepted, 0);
}
END_TEST

START_TEST(a_full_queue_is_of_its_port)
{
	request.filter.has_port = true;
	request.filter.port = 443;
	ck_assert_str_eq(wanted(), " 7");
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_uint_eq(report.leak_count, 1);
	ck_assert_uint_eq(leak_of(400)->listen_full, 1);
}
END_TEST

START_TEST(states_that_are_asked_for_need_owners)
{
	request.filter.has_states = true;
	request.filter.states = TCP_STATE_BIT(TCP_STATE_ESTABLISHED);
	ck_assert_str_eq(wanted(), " 6");
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_uint_eq(report.leak_count, 2);
	ck_assert_uint_eq(leak_of(200)->states[TCP_STATE_ESTABLISHED], 1);
	ck_assert_uint_eq(leak_of(200)->states[TCP_STATE_CLOSE_WAIT], 0);
	ck_assert_uint_eq(leak_of(300)->states[TCP_STATE_ESTABLISHED], 1);
}
END_TEST

START_TEST(who_is_silent_for_long_is_half_open)
{
	report.set.items[HEALTHY].timer = TCP_TIMER_NONE;
	report.set.items[HEALTHY].silent = 61000;
	ck_assert_str_eq(wanted(), " 1 4 5 6 7 10");
}
END_TEST

START_TEST(each_process_has_its_own)
{
	(void)wanted();
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_uint_eq(report.leak_count, 3);

	const struct leak *first = leak_of(100), *second = leak_of(200), *fourth = leak_of(400);
	ck_assert(first && second && fourth);
	ck_assert_uint_eq(first->ticks, 1000);
	ck_assert_str_eq(first->netns, "here");
	ck_assert_uint_eq(first->states[TCP_STATE_CLOSE_WAIT], 1);
	ck_assert_uint_eq(first->shared, 1);
	ck_assert_uint_eq(first->never_read, 1);
	ck_assert_uint_eq(first->never_accepted, 2);
	ck_assert_uint_eq(first->queue, 5);
	ck_assert_uint_eq(first->listen_full, 0);

	ck_assert_uint_eq(second->states[TCP_STATE_CLOSE_WAIT], 3);
	ck_assert_uint_eq(second->states[TCP_STATE_ESTABLISHED], 1);
	ck_assert_uint_eq(second->shared, 1);
	ck_assert_uint_eq(second->never_read, 1);
	ck_assert_uint_eq(second->not_closed, 2);
	ck_assert_uint_eq(second->never_accepted, 0);

	ck_assert_uint_eq(fourth->listen_full, 1);
	ck_assert_uint_eq(fourth->queue, 3);
	ck_assert_uint_eq(fourth->queue_max, 2);
	ck_assert_ptr_null(leak_of(300)); /* healthy */
}
END_TEST

/* --pid and --user: nobody else's sockets are counted, and a socket held twice once. */
START_TEST(only_some_processes)
{
	static pid_t only[] = { 100, 200, 500 };

	report.states[TCP_STATE_CLOSE_WAIT] = 99; /* of everybody */
	work.only = only;
	work.only_count = 3;
	request.user = "web";
	(void)wanted();
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_uint_eq(report.leak_count, 2);
	ck_assert(leak_of(100) && leak_of(200));
	ck_assert_uint_eq(leak_of(200)->states[TCP_STATE_CLOSE_WAIT], 3);
	ck_assert_uint_eq(report.states[TCP_STATE_CLOSE_WAIT], 3);
	ck_assert_uint_eq(report.states[TCP_STATE_ESTABLISHED], 1);
	ck_assert_uint_eq(report.states[TCP_STATE_LISTEN], 1);
	ck_assert_uint_eq(report.unattributed.never_accepted, 0);
}
END_TEST

START_TEST(a_process_that_is_asked_for_is_shown)
{
	static pid_t only[] = { 300 };

	work.only = only;
	work.only_count = 1;
	request.pid = "300";
	(void)wanted();
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_uint_eq(report.leak_count, 1);
	ck_assert_uint_eq(leak_of(300)->states[TCP_STATE_ESTABLISHED], 1);
	ck_assert_uint_eq(report.states[TCP_STATE_CLOSE_WAIT], 0);
}
END_TEST

START_TEST(states_are_those_of_the_port)
{
	report.states[TCP_STATE_CLOSE_WAIT] = 99;
	request.filter.has_port = true;
	request.filter.port = 8080;
	(void)wanted();
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_uint_eq(report.states[TCP_STATE_CLOSE_WAIT], 1);
	ck_assert_uint_eq(report.states[TCP_STATE_ESTABLISHED], 1);
	ck_assert_uint_eq(report.states[TCP_STATE_LISTEN], 0);
	ck_assert_uint_eq(report.leak_count, 1);
	ck_assert_uint_eq(leak_of(200)->states[TCP_STATE_CLOSE_WAIT], 1);
}
END_TEST

START_TEST(details_are_of_what_leaks)
{
	request.verbose = true;
	(void)wanted();
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_int_eq(socket_work_detail(&work), 0);

	const struct leak *second = leak_of(200);
	size_t number = (size_t)(second - report.leaks), first = report.socket_first[number];
	ck_assert_uint_eq(report.socket_first[number + 1] - first, 3); /* not the healthy one */
	ck_assert_uint_eq(report.sockets[first]->inode, world[LEAKED].inode); /* the oldest first */
	ck_assert_uint_eq(report.sockets[first + 1]->inode, world[ELSEWHERE].inode);
	ck_assert_uint_eq(report.sockets[first + 2]->inode, world[STUCK].inode);
	ck_assert_uint_eq(second->ports->items[0].count, 1);
	ck_assert_uint_eq(second->ports->items[2].count, 1);
	ck_assert_uint_eq(second->ports->items[3].count, 0);

	const struct leak *leak = leak_of(100);
	ck_assert_uint_eq(leak->ports->items[0].port, 80);
	ck_assert_uint_eq(leak->ports->items[0].count, 1);
	ck_assert_mem_eq(leak->peers->items[0].bytes, world[STUCK].peer, 16);
	/* What listens is no port that leaks. */
	ck_assert_uint_eq(leak->ports->items[1].count, 0);
	ck_assert_uint_eq(leak_of(400)->ports->items[0].count, 0);
}
END_TEST

/* More processes than a report has: those with the most CLOSE_WAIT stay. */
START_TEST(the_worst_stay)
{
	const size_t many = LEAKS_MAX + 10;
	struct owner *owners = calloc(many, sizeof *owners);

	ck_assert_ptr_nonnull(owners);
	(void)wanted();
	report.owners.items = owners;
	report.owners.count = many;
	report.owners.hits.count = 0;
	for (size_t i = 0; i < many; i++) {
		owners[i].pid = (pid_t)i + 1000;
		fd_hits_add(&report.owners.hits, (struct fd_hit){ STUCK, (uint32_t)i });
		if (i % 2)
			fd_hits_add(&report.owners.hits, (struct fd_hit){ LEAKED, (uint32_t)i });
	}
	ck_assert_int_eq(socket_work_attribute(&work), 0);
	ck_assert_uint_eq(report.leak_count, LEAKS_MAX);
	ck_assert_uint_eq(report.leaks_left_out, 10);
	ck_assert_uint_eq(report.leaks[0].states[TCP_STATE_CLOSE_WAIT], 2);
	ck_assert_uint_eq(report.leaks[many / 2 - 1].states[TCP_STATE_CLOSE_WAIT], 2);
	ck_assert_uint_eq(report.leaks[many / 2].states[TCP_STATE_CLOSE_WAIT], 1);
	free(owners);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("socket-attribute");
	TCase *tests = tcase_create("socket-attribute");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, only_what_matters_needs_an_owner);
	tcase_add_test(tests, a_queue_takes_no_more_than_waits_in_it);
	tcase_add_test(tests, a_filter_asks_for_less);
	tcase_add_test(tests, a_full_queue_is_of_its_port);
	tcase_add_test(tests, states_that_are_asked_for_need_owners);
	tcase_add_test(tests, who_is_silent_for_long_is_half_open);
	tcase_add_test(tests, each_process_has_its_own);
	tcase_add_test(tests, only_some_processes);
	tcase_add_test(tests, a_process_that_is_asked_for_is_shown);
	tcase_add_test(tests, states_are_those_of_the_port);
	tcase_add_test(tests, details_are_of_what_leaks);
	tcase_add_test(tests, the_worst_stay);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
