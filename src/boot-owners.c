// SPDX-License-Identifier: MIT
/* Owners of keys besides the boot engine, see boot-owners.h. Sources: tuned/profiles/loader.py and
 * tuned/plugins/plugin_sysctl.py of tuned 2.24, ufw-init-functions of ufw 0.36. Judges nothing. */
#include "boot-owners.h"

#include "conf-sysctl.h"
#include "conf-systemd.h"
#include "host.h"
#include "pool.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

#define TUNED_FILE_MAX 32 /* profiles that include each other */
#define OPTION_MAX 10000  /* of one profile */
#define VALUE_SHOWN 60

/* What an owner does with one of the wanted keys. */
struct claim {
	const char *path; /* of the key, below /proc/sys; NULL: it is no key */
	const char *value;
	struct origin origin; /* file NULL: nothing */
};

struct owners {
	struct host *host;
	struct pool *pool;
	struct claim *claims; /* one for each wanted key */
	size_t count;
	const char *read[TUNED_FILE_MAX]; /* profiles of tuned */
	size_t read_count;
};

/* For what is rarely there: one system call when it is not. */
static const struct file *find(struct host *host, const char *path)
{
	const struct file *file = host_exists(host, path) ? host_file(host, path) : NULL;

	return file && file->state == FILE_PRESENT ? file : NULL;
}

static void forget_claims(struct owners *owners)
{
	for (size_t i = 0; i < owners->count; i++)
		owners->claims[i].origin.file = NULL;
}

static void claim(struct owners *owners, const char *path, const char *value, const char *file,
		  unsigned line)
{
	for (size_t i = 0; i < owners->count; i++) {
		struct claim *claim = &owners->claims[i];
		if (!claim->path || strcmp(claim->path, path) != 0)
			continue;
		claim->value = pool_printf(owners->pool, "%.*s", VALUE_SHOWN, value);
		claim->origin = (struct origin){ .file = file, .line = line };
	}
}

/* Without the quotes around it. */
static char *unquoted(struct pool *pool, const char *text)
{
	size_t size = strlen(text);

	if (size > 1 && (*text == '"' || *text == '\'') && text[size - 1] == *text)
		return pool_copy(pool, text + 1, size - 2);
	return pool_copy(pool, text, size);
}

/* The value of the last KEY in a file of assignments, or NULL. */
static const char *assigned(struct pool *pool, const struct systemd_conf *conf, const char *section,
			    const char *key)
{
	for (size_t i = conf->count; i-- > 0;)
		if (!strcmp(conf->items[i].section, section) && !strcmp(conf->items[i].key, key))
			return unquoted(pool, conf->items[i].value);
	return NULL;
}

static bool is_true(const char *text)
{
	return text && (!strcasecmp(text, "yes") || !strcasecmp(text, "true") ||
			!strcasecmp(text, "on") || !strcmp(text, "1"));
}

/* ---- tuned ------------------------------------------------------------------------------- */

/* The tuned.conf of a profile that has not been read yet: a profile may include that of the same
 * name which it hides. */
static const struct file *find_profile(struct owners *owners, const char *name)
{
	static const char *const directories[] = { "/etc/tuned/profiles", "/etc/tuned",
						   "/usr/lib/tuned/profiles", "/usr/lib/tuned" };

	if (!*name || *name == '.' || strchr(name, '/'))
		return NULL;
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		const char *path =
			pool_printf(owners->pool, "%s/%s/tuned.conf", directories[i], name);
		bool known = false;
		for (size_t j = 0; j < owners->read_count && !known; j++)
			known = !strcmp(owners->read[j], path);
		const struct file *file = known ? NULL : find(owners->host, path);
		if (file)
			return file;
	}
	return NULL;
}

static void read_profiles(struct owners *owners, const char *names, const char *separators);

/* "KEY = VALUE  # comment": the plugin turns every dot of a key. */
static void take_option(struct owners *owners, const struct systemd_assignment *item,
			const char *file)
{
	char *path = pool_strdup(owners->pool, item->key);
	char *value = pool_strdup(owners->pool, item->value);

	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	for (char *p = value; *p; p++) {
		if (*p != '#' || (p > value && !isblank((unsigned char)p[-1])))
			continue;
		while (p > value && isblank((unsigned char)p[-1]))
			p--;
		*p = '\0';
		break;
	}
	claim(owners, path, unquoted(owners->pool, value), file, item->line);
}

