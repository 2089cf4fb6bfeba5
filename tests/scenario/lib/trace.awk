# SPDX-License-Identifier: GPL-2.0-or-later
# trace.awk OPERATIONS FIELDS: tshark's fields as a message a line (trace.sh).
# Names and numbers: RFC 7296 3.1, 3.2 and 3.10.1; RFC 4555 4; docs/mobike-x.md.

BEGIN {
	split("34 IKE_SA_INIT 35 IKE_AUTH 36 CREATE_CHILD_SA 37 INFORMATIONAL", list, " ")
	for (i = 1; i in list; i += 2)
		exchange[list[i]] = list[i + 1]
	# 2 and 3, proposals and transforms, are inside SA; 46, SK, is around everything
	split("33 SA 34 KE 35 IDi 36 IDr 39 AUTH 40 Ni/Nr 42 D 43 V 44 TSi 45 TSr 47 CP", list, " ")
	for (i = 1; i in list; i += 2)
		payload[list[i]] = list[i + 1]
	split("14 NO_PROPOSAL_CHOSEN 40 UNACCEPTABLE_ADDRESSES 41 UNEXPECTED_NAT_DETECTED " \
	      "16384 INITIAL_CONTACT 16388 NAT_DETECTION_SOURCE_IP " \
	      "16389 NAT_DETECTION_DESTINATION_IP 16391 USE_TRANSPORT_MODE 16393 REKEY_SA " \
	      "16394 ESP_TFC_PADDING_NOT_SUPPORTED 16396 MOBIKE_SUPPORTED " \
	      "16397 ADDITIONAL_IP4_ADDRESS 16398 ADDITIONAL_IP6_ADDRESS " \
	      "16399 NO_ADDITIONAL_ADDRESSES 16400 UPDATE_SA_ADDRESSES 16401 COOKIE2 " \
	      "16402 NO_NATS_ALLOWED 16404 MULTIPLE_AUTH_SUPPORTED 16406 REDIRECT_SUPPORTED " \
	      "16417 EAP_ONLY_AUTHENTICATION 16418 CHILDLESS_IKEV2_SUPPORTED " \
	      "16420 IKEV2_MESSAGE_ID_SYNC_SUPPORTED 16430 IKEV2_FRAGMENTATION_SUPPORTED " \
	      "16431 SIGNATURE_HASH_ALGORITHMS 41216 MOBIKEX_SUPPORTED 41217 ADD_SA_ADDRESS " \
	      "41218 REMOVE_SA_ADDRESS 41219 IP_PARAMETER 41220 OPERATION_REFUSED " \
	      "41221 CHILD_SA_PAIR", list, " ")
	for (i = 1; i in list; i += 2)
		notify[list[i]] = list[i + 1]
	# whose data is worth reading
	split("16401 41216 41219 41220 41221", list, " ")
	for (i in list)
		shown[list[i]] = 1
}

function hex(digits,    i, value) {
	for (i = 1; i <= length(digits); i++)
		value = 16 * value + index("0123456789abcdef", substr(digits, i, 1)) - 1
	return value + 0
}

function dotted(digits) {
	return hex(substr(digits, 1, 2)) "." hex(substr(digits, 3, 2)) "." \
		hex(substr(digits, 5, 2)) "." hex(substr(digits, 7, 2))
}

function notified(type, data,    text) {
	text = type in notify ? notify[type] : type
	if (type == 16397)
		text = text " " dotted(data)
	else if (type == 16398)
		text = text " " data
	else if (type in shown && data !~ /MISSING/)
		text = text " " data
	return "N(" text ")"
}

FNR == NR {
	began[++operations] = $1
	name[operations] = $2
	next
}

{
	split($0, field, "\t")
	if (field[4] == "")	# a NAT keepalive
		next
	while (current < operations && began[current + 1] <= field[1])
		current++
	# a response belongs where its request does; each end counts its own requests
	request = field[7] " " (field[5] != field[6])
	if (!field[5] && !(request in of))
		of[request] = current
	operation = request in of ? of[request] : current
	count = split(field[8], payloads, ",")
	split(field[9], types, ",")
	split(field[10], data, ",")
	line = sprintf("%s %.1f %s > %s %s %s %d", name[operation],
		       1000 * (field[1] - began[operation]), field[2], field[3],
		       field[4] in exchange ? exchange[field[4]] : field[4],
		       field[5] ? "response" : "request", hex(substr(field[7], 3)))
	for (i = notifies = 0; ++i <= count; ) {
		if (payloads[i] == 41) {
			notifies++
			line = line " " notified(types[notifies], data[notifies])
		} else if (payloads[i] in payload) {
			line = line " " payload[payloads[i]]
		}
	}
	print line (seen[field[2], field[3], field[5], request]++ ? " (again)" : "")
}
