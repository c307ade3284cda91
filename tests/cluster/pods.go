package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod describes what a pod serves.
type Pod struct {
	Port    int               // TCP, 1 to 65535
	Handler http.Handler      // answers on every address of the pod
	TLS     *tls.Config       // serve HTTPS when set
	HTTP2   bool              // speak HTTP/2 in clear, and nothing else
	IPv6    bool              // have an IPv6 address too
	Errors  io.Writer         // told of broken connections; nobody when nil
	Labels  map[string]string // added to app.kubernetes.io/name and statefulset.kubernetes.io/pod-name
}

// RunningPod is a pod that serves.
type RunningPod struct {
	Name string // <app>-<unit>
	IP   string // 10.1.x.y, never used again in the same cluster
	IPv6 string // fd10::x:y, if asked for

	cluster *Cluster
	model   string
	server  *http.Server
}

// AddPod makes the pod of unit <app>/<unit>: an object that is running and
// ready, labelled as Juju and a StatefulSet label it, and an HTTP server that listens on its
// address. The endpointslice controller notices it within milliseconds. If the
// application's StatefulSet is there it owns the pod.
func (c *Cluster) AddPod(ctx context.Context, model, app string, unit int, pod Pod) (*RunningPod, error) {
	running := &RunningPod{Name: app + "-" + strconv.Itoa(unit), cluster: c, model: model}
	number := c.podNumber.Add(1)
	running.IP = fmt.Sprintf("10.1.%d.%d", number/250, number%250+2)
	addresses := []string{running.IP}
	if pod.IPv6 {
		if !HasIPv6() {
			return nil, fmt.Errorf("cannot add pod %s: %w", running.Name, ErrNoIPv6)
		}
		running.IPv6 = fmt.Sprintf("fd10::%x:%x", number/250, number%250+2)
		addresses = append(addresses, running.IPv6)
	}
	if err := running.serve(ctx, pod, addresses); err != nil {
		return nil, fmt.Errorf("cannot serve as pod %s: %w", running.Name, err)
	}
	if err := c.createPod(ctx, model, app, running.Name, pod, addresses); err != nil {
		c.listeners.close(running.server)
		return nil, fmt.Errorf("cannot create pod %s: %w", running.Name, err)
	}
	return running, nil
}

// serve listens on every address before it returns.
func (r *RunningPod) serve(ctx context.Context, pod Pod, addresses []string) error {
	if pod.Handler == nil {
		return errors.New("it has no handler")
	}
	complaints := pod.Errors
	if complaints == nil {
		complaints = io.Discard // Broken connections are part of the tests that make them.
	}
	r.server = &http.Server{
		Handler: pod.Handler, TLSConfig: pod.TLS, ErrorLog: log.New(complaints, "", 0),
	}
	if pod.HTTP2 {
		r.server.Protocols = &http.Protocols{}
		r.server.Protocols.SetUnencryptedHTTP2(true)
	}
	sockets := []net.Listener{}
	for _, address := range addresses {
		config := net.ListenConfig{Control: listenAnywhere}
		socket, err := config.Listen(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(pod.Port)))
		if err != nil {
			for _, earlier := range sockets {
				_ = earlier.Close()
			}
			return err
		}
		sockets = append(sockets, socket)
	}
	r.cluster.listeners.add(r.server)
	for _, socket := range sockets {
		if pod.TLS != nil {
			socket = tls.NewListener(socket, pod.TLS)
		}
		go func() { _ = r.server.Serve(socket) }()
	}
	return nil
}

func (c *Cluster) createPod(ctx context.Context, model, app, name string, pod Pod, addresses []string) error {
	labels := map[string]string{nameLabel: app, "statefulset.kubernetes.io/pod-name": name}
	for key, value := range pod.Labels {
		labels[key] = value
	}
	object := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace(model), Labels: labels},
		Spec: corev1.PodSpec{
			NodeName:   nodeName,
			Containers: []corev1.Container{{Name: "charm", Image: "docker.io/jujusolutions/charm-base:ubuntu-24.04"}},
			// There is no kubelet to confirm that the containers ended: whoever deletes the pod, it goes at once.
			TerminationGracePeriodSeconds: new(int64),
		},
	}
	owner, err := c.typed.AppsV1().StatefulSets(Namespace(model)).Get(ctx, app, metav1.GetOptions{})
	switch {
	case err == nil:
		controller := true
		object.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: "StatefulSet", Name: app, UID: owner.UID, Controller: &controller, BlockOwnerDeletion: &controller,
		}}
	case !apierrors.IsNotFound(err):
		return err
	}
	created, err := c.typed.CoreV1().Pods(Namespace(model)).Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	// What the kubelet would report.
	created.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: addresses[0], HostIP: apiAddress, HostIPs: []corev1.HostIP{{IP: apiAddress}}}
	for _, address := range addresses {
		created.Status.PodIPs = append(created.Status.PodIPs, corev1.PodIP{IP: address})
	}
	for _, condition := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		created.Status.Conditions = append(created.Status.Conditions,
			corev1.PodCondition{Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()})
	}
	_, err = c.typed.CoreV1().Pods(Namespace(model)).UpdateStatus(ctx, created, metav1.UpdateOptions{})
	return err
}

// nodeName is the only node. The endpointslice controller leaves pods without
// a node out.
const nodeName = "node"

// createNode makes the node that every pod runs on.
func (c *Cluster) createNode(ctx context.Context) error {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{"kubernetes.io/hostname": nodeName}},
		Status: corev1.NodeStatus{
			Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: apiAddress}},
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
	if _, err := c.typed.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("cannot create the node: %w", err)
	}
	return nil
}

// Stop deletes the pod and then ends its server. Running requests may finish while ctx lasts. It is
// no error if the pod is gone already.
func (r *RunningPod) Stop(ctx context.Context) error {
	err := r.cluster.typed.CoreV1().Pods(Namespace(r.model)).Delete(ctx, r.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		err = nil
	}
	if err := errors.Join(err, r.server.Shutdown(ctx)); err != nil {
		return fmt.Errorf("cannot stop pod %s: %w", r.Name, err)
	}
	r.cluster.listeners.close(r.server)
	return nil
}

// listeners are what Stop must close: the pods' servers and the listeners
// outside.
type listeners struct {
	mutex sync.Mutex
	open  map[io.Closer]struct{}
}

func (l *listeners) add(opened io.Closer) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.open == nil {
		l.open = map[io.Closer]struct{}{}
	}
	l.open[opened] = struct{}{}
}

func (l *listeners) close(opened io.Closer) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.open, opened)
	_ = opened.Close()
}

func (l *listeners) closeAll() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for opened := range l.open {
		_ = opened.Close()
	}
	l.open = nil
}