/* A section is named like its plugin, or says `type = sysctl`. */
static bool is_sysctl_option(struct pool *pool, const struct systemd_conf *conf, size_t index)
{
	const char *section = conf->items[index].section;
	const char *type = assigned(pool, conf, section, "type");

	return !strcmp(type ? type : section, "sysctl");
}

static void read_profile(struct owners *owners, const struct file *file)
{
	struct systemd_conf conf;

	owners->read[owners->read_count++] = file->path;
	systemd_conf_parse(owners->pool, file->bytes, file->size, &conf);
	if (conf.count > OPTION_MAX)
		return;
	const char *include = assigned(owners->pool, &conf, "main", "include");
	if (include)
		read_profiles(owners, include, " \t,;");
	for (size_t i = 0; i < conf.count; i++)
		if (is_sysctl_option(owners->pool, &conf, i) &&
		    !strcmp(conf.items[i].key, "replace") && is_true(conf.items[i].value))
			forget_claims(owners);
	for (size_t i = 0; i < conf.count; i++)
		if (is_sysctl_option(owners->pool, &conf, i))
			take_option(owners, &conf.items[i], file->path);
}

/* What is included acts first. A '-' before a name: it may be missing. */
static void read_profiles(struct owners *owners, const char *names, const char *separators)
{
	for (size_t size; *(names += strspn(names, separators)); names += size) {
		size = strcspn(names, separators);
		if (owners->read_count >= TUNED_FILE_MAX)
			return;
		const bool optional = *names == '-';
		const struct file *file = find_profile(
			owners, pool_copy(owners->pool, names + optional, size - optional));
		if (file)
			read_profile(owners, file);
	}
}

/* Does tuned, once it has set its keys, read /run/sysctl.d, /etc/sysctl.d and /etc/sysctl.conf? */
static bool tuned_reads_files(struct owners *owners)
{
	const struct file *file = find(owners->host, "/etc/tuned/tuned-main.conf");
	struct systemd_conf conf;

	if (!file)
		return true;
	systemd_conf_parse(owners->pool, file->bytes, file->size, &conf);
	const char *reapply = assigned(owners->pool, &conf, "", "reapply_sysctl");
	return !reapply || is_true(reapply);
}

static bool is_in_those_files(const struct reading *reading)
{
	const char *file = reading->origin.file;

	return file && (!strncmp(file, "/etc/sysctl.", strlen("/etc/sysctl.")) ||
			!strncmp(file, "/run/sysctl.d/", strlen("/run/sysctl.d/")));
}

static void note_tuned(struct owners *owners, const struct boot_value *values, struct notes *notes)
{
	const struct file *active = find(owners->host, "/etc/tuned/active_profile");

	if (!active)
		return;
	read_profiles(owners, active->bytes, " \t\r\n");
	for (size_t i = 0; i < owners->count; i++) {
		const struct claim *claim = &owners->claims[i];
		const char *mode = "", *value = claim->value;
		if (!claim->origin.file)
			continue;
		if (*value == '>' || *value == '<')
			mode = *value++ == '>' ? "at least " : "at most ";
		const bool again = is_in_those_files(&values[i].boot) && tuned_reads_files(owners);
		notes_add(notes, pool_printf(owners->pool, "sysctl:%s", values[i].key),
			  claim->origin, "%s: tuned re-applies this key with %s%s when it starts%s",
			  values[i].key, mode, value,
			  again ? ", and then what the files in /run/sysctl.d and /etc say "
				  "(reapply_sysctl)"
				: "");
	}
}

/* ---- ufw --------------------------------------------------------------------------------- */

/* Which file ufw hands to `sysctl -p`, or NULL. */
static const struct file *ufw_file(struct owners *owners)
{
	const struct file *main_file = find(owners->host, "/etc/ufw/ufw.conf");
	const char *path = "/etc/ufw/sysctl.conf";
	struct systemd_conf conf;

	if (!main_file)
		return NULL;
	systemd_conf_parse(owners->pool, main_file->bytes, main_file->size, &conf);
	const char *enabled = assigned(owners->pool, &conf, "", "ENABLED");
	if (!enabled || (strcmp(enabled, "yes") != 0 && strcmp(enabled, "YES") != 0))
		return NULL;
	const struct file *defaults = find(owners->host, "/etc/default/ufw");
	if (defaults) {
		systemd_conf_parse(owners->pool, defaults->bytes, defaults->size, &conf);
		path = assigned(owners->pool, &conf, "", "IPT_SYSCTL");
	}
	return path && *path == '/' ? find(owners->host, path) : NULL;
}

