// SPDX-License-Identifier: GPL-2.0-or-later
/* segue check: is the agent in charon, and does AppArmor let it work? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"

#define CHARON_SYSTEMD "/usr/sbin/charon-systemd"

/* The two daemons of Debian's packages, and what each is confined by. */
static const struct {
	const char *daemon;
	const char *profile;
	const char *local;
} daemons[] = {
	{ "/usr/lib/ipsec/charon", "/etc/apparmor.d/usr.lib.ipsec.charon",
	  "/etc/apparmor.d/local/usr.lib.ipsec.charon" },
	{ CHARON_SYSTEMD, "/etc/apparmor.d/usr.sbin.charon-systemd",
	  "/etc/apparmor.d/local/usr.sbin.charon-systemd" },
};

/* What the plugin does that charon alone does not. */
static const char *const rules[] = {
	"capability bpf,",
	"capability perfmon,",
	"/sys/fs/bpf/** rw,",
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

const char *check_restart(void)
{
	return access(CHARON_SYSTEMD, X_OK) ? "systemctl restart strongswan-starter" :
					      "systemctl restart strongswan";
}

static bool apparmor_enabled(void)
{
	FILE *file = fopen("/sys/module/apparmor/parameters/enabled", "re");
	int answer = 'N';

	if (file) {
		answer = fgetc(file);
		fclose(file);
	}
	return answer == 'Y';
}

/* Without a list of the loaded profiles, what is in the file counts. */
static bool is_loaded(const char *daemon)
{
	FILE *file = fopen("/sys/kernel/security/apparmor/profiles", "re");
	bool loaded = !file;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return true;
	while (!loaded && getline(&line, &size, file) > 0)
		loaded = !strncmp(line, daemon, strlen(daemon)) && line[strlen(daemon)] == ' ';
	free(line);
	fclose(file);
	return loaded;
}

/* Is there a line with these words that is no comment?  Blanks do not matter. */
static bool has_rule(const char *path, const char *rule)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *c;
	bool found = false;
	size_t size = 0;

	if (!file)
		return false;
	while (!found && getline(&line, &size, file) > 0) {
		c = line + strspn(line, " \t");
		found = !strncmp(c, rule, strlen(rule));
	}
	free(line);
	fclose(file);
	return found;
}

static void check_profile(struct check *check, const char *profile, const char *local)
{
	char missing[128] = "", lines[192] = "";
	unsigned int i;

	for (i = 0; i < RULES; i++) {
		/* rules that end in a comma may say more after it: match the beginning */
		if (has_rule(local, rules[i]) || has_rule(profile, rules[i]))
			continue;
		snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), "%s%.*s",
			 missing[0] ? "; " : "", (int)strlen(rules[i]) - 1, rules[i]);
		snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), " '%s'", rules[i]);
	}
	if (missing[0])
		check_tell(check, CHECK_FAIL, "AppArmor",
			   CHECK_MEND("printf '%%s\\n'%s >>%s && apparmor_parser -r %s",
				      lines, local, profile),
			   "%s keeps the agent from: %s", profile, missing);
	else
		check_tell(check, CHECK_OK, "AppArmor", "", "%s lets the agent work", profile);
}

static void check_plugin(struct check *check)
{
	static const char plugin[] = "/usr/lib/ipsec/plugins/libstrongswan-mobikex.so";
	static const char conf[] = "/etc/strongswan.d/charon/mobikex.conf";

	if (access(plugin, R_OK))
		check_tell(check, CHECK_WARN, "agent", CHECK_MEND("make install && %s", check_restart()),
			   "%s is missing: nobody tells segue of SAs", plugin);
	else if (access(conf, R_OK))
		check_tell(check, CHECK_WARN, "agent", CHECK_MEND("make install && %s", check_restart()),
			   "%s is missing: charon does not load the plugin", conf);
	else
		check_tell(check, CHECK_OK, "agent", "", "%s", plugin);
}

void check_agent(struct check *check)
{
	bool enabled = apparmor_enabled(), any = false, confined = false;
	unsigned int i;

	for (i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		if (access(daemons[i].daemon, F_OK))
			continue;
		any = true;
		if (!enabled || access(daemons[i].profile, F_OK) || !is_loaded(daemons[i].daemon))
			continue;
		confined = true;
		check_profile(check, daemons[i].profile, daemons[i].local);
	}
	if (!any) {
		check_tell(check, CHECK_WARN, "strongSwan",
			   "apt-get install strongswan-swanctl charon-systemd",
			   "charon is not installed");
		return;
	}
	if (!confined)
		check_tell(check, CHECK_OK, "AppArmor", "", "does not confine charon");
	check_plugin(check);
}
