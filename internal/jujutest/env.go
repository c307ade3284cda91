package jujutest

import (
	"strconv"
	"strings"
)

// agentPath is the PATH of the unit agent in a charm container, behind the directory of the tools.
const agentPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/charm/bin"

// environment is what a dispatch starts with, and nothing more: Juju's variables (HookVars in
// internal/worker/uniter/runner/context/context.go) and those of Options.Env.
func (j *Juju) environment(c *hookContext) []string {
	u := c.unit
	path := agentPath
	var extra []string
	if j.options.Env != nil {
		for _, variable := range j.options.Env(u.name) {
			if value, ok := strings.CutPrefix(variable, "PATH="); ok {
				path = value
				continue
			}
			extra = append(extra, variable)
		}
	}
	env := []string{
		"CHARM_DIR=" + j.CharmDir(u.name),
		"JUJU_CHARM_DIR=" + j.CharmDir(u.name),
		"JUJU_CONTEXT_ID=" + c.id,
		"JUJU_HOOK_NAME=" + c.hookName(),
		"JUJU_AGENT_SOCKET_ADDRESS=" + j.socketAddress(u.name),
		"JUJU_AGENT_SOCKET_NETWORK=unix",
		"JUJU_UNIT_NAME=" + u.name,
		"JUJU_MODEL_UUID=" + j.options.ModelUUID,
		"JUJU_MODEL_NAME=" + j.options.Model,
		"JUJU_API_ADDRESSES=10.152.183.2:17070 controller-service.controller-test.svc.cluster.local:17070",
		"JUJU_VERSION=" + j.traits.version,
		"JUJU_MACHINE_ID=",
		"JUJU_AVAILABILITY_ZONE=",
		"JUJU_PRINCIPAL_UNIT=",
		"CLOUD_API_VERSION=" + j.options.KubernetesVersion,
		"JUJU_CHARM_HTTP_PROXY=",
		"JUJU_CHARM_HTTPS_PROXY=",
		"JUJU_CHARM_FTP_PROXY=",
		"JUJU_CHARM_NO_PROXY=",
		"PATH=" + j.ToolsDir(u.name) + ":" + path,
		"LANG=C.UTF-8",
		"TERM=tmux-256color",
		"DEBIAN_FRONTEND=noninteractive",
		"APT_LISTCHANGES_FRONTEND=none",
	}
	if j.traits.meterVariables {
		env = append(env, "JUJU_SLA=unsupported", "JUJU_METER_STATUS=AMBER", "JUJU_METER_INFO=not set", "JUJU_TARGET_SERIES=")
	}
	if c.dispatchPath != "" {
		env = append(env, "JUJU_DISPATCH_PATH="+c.dispatchPath)
	}
	env = append(env, c.eventVariables()...)
	return append(env, extra...)
}

// eventVariables are those that only some events have.
func (c *hookContext) eventVariables() []string {
	var env []string
	if c.event != nil {
		r := c.event.relation
		end, _ := r.end(c.unit.app)
		env = append(env,
			"JUJU_RELATION="+end.endpoint.Name,
			"JUJU_RELATION_ID="+r.key(c.unit.app),
			"JUJU_REMOTE_UNIT="+c.event.remoteUnit,
			"JUJU_REMOTE_APP="+c.event.remoteApp,
		)
		if c.event.departing != "" {
			env = append(env, "JUJU_DEPARTING_UNIT="+c.event.departing)
		}
	}
	if c.secretEvent != nil {
		env = append(env, "JUJU_SECRET_ID="+c.secretEvent.shownID(), "JUJU_SECRET_LABEL="+c.secretEvent.label)
		if c.secretEvent.revision > 0 {
			env = append(env, "JUJU_SECRET_REVISION="+strconv.Itoa(c.secretEvent.revision))
		}
	}
	if c.action != nil {
		env = append(env,
			"JUJU_ACTION_NAME="+c.action.name,
			"JUJU_ACTION_UUID="+c.action.id,
			"JUJU_ACTION_TAG=action-"+c.action.id,
		)
	}
	return env
}