static void note_ufw(struct owners *owners, const struct boot_value *values, struct notes *notes)
{
	const struct file *file = ufw_file(owners);
	struct sysctl_reader reader;
	struct sysctl_line line;

	if (!file)
		return;
	conf_sysctl_start(&reader, owners->pool, ENGINE_PROCPS, file->bytes, file->size);
	while (conf_sysctl_next(&reader, &line)) {
		if (line.kind != SYSCTL_LINE_SET || line.name_size >= SYSCTL_PATH_MAX)
			continue;
		char *path = pool_copy(owners->pool, line.name, line.name_size);
		sysctl_swap(path);
		sysctl_simplify(path);
		claim(owners, path, pool_copy(owners->pool, line.value, line.value_size),
		      file->path, line.line);
	}
	for (size_t i = 0; i < owners->count; i++) {
		const struct claim *claim = &owners->claims[i];
		if (claim->origin.file)
			notes_add(notes, pool_printf(owners->pool, "sysctl:%s", values[i].key),
				  claim->origin,
				  "%s: ufw sets this key to %s when it starts, whatever the boot "
				  "left",
				  values[i].key, claim->value);
	}
}

/* ---- modules ----------------------------------------------------------------------------- */

static const char *module_of(const char *key)
{
	static const struct {
		const char *prefix, *module;
	} families[] = {
		{ "net.netfilter.nf_conntrack_", "nf_conntrack" },
		{ "net.nf_conntrack_max", "nf_conntrack" },
		{ "net.bridge.", "br_netfilter" },
	};

	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (!strncmp(key, families[i].prefix, strlen(families[i].prefix)))
			return families[i].module;
	return NULL;
}

/* Has FILE a line with only this word? */
static bool has_line(const struct file *file, const char *word)
{
	const char *at = file ? file->bytes : "";

	while (*(at += strspn(at, " \t\r\n"))) {
		size_t size = strcspn(at, "\n"), used = size;
		while (used && isspace((unsigned char)at[used - 1]))
			used--;
		if (used == strlen(word) && !memcmp(at, word, used))
			return true;
		at += size;
	}
	return false;
}

static bool is_loaded_early(struct host *host, const char *module)
{
	static const char *const directories[] = { "/etc/modules-load.d", "/run/modules-load.d",
						   "/usr/local/lib/modules-load.d",
						   "/usr/lib/modules-load.d",
						   "/lib/modules-load.d" };

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		const struct directory *directory = host_directory(host, directories[i]);
		for (size_t j = 0; j < directory->count; j++) {
			const char *name = directory->names[j];
			if (!ends_with(name, ".conf"))
				continue;
			const char *path =
				pool_printf(host_pool(host), "%s/%s", directories[i], name);
			if (has_line(host_file(host, path), module))
				return true;
		}
	}
	return has_line(find(host, "/etc/modules"), module);
}

static void note_module(struct host *host, const struct boot_value *value, struct notes *notes)
{
	struct pool *pool = host_pool(host);
	const char *module = module_of(value->key), *path = sysctl_key_path(pool, value->key);

	if (!module || !path)
		return;
	const bool gone =
		host_is_live(host) &&
		host_kernel(host, pool_printf(pool, "/proc/sys/%s", path))->state == FILE_ABSENT;
	const bool in_file = value->configured.state == READING_PRESENT;
	if (!gone && (!in_file || is_loaded_early(host, module)))
		return;
	notes_add(notes, pool_printf(pool, "sysctl:%s", value->key), value->configured.origin,
		  "%s exists only while the module %s is loaded%s: a boot sets it only if "
		  "modules-load.d loads the module first, else it keeps its default",
		  value->key, module, gone ? ", which it is not now" : "");
}

/* ---- entry ------------------------------------------------------------------------------- */

void boot_note_owners(struct host *host, const struct boot_value *values, size_t count,
		      struct notes *notes)
{
	struct pool *pool = host_pool(host);
	struct owners owners = { .host = host,
				 .pool = pool,
				 .claims = pool_alloc(pool, count * sizeof *owners.claims),
				 .count = count };

	for (size_t i = 0; i < count; i++)
		owners.claims[i].path = sysctl_key_path(pool, values[i].key);
	note_tuned(&owners, values, notes);
	forget_claims(&owners);
	note_ufw(&owners, values, notes);
	for (size_t i = 0; i < count; i++)
		note_module(host, &values[i], notes);
}
