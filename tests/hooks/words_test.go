package hooks

import "github.com/rogpeppe/go-internal/testscript"

// words are those of the stories' language that are their own. Arguments in
// brackets may be left out; UNIT and APP are then the charm under test.
func words() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"juju": word(among(map[string]command{
			// What an operator does.
			"add-model":          (*story).addModel,          // [--juju 3.1|3.6|4.0] [--processes] NAME
			"deploy":             (*story).deploy,            // [--trust] [--config KEY=VALUE]… [-n N] [--port P] [--data KEY=VALUE]… CHARM [APP]
			"config":             (*story).config,            // APP KEY=VALUE… | APP --reset KEY
			"integrate":          (*story).integrate,         // APP[:ENDPOINT] APP[:ENDPOINT]
			"remove-relation":    (*story).removeRelation,    // [--force] APP[:ENDPOINT] APP[:ENDPOINT]
			"remove-application": (*story).removeApplication, // APP
			"add-unit":           (*story).addUnit,           // APP
			"remove-unit":        (*story).removeUnit,        // UNIT
			"trust":              (*story).trust,             // [--remove] APP
			"run":                (*story).runAction,         // UNIT ACTION [KEY=VALUE]…
			// What Juju does by itself.
			"settle":          (*story).settle,         // runs hooks until none is left
			"update-status":   (*story).updateStatus,   // queues it, as Juju does every five minutes
			"await":           (*story).await,          // [--match] KIND MESSAGE: lets time pass until that is the status
			"await-left":      (*story).awaitLeft,      // HOST: likewise, until the Gateway does not listen for the old host; '' for addresses, *.DOMAIN for all below it
			"clock":           (*story).clock,          // DURATION: Juju's clock goes forward by so much; hooks run of what is due then
			"set-leader":      (*story).setLeader,      // UNIT
			"kill-pod":        (*story).killPod,        // UNIT
			"kill-hook":       (*story).killHook,       // UNIT N: in the unit's next hook, after N hook tools
			"lose-leadership": (*story).loseLeadership, // UNIT N HEIR: likewise, to HEIR
			// What other charms write.
			"relation-set": (*story).relationSet, // APP|UNIT KEY=VALUE…
			"requirers":    (*story).requirers,   // FILE: adds and relates the ingress requirers of a YAML file
			// What an earlier charm has left.
			"add-charm-secret": (*story).addSecret, // [--expire DURATION] APP|UNIT LABEL KEY=VALUE|KEY=@FILE…
			// What can be seen.
			"status":    (*story).status,     // a line for each unit of the charm
			"data":      (*story).data,       // APP ENTITY: ENTITY's databag in APP's relation
			"urls":      (*story).urls,       // what is published to each ingress requirer
			"secrets":   (*story).secrets,    // a line for each secret
			"secret":    (*story).copySecret, // LABEL-SUFFIX KEY FILE: to the file
			"debug-log": (*story).debugLog,   // [--all]: since the mark, without times
			"hooks":     (*story).hooksRun,   // since the mark, with exit codes
			"calls":     (*story).calls,      // [--all] [TOOL]…: hook tools called since the mark
		})),
		"kube": word(among(map[string]command{
			"objects":    (*story).objects,    // the application's objects, by name
			"get":        (*story).get,        // KIND [NAME]…: the application's objects, in YAML
			"delete":     (*story).deleteKind, // KIND NAME
			"make":       (*story).makeObject, // MANAGER KIND FILE: an object, as somebody else does
			"there":      (*story).there,      // KIND NAME: anybody's object, without what the API server adds
			"await-none": (*story).awaitNone,  // until the application has no objects
			"requests":   (*story).requests,   // counted, since the mark
		})),
		"curl": word((*story).curl), // [--cacert CA] CODE|none URL: asks until that is the answer
		"ca": word(among(map[string]command{
			// What it does with requests.
			"hold":          (*story).hold,         // CA on|off [HOST]…: new requests stay unanswered
			"revoke":        (*story).revoke,       // CA [HOST]…: its certificates are revoked, and no others
			"reissue":       conduct(reissue),      // CA HOST: new certificates for the same requests
			"refuse":        conduct(refuse),       // CA [--schema] [--code N] [--reason R] HOST MESSAGE
			"relent":        conduct(relent),       // CA HOST: refused no more
			"life":          conduct(life),         // CA DURATION: of certificates from now on
			"backdate":      conduct(backdate),     // CA DURATION: since when they are valid
			"delay":         conduct(delay),        // CA DURATION: until they are valid
			"capabilities":  conduct(capabilities), // CA JSON
			"garbage":       conduct(garbage),      // CA [JSON]…: between certificates
			"error-garbage": conduct(errorGarbage), // CA [JSON]…: between errors
			"write":         (*story).write,        // CA KEY TEXT: see rogue.fill
			"answer":        (*story).answer,       // CA FILE: the databag that answers the one in the file
			// What can be seen of it.
			"requests":      (*story).requested, // [--all] CA: for which hosts certificates are requested
			"issued":        issued,             // CA HOST: a line for each certificate it has ever signed
			"await-due":     awaitDue,           // CA HOST: until its newest certificate is to be renewed
			"await-expired": awaitExpired,       // CA HOST: until it has expired
			// What an earlier hook has left.
			"make-key": (*story).makeKey, // FILE
			"ask":      (*story).ask,     // [--age DURATION] [--alone] CA KEYFILE HOST: a request in our databag
		})),
		"cluster": word(among(map[string]command{
			"install-crds":       (*story).installCRDs,
			"remove-crds":        (*story).removeCRDs,
			"stop-api-server":    (*story).stopAPIServer,
			"start-api-server":   (*story).startAPIServer,
			"create-class":       (*story).createClass,     // NAME CONTROLLER
			"delete-class":       (*story).deleteClass,     // NAME
			"deploy-application": (*story).deployInCluster, // APP: as Juju does, trusted; sets $KUBECONFIG
			"remove-application": (*story).removeInCluster, // APP
		})),
		"until":  word((*story).until),  // PATTERN FILE PROGRAM [ARGUMENT]…: runs the program until the file matches
		"redact": word((*story).redact), // FILE: its text, with certificates, keys and times in words
		"mark":   word((*story).mark),
	}
}
