/* SPDX-License-Identifier: MIT
 *
 * The types that cross a stage: setting (wanted), observed (found), finding (judged), change
 * (planned). Plain data; strings and arrays belong to the pool of whoever made them. No I/O.
 */
#ifndef KEELTUNE_MODEL_H
#define KEELTUNE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pool;
struct provider;

/* ---- values ------------------------------------------------------------------------------ */

enum value_kind {
	VALUE_NONE,      /* no value, no bound */
	VALUE_NUMBER,    /* number, or -number */
	VALUE_UNLIMITED, /* above every number */
	VALUE_TEXT,      /* anything else; white space between tokens is one blank */
};

struct value {
	enum value_kind kind;
	bool negative;
	uint64_t number;
	const char *text;
};

struct value value_number(uint64_t number);
struct value value_signed(int64_t number);
struct value value_unlimited(void);
struct value value_text(const char *text); /* borrows TEXT */

/* A decimal integer ("-" allowed) of at most 64 bits becomes a number, "unlimited" unlimited, else
 * the text with its white space normalised. Never VALUE_NONE. */
struct value value_parse(struct pool *pool, const char *text);

bool value_is_ordered(struct value value);         /* a number or unlimited */
int value_compare(struct value a, struct value b); /* both ordered: <0, 0, >0 */
bool value_equals(struct value a, struct value b);
const char *value_format(struct pool *pool, struct value value); /* "-" for VALUE_NONE */

/* A resource limit as the kernel has it: a number in its unit, or RLIM_INFINITY. */
#define LIMIT_UNLIMITED UINT64_MAX
struct value value_limit(uint64_t limit);
uint64_t value_to_limit(struct value value); /* of a number or unlimited */
const char *limit_format(struct pool *pool, uint64_t limit);
const char *limit_pair_format(struct pool *pool, uint64_t soft, uint64_t hard); /* "1024:524288" */

/* ---- where something was said ------------------------------------------------------------ */

struct origin {
	const char *file; /* absolute path as seen inside the root; NULL: nowhere */
	unsigned line;    /* 1..; 0: the file as a whole */
};

const char *origin_format(struct pool *pool, struct origin origin); /* "file:line"; "": nowhere */

/* ---- wanted ------------------------------------------------------------------------------ */

enum side { SIDE_NONE, SIDE_SOFT, SIDE_HARD };

struct setting {
	const struct provider *provider;
	const char *id;   /* "sysctl:net.ipv4.tcp_keepalive_time", "limit:*:nofile:soft",
			     "pam:sshd:pam_limits" */
	const char *name; /* sysctl key (dotted), domain, service */
	const char *item; /* of a limit: "nofile"; of pam: "pam_limits"; else NULL */
	enum side side;
	struct value want; /* what apply writes */
	struct value min,
		max;        /* accepted range, inclusive, safe range included; VALUE_NONE: no bound.
			       For a text both are VALUE_NONE and want must match exactly. */
	bool optional;      /* skipped where the host has no such thing */
	bool runtime_only;  /* scope = "runtime" */
	const char *reason; /* of the profile, or NULL */
	struct origin origin;       /* profile file:line */
	const struct setting *boot; /* what boot shall leave where that is another: profiles with
				       scope = "runtime" have no say in it. NULL: the same */
	struct value at_least, at_most; /* as the profile says it; VALUE_NONE: not said */
};

const struct setting *setting_at_boot(const struct setting *setting);
bool setting_accepts(const struct setting *setting, struct value value);
/* "1800", "at most 1800", "at least 4096 (else 8192)", "2..5 (else 3)" */
const char *setting_format_wanted(struct pool *pool, const struct setting *setting);

/* ---- found ------------------------------------------------------------------------------- */

enum reading_state {
	READING_NOT_APPLICABLE, /* this layer does not exist here */
	READING_PRESENT,
	READING_ABSENT,     /* nothing says it: no file sets it, the kernel has no such key, no such
			       service */
	READING_UNREADABLE, /* could not be looked at; `why` says what stood in the way */
};

struct reading {
	enum reading_state state;
	struct value value;   /* PRESENT */
	struct origin origin; /* what decided; file NULL: nothing on disk did */
	const char
		*why; /* a clause for a person ("kernel default", "permission denied"), or NULL */
};

enum layer { LAYER_CONFIGURED, LAYER_BOOT, LAYER_RUNNING, LAYER_LIVE, LAYER_COUNT };

/* A line that says something about the setting and loses. */
struct shadow {
	struct origin origin;
	struct value value;
	const char *why; /* "a later line wins", "masked by /etc/sysctl.d/x.conf", ... */
};

/* The same setting seen by somebody else, with another result: an account, the other boot engine.
 */
