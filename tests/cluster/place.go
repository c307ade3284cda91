package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// place is where one Gateway is served: its Envoy, and the address before it.
type place struct {
	proxies *proxies
	name    string // of the Deployment and the Service
	model   string // the namespace of the Gateway
	number  int    // from 1

	// Under the mutex of proxies.
	deployed, published bool // a Deployment, a Service wanted it at the last look

	// Under deploying.
	network *sandbox // nil: not deployed
	envoy   *process
	started string // the arguments of the Deployment that envoy was started with
	ready   bool

	// Under publishing.
	open forwarders
}

// address is where clients connect to: what a load balancer gives.
func (p *place) address() string { return fmt.Sprintf("10.43.45.%d", p.number) }

// podAddress is Envoy's. The controller has the first of the range.
func (p *place) podAddress() string { return fmt.Sprintf("10.1.255.%d", p.number+1) }

// deploy runs Envoy as the Deployment says, and reports how it is. A change of
// the arguments ends Envoy and starts another one: nobody here rolls out.
func (p *place) deploy(ctx context.Context, deployment *appsv1.Deployment) error {
	container, err := envoyContainer(deployment)
	if err != nil {
		return err
	}
	if arguments := strings.Join(container.Args, "\n"); p.network == nil || p.started != arguments {
		p.undeploy()
		if err := p.start(ctx, container); err != nil {
			p.undeploy()
			return err
		}
		p.started = arguments
	}
	return p.report(ctx, deployment)
}

func envoyContainer(deployment *appsv1.Deployment) (*corev1.Container, error) {
	for i := range deployment.Spec.Template.Spec.Containers {
		if container := &deployment.Spec.Template.Spec.Containers[i]; container.Name == "envoy" {
			return container, nil
		}
	}
	return nil, errors.New("it has no container envoy")
}

// start does what the kubelet does for a pod: a network, the volumes, the
// variables in the arguments, the program; and what the cluster's DNS does.
func (p *place) start(ctx context.Context, container *corev1.Container) error {
	c := p.proxies.cluster
	directory := filepath.Join(c.directory, p.name)
	certificates, configuration := filepath.Join(directory, "certs"), filepath.Join(directory, "sds")
	for _, volume := range []string{certificates, configuration} {
		if err := os.MkdirAll(volume, 0o755); err != nil {
			return err
		}
	}
	here := strings.NewReplacer(append(variables(container, p.name),
		`/certs/`, certificates+"/", `/sds/`, configuration+"/",
		"envoy-gateway."+envoyNamespace+".svc.cluster.local.", envoyGatewayService)...)
	if err := c.mountSecret(ctx, "envoy", certificates); err != nil {
		return err
	}
	files, err := c.typed.CoreV1().ConfigMaps(envoyNamespace).Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("cannot read the ConfigMap %s: %w", p.name, err)
	}
	for name, content := range files.Data {
		if err := os.WriteFile(filepath.Join(configuration, name), []byte(here.Replace(content)), 0o644); err != nil {
			return err
		}
	}
	if p.network, err = newSandbox("envoy-"+strconv.Itoa(p.number), p.podAddress(), fmt.Sprintf("fd10::ffff:%x", p.number+1)); err != nil {
		return err
	}
	// Shared memory that another Envoy has begun would be taken for its own.
	arguments := []string{"--disable-hot-restart"}
	for _, argument := range container.Args {
		arguments = append(arguments, here.Replace(argument))
	}
	command := exec.Command(c.assets.Envoy, arguments...)
	command.Dir = directory
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + directory, "TMPDIR=" + os.TempDir()}
	if p.envoy, err = p.network.start(c.directory, p.name, command); err != nil {
		return err
	}
	go p.awaitReady(p.envoy, "http://"+net.JoinHostPort(p.podAddress(), "19003")+"/ready")
	return nil
}

// variables are the container's, as it has them in its arguments, with what they
// stand for.
func variables(container *corev1.Container, pod string) []string {
	pairs := []string{}
	for _, variable := range container.Env {
		value := variable.Value
		if source := variable.ValueFrom; source != nil && source.FieldRef != nil {
			switch source.FieldRef.FieldPath {
			case "metadata.name":
				value = pod
			case "metadata.namespace":
				value = envoyNamespace
			}
		}
		pairs = append(pairs, "$("+variable.Name+")", value)
	}
	return pairs
}

// awaitReady probes Envoy as the Deployment tells the kubelet to, until it is
// ready; then it looks out for its end.
func (p *place) awaitReady(envoy *process, url string) {
	timeouts := p.proxies.cluster.timeouts
	client := &http.Client{Timeout: timeouts.Request, Transport: &http.Transport{DisableKeepAlives: true}}
	err := envoy.waitUntil(context.Background(), timeouts, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	})
	if err != nil {
		p.proxies.log.Print(err)
		return
	}
	p.setReady(envoy, true)
	<-envoy.ended
	p.setReady(envoy, false)
}

func (p *place) setReady(envoy *process, ready bool) {
	p.proxies.deploying.Lock()
	defer p.proxies.deploying.Unlock()
	if p.envoy == envoy {
		p.ready = ready
		poke(p.proxies.deployments)
	}
}

// report writes the Deployment's status, as its controller does.
func (p *place) report(ctx context.Context, deployment *appsv1.Deployment) error {
	available := int32(0)
	condition := appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Reason: "MinimumReplicasUnavailable"}
	if p.ready {
		available = 1
		condition.Status, condition.Reason = corev1.ConditionTrue, "MinimumReplicasAvailable"
	}
	status := &deployment.Status
	if status.ObservedGeneration == deployment.Generation && status.AvailableReplicas == available && status.Replicas == 1 {
		return nil
	}
	*status = appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation, Replicas: 1, UpdatedReplicas: 1,
		ReadyReplicas: available, AvailableReplicas: available, UnavailableReplicas: 1 - available,
		Conditions: []appsv1.DeploymentCondition{condition},
	}
	_, err := p.proxies.cluster.typed.AppsV1().Deployments(envoyNamespace).UpdateStatus(ctx, deployment, metav1.UpdateOptions{})
	return err
}

func (p *place) undeploy() {
	p.envoy.stop(0)
	if p.network != nil {
		p.network.close()
	}
	p.network, p.envoy, p.started, p.ready = nil, nil, "", false
}

// publish takes connections for the ports of the Service, and tells its address.
func (p *place) publish(ctx context.Context, service *corev1.Service) error {
	wanted := map[string]string{}
	for _, port := range service.Spec.Ports {
		if port.Protocol == corev1.ProtocolTCP && port.TargetPort.Type == intstr.Int {
			from := net.JoinHostPort(p.address(), strconv.Itoa(int(port.Port)))
			wanted[from] = net.JoinHostPort(p.podAddress(), strconv.Itoa(int(port.TargetPort.IntVal)))
		}
	}
	if err := p.open.lead(ctx, wanted, p.note); err != nil {
		return err
	}
	status := &service.Status.LoadBalancer
	if len(status.Ingress) == 1 && status.Ingress[0].IP == p.address() {
		return nil
	}
	status.Ingress = []corev1.LoadBalancerIngress{{IP: p.address()}}
	_, err := p.proxies.cluster.typed.CoreV1().Services(envoyNamespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	return err
}

func (p *place) unpublish() { _ = p.open.lead(context.Background(), nil, p.note) }

// note tells the log what became of a port.
func (p *place) note(port, state string) {
	p.proxies.log.Printf("%s of %s is %s", port, p.model, state)
}
