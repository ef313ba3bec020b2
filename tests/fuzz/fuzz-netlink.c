// SPDX-License-Identifier: MIT
/* Datagrams of an inet_diag dump. The first byte even: the bytes behind it as they are; odd: a
 * recipe for messages and attributes whose lengths are right most of the time. */
#include "fuzz.h"
#include "sockets.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <string.h>

#define ROOM 65536

struct datagram {
	uint8_t *bytes;
	size_t size;
};

static void put(struct datagram *datagram, const void *bytes, size_t size)
{
	if (datagram->size + size > ROOM)
		return;
	memcpy(datagram->bytes + datagram->size, bytes, size);
	datagram->size += size;
}

static void pad(struct datagram *datagram)
{
	while (datagram->size % 4)
		put(datagram, "", 1);
}

static void put_random(struct datagram *datagram, struct fuzz_recipe *recipe, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put(datagram, &(uint8_t){ (uint8_t)fuzz_byte(recipe) }, 1);
}

static void put_attribute(struct datagram *datagram, struct fuzz_recipe *recipe)
{
	static const size_t sizes[] = { sizeof(struct tcp_info), 8, 4, 1, 0, 104, 232, 300 };
	size_t size = sizes[fuzz_byte(recipe) % 8];
	unsigned kind = fuzz_byte(recipe);
	struct nlattr head = { .nla_len = (uint16_t)(sizeof head + size),
			       .nla_type = kind % 4 == 0   ? INET_DIAG_INFO
					   : kind % 4 == 1 ? 21 /* INET_DIAG_CGROUP_ID */
							   : (uint16_t)(kind / 4) };

	if (fuzz_byte(recipe) > 240)
		head.nla_len = (uint16_t)fuzz_number(recipe, 2);
	put(datagram, &head, sizeof head);
	put_random(datagram, recipe, size);
	pad(datagram);
}

static void put_message(struct datagram *datagram, struct fuzz_recipe *recipe)
{
	static const uint16_t types[] = { 20 /* SOCK_DIAG_BY_FAMILY */,
					  20,
					  20,
					  NLMSG_DONE,
					  NLMSG_ERROR,
					  NLMSG_NOOP,
					  NLMSG_OVERRUN,
					  99 };
	struct nlmsghdr head = { .nlmsg_type = types[fuzz_byte(recipe) % 8],
				 .nlmsg_flags = (uint16_t)(NLM_F_MULTI | fuzz_byte(recipe) % 32),
				 .nlmsg_seq = fuzz_byte(recipe) < 240 ? 7 : 8 };
	size_t start = datagram->size;
	unsigned lie = fuzz_byte(recipe);

	put(datagram, &head, sizeof head);
	if (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE)
		put_random(datagram, recipe, fuzz_byte(recipe) % 24);
	else
		put_random(datagram, recipe, sizeof(struct inet_diag_msg));
	for (unsigned left = fuzz_byte(recipe) % 4; left; left--)
		put_attribute(datagram, recipe);
	uint32_t size =
		lie > 240 ? (uint32_t)fuzz_number(recipe, 4) : (uint32_t)(datagram->size - start);
	if (start + sizeof head <= ROOM)
		memcpy(datagram->bytes + start, &size, sizeof size);
	pad(datagram);
}

static void see(const struct tcp_socket *socket, void *data)
{
	size_t *count = data;

	REQUIRE(socket->state < TCP_STATE_COUNT);
	REQUIRE(socket->is_ipv6 <= 1);
	REQUIRE(*tcp_state_name(socket->state));
	++*count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_recipe recipe = { data, data + size };
	size_t count = 0;

	if (!(fuzz_byte(&recipe) & 1)) {
		size_t rest = (size_t)(recipe.end - recipe.at);
		uint8_t *aligned = malloc(rest ? rest : 1);
		REQUIRE(aligned);
		if (rest)
			memcpy(aligned, recipe.at, rest);
		REQUIRE(sockets_parse(aligned, rest, 0, see, &count) <= 1);
		free(aligned);
		return 0;
	}
	struct datagram made = { .bytes = malloc(ROOM) };
	REQUIRE(made.bytes);
	for (unsigned left = 1 + fuzz_byte(&recipe) % 8; left; left--)
		put_message(&made, &recipe);
	uint8_t *exact = malloc(made.size ? made.size : 1);
	REQUIRE(exact);
	memcpy(exact, made.bytes, made.size);
	REQUIRE(sockets_parse(exact, made.size, 7, see, &count) <= 1);
	free(exact);
	free(made.bytes);
	return 0;
}