struct deviation {
	const char *who; /* "account bob", "procps (sysctl --system)" */
	struct value value;
	struct origin origin;
};

/* What runs already and is outside the accepted range: processes that share a unit or session and
 * the reason, sockets of such processes, a network namespace. */
enum live_kind { LIVE_PROCESSES, LIVE_SOCKETS, LIVE_NAMESPACE, LIVE_KIND_COUNT };

#define LIVE_PIDS 5 /* named as examples */

struct live_group {
	enum live_kind kind;
	const char *name; /* "nginx.service", "session 3", "web (pid 12)": any byte */
	const char *user; /* of the processes, or NULL: not told */
	const char *comm; /* of the first of `pids`, any byte; or NULL */
	pid_t pids[LIVE_PIDS];
	size_t pid_count;
	size_t count;       /* processes or sockets; of a namespace 1 */
	uint32_t used;      /* descriptors of the process with most of them; UINT32_MAX: not known,
			       or not about descriptors */
	struct value value; /* the worst */
	const char *shown;  /* the value as people know it: "1024:524288" */
	const char *cause;  /* a word for programs: "started-before", "unit", "changed", ... */
	const char *why;
	struct origin origin; /* what says so, or file NULL */
	const char *advice;   /* what to do, a clause */
};

struct live {
	struct live_group *groups; /* only those outside the accepted range */
	size_t count;
	const char *unseen; /* what could not be looked at: a clause; or NULL */
};

struct observed {
	struct reading layer[LAYER_COUNT];
	struct shadow *shadowed;
	size_t shadowed_count;
	struct deviation
		*deviations; /* only those outside the accepted range: they make it differ */
	size_t deviation_count;
	struct live live;    /* --live */
	const char *missing; /* the host has no such thing at all: why ("this kernel has no such
				key"). Optional settings are then skipped, others unknown. */
};

/* ---- judged ------------------------------------------------------------------------------ */

enum verdict { VERDICT_OK, VERDICT_DIFFERS, VERDICT_UNKNOWN, VERDICT_SKIPPED, VERDICT_COUNT };

struct finding {
	const struct setting *setting;
	struct observed observed;
	enum verdict verdict;
	bool differs[LAYER_COUNT]; /* which layers are outside the accepted range */
	const char *netns;         /* the network namespace looked at (--netns), or NULL */
	const char *reason;        /* why it is not ok, one or two clauses; NULL when ok */
};

/* Something a person should know that is not a verdict. */
struct note {
	const char *id;       /* the setting it is about, or NULL */
	struct origin origin; /* or file NULL */
	const char *text;
};

struct notes {
	struct pool *pool;
	struct note *items;
	size_t count;
	size_t *slots; /* of notes_add(): where each is found by its hash */
	size_t slot_count;
};

/* Adds a note unless the same one is there; formats into the pool. ID and FILE may be NULL. */
void notes_add(struct notes *notes, const char *id, struct origin origin, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void notes_append(struct notes *notes, const struct notes *more);

/* ---- planned ----------------------------------------------------------------------------- */

struct xattr {
	const char *name;
	const void *bytes;
	size_t size;
};

/* What stands (or shall stand) at a place. Of a kernel value only `bytes`, without the newline. */
struct image {
	bool exists;
	const char *bytes; /* NULL: only the digest is known */
	size_t size;
	const char *sha256; /* hex, of files in the journal; else NULL */
	mode_t mode;        /* permission bits only */
	uid_t uid;
	gid_t gid;
	struct xattr *xattrs;
	size_t xattr_count;
};

/* Is the attribute NAME kept with a file? Others (capabilities, signatures of the content) are not.
 */
bool xattr_is_kept(const char *name);
/* The same mode, owner and extended attributes? */
bool same_attributes(const struct image *a, const struct image *b);

enum change_kind {
	CHANGE_FILE,
	CHANGE_SYSCTL,
	CHANGE_NOFILE,    /* the descriptor limit of a process; see process-change.h */
	CHANGE_KEEPALIVE, /* the keepalive of its sockets */
	CHANGE_KIND_COUNT,
};
bool change_is_of_process(enum change_kind kind);

struct socket_values;

struct change {
	enum change_kind kind;
	const char *path; /* "/etc/sysctl.d/99-zz-keeltune.conf",
			     "/proc/sys/net/ipv4/tcp_keepalive_time" */
	const char **ids; /* the settings it serves */
	size_t id_count;
	struct image before, after;
	struct socket_values *sockets; /* of CHANGE_KEEPALIVE: the images, read; else NULL */
	bool release;     /* puts back what an earlier apply had set and nobody wants any more */
	bool known;       /* a file's BEFORE is what an earlier apply wrote */
	const char *diff; /* of files in the journal: as it was recorded, valid UTF-8; else NULL */
};

#endif
