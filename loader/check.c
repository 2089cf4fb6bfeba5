// SPDX-License-Identifier: GPL-2.0-or-later
/* segue check: what would spoil a handover on this host. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"
#include "cli.h"
#include "control.h"
#include "load.h"
#include "rtnl.h"

struct finding {
	char verdict[8];
	char subject[32];
	char finding[256];
	char mend[320];
};

static const struct output_field fields[] = {
	OUTPUT_FIELD(struct finding, verdict, OUTPUT_TEXT, .before = "", .width = 4),
	OUTPUT_FIELD(struct finding, subject, OUTPUT_TEXT, .before = "  ", .width = 14),
	OUTPUT_FIELD(struct finding, finding, OUTPUT_TEXT, .before = "  "),
	OUTPUT_FIELD(struct finding, mend, OUTPUT_TEXT, .before = "\n                      mend: "),
	{},
};

void check_tell(struct check *check, enum verdict verdict, const char *subject,
		const char *mend, const char *format, ...)
{
	static const char *const names[] = { "ok", "warn", "fail" };
	struct finding *finding = output_rows_add(&check->findings, sizeof(*finding));
	va_list args;

	check->failed |= verdict == CHECK_FAIL;
	if (!finding) {
		check->failed = true;	/* better than to be silent about it */
		cli_error("%s", strerror(ENOMEM));
		return;
	}
	strcpy(finding->verdict, names[verdict]);
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	snprintf(finding->mend, sizeof(finding->mend), "%s", mend);
	va_start(args, format);
	vsnprintf(finding->finding, sizeof(finding->finding), format, args);
	va_end(args);
}

const char *check_text(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(buf, size, format, args);
	va_end(args);
	return buf;
}

static void open_pins(struct check *check)
{
	int err = segue_open(NULL, &check->segue);

	if (!err) {
		check_tell(check, CHECK_OK, "pins", "", "attached, in %s", cli_pin_dir());
		return;
	}
	check->segue = NULL;
	if (err == -EXDEV)
		check_tell(check, CHECK_FAIL, "pins", "mount -t bpf bpf /sys/fs/bpf", "%s belongs to another network namespace; each needs a "
			   "bpffs of its own", cli_pin_dir());
	else if (err == -ESTALE && !segue_is_ours(NULL))
		check_tell(check, CHECK_FAIL, "pins", "", "%s holds pins that segue did not make",
			   cli_pin_dir());
	else if (err == -ESTALE || (err == -ENOENT && !access(cli_pin_dir(), F_OK)))
		check_tell(check, CHECK_FAIL, "pins", "segue detach",
			   "%s holds pins of another version, or of an attach that broke off",
			   cli_pin_dir());
	else if (err == -ENOENT)
		check_tell(check, CHECK_OK, "pins", "", "not attached; only the host is checked");
	else
		check_tell(check, CHECK_FAIL, "pins", err == -EPERM || err == -EACCES ?
			   "sudo segue check" : "", "cannot open %s: %s", cli_pin_dir(),
			   strerror(-err));
}

int check_command(struct cli *cli, int argc, char **argv)
{
	struct check check = {};
	int err;

	(void)argv;
	if (argc)
		return cli_usage(cli, "too many arguments");
	err = rtnl_open(&check.rtnl);
	if (err)
		return cli_error("no rtnetlink: %s", strerror(-err));
	check_host(&check);
	check_agent(&check);
	open_pins(&check);
	check_rules(&check);
	check_links(&check);
	check_offload(&check);
	if (check.segue)
		check_sas(&check);
	output_lines(cli->output, NULL, fields, check.findings.data, check.findings.count,
		     sizeof(struct finding));
	free(check.findings.data);
	if (check.segue)
		segue_close(check.segue);
	rtnl_close(check.rtnl);
	return check.failed ? CLI_FAILED : CLI_OK;
}
