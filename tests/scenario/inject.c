/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inject: a plugin that makes stock charon a peer of bad manners, for tests.
 *
 * A line written to the FIFO of setting "fifo" is sent as one INFORMATIONAL request
 * of every IKE_SA: notifies "TYPE" or "TYPE:DATA", DATA in hex. What comes back is
 * appended to the file of setting "answers", a line for each response, "-" if it
 * had no notify.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include <plugins/plugin.h>
#include <processing/jobs/callback_job.h>
#include <sa/task.h>

#define LINE_SIZE 4096

static int fifo = -1;

typedef struct {
	task_t public;
	char *line;
} request_t;

METHOD(task_t, build, status_t,
	request_t *this, message_t *message)
{
	enumerator_t *words = enumerator_create_token(this->line, " ", " ");
	char *word, *colon;
	chunk_t data;

	while (words->enumerate(words, &word)) {
		colon = strchr(word, ':');
		data = colon ? chunk_from_hex(chunk_from_str(colon + 1), NULL) : chunk_empty;
		message->add_notify(message, FALSE, atoi(word), data);
		chunk_free(&data);
	}
	words->destroy(words);
	return NEED_MORE;
}

METHOD(task_t, process, status_t,
	request_t *this, message_t *message)
{
	char *path = lib->settings->get_str(lib->settings, "%s.plugins.inject.answers",
					    "/dev/null", lib->ns);
	enumerator_t *payloads = message->create_payload_enumerator(message);
	FILE *answers = fopen(path, "a");
	notify_payload_t *notify;
	payload_t *payload;
	chunk_t hex;
	int count = 0;

	while (answers && payloads->enumerate(payloads, &payload)) {
		notify = (notify_payload_t *)payload;
		if (payload->get_type(payload) != PLV2_NOTIFY)
			continue;
		hex = chunk_to_hex(notify->get_notification_data(notify), NULL, FALSE);
		fprintf(answers, "%s%d:%.*s", count++ ? " " : "", notify->get_notify_type(notify),
			(int)hex.len, hex.ptr);
		chunk_free(&hex);
	}
	payloads->destroy(payloads);
	if (answers) {
		fprintf(answers, "%s\n", count ? "" : "-");
		fclose(answers);
	}
	return SUCCESS;
}

METHOD(task_t, get_type, task_type_t,
	request_t *this)
{
	return TASK_IKE_DPD;
}

METHOD(task_t, migrate, void,
	request_t *this, ike_sa_t *ike_sa)
{
}

METHOD(task_t, destroy_request, void,
	request_t *this)
{
	free(this->line);
	free(this);
}

CALLBACK(send_line, job_requeue_t,
	char *line)
{
	enumerator_t *enumerator;
	request_t *request;
	ike_sa_t *ike_sa;

	enumerator = charon->ike_sa_manager->create_enumerator(charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa)) {
		INIT(request,
			.public = {
				.build = _build,
				.process = _process,
				.get_type = _get_type,
				.migrate = _migrate,
				.destroy = _destroy_request,
			},
			.line = strdup(line),
		);
		ike_sa->queue_task(ike_sa, &request->public);
		ike_sa->initiate(ike_sa, NULL, NULL);
	}
	enumerator->destroy(enumerator);
	return JOB_REQUEUE_NONE;
}

/* A line comes in one piece: PIPE_BUF octets of a FIFO do (pipe(7)). */
CALLBACK(readable, bool,
	void *null, int fd, watcher_event_t event)
{
	char line[LINE_SIZE];
	ssize_t size = read(fd, line, sizeof(line) - 1);

	if (size > 0) {
		line[size] = '\0';
		line[strcspn(line, "\n")] = '\0';
		lib->processor->queue_job(lib->processor, (job_t *)callback_job_create(
			(callback_job_cb_t)send_line, strdup(line), free, NULL));
	}
	return TRUE;
}

METHOD(plugin_t, get_name, char *,
	plugin_t *this)
{
	return "inject";
}

METHOD(plugin_t, get_features, int,
	plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_NOOP,
			PLUGIN_PROVIDE(CUSTOM, "inject"),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, destroy, void,
	plugin_t *this)
{
	lib->watcher->remove(lib->watcher, fifo);
	close(fifo);
	free(this);
}

plugin_t *inject_plugin_create(void);
plugin_t *inject_plugin_create(void)
{
	char *path = lib->settings->get_str(lib->settings, "%s.plugins.inject.fifo",
					    NULL, lib->ns);
	plugin_t *this;

	/* to be written, too: else it is at its end when a writer leaves */
	fifo = path ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fifo < 0) {
		DBG1(DBG_CFG, "inject: no FIFO: %s", strerror(errno));
		return NULL;
	}
	lib->watcher->add(lib->watcher, fifo, WATCHER_READ, readable, NULL);
	INIT(this,
		.get_name = _get_name,
		.get_features = _get_features,
		.destroy = _destroy,
	);
	return this;
}
