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
			"await":           (*story).await,          // KIND MESSAGE: lets time pass until that is the status
			"set-leader":      (*story).setLeader,      // UNIT
			"kill-pod":        (*story).killPod,        // UNIT
			"kill-hook":       (*story).killHook,       // UNIT N: in the unit's next hook, after N hook tools
			"lose-leadership": (*story).loseLeadership, // UNIT N HEIR: likewise, to HEIR
			// What other charms write.
			"relation-set": (*story).relationSet, // APP|UNIT KEY=VALUE…
			"requirers":    (*story).requirers,   // FILE: adds and relates the ingress requirers of a YAML file
			// What can be seen.
			"status":    (*story).status,   // a line for each unit of the charm
			"data":      (*story).data,     // APP ENTITY: ENTITY's databag in APP's relation
			"urls":      (*story).urls,     // what is published to each ingress requirer
			"secrets":   (*story).secrets,  // a line for each secret
			"debug-log": (*story).debugLog, // since the mark, without times
			"hooks":     (*story).hooksRun, // since the mark, with exit codes
			"calls":     (*story).calls,    // [TOOL]…: hook tools called since the mark
		})),
		"kube": word(among(map[string]command{
			"objects":    (*story).objects,    // the application's objects, by name
			"get":        (*story).get,        // KIND [NAME]…: the application's objects, in YAML
			"delete":     (*story).deleteKind, // KIND NAME
			"await-none": (*story).awaitNone,  // until the application has no objects
			"requests":   (*story).requests,   // counted, since the mark
		})),
		"curl": word((*story).curl), // [--cacert CA] CODE|none URL: asks until that is the answer
		"ca": word(among(map[string]command{
			"hold":     (*story).hold,      // CA on|off: new requests stay unanswered
			"revoke":   (*story).revoke,    // CA [HOST]…: its certificates are revoked, and no others
			"answer":   (*story).answer,    // CA FILE: the databag that answers the one in the file
			"write":    (*story).write,     // CA KEY TEXT: see rogue.fill
			"requests": (*story).requested, // CA: for which hosts certificates are requested
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
		"redact": word((*story).redact), // FILE: its text, with certificates and keys in words
		"mark":   word((*story).mark),
	}
}
