package bench_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// A memoryMeter reads the charm's peak memory when the charm logs its last line, at
// which moment its process waits for an answer. It is read there, and not of the ended
// process: the kernel counts what a new process was forked from as its own peak
// (getrusage's maxrss), and that is this test, which is larger than the charm.
type memoryMeter struct {
	program string // path of the charm's

	mu   sync.Mutex
	peak int64 // bytes; 0 when nothing could be read
	err  error
}

// lastLine is what the last line of a run's log has.
const lastLine = "objects changed: "

// Write takes a line of the unit's log.
func (m *memoryMeter) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(lastLine)) {
		m.mu.Lock()
		defer m.mu.Unlock()
		peak, err := peakOf(m.program)
		m.peak, m.err = max(m.peak, peak), err
	}
	return len(line), nil
}

// take returns the highest peak since it was last asked, in bytes.
func (m *memoryMeter) take() (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	peak := m.peak
	m.peak = 0
	if m.err == nil && peak == 0 {
		return 0, fmt.Errorf("no run has logged %q", lastLine)
	}
	return peak, m.err
}

// peakOf reads the peak resident memory of the process that runs the program (proc(5),
// VmHWM).
func peakOf(program string) (int64, error) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return 0, err
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != program {
			continue // ended meanwhile, or another
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(status)) {
			if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kilobytes, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
				return kilobytes * 1024, err
			}
		}
	}
	return 0, fmt.Errorf("no process runs %s", program)
}

// A trafficMeter counts the bytes between the charm and the API server, both ways, as
// they are on the wire: with TLS, and compressed where that is agreed on. It is a proxy
// that stands in between while it is on; time is measured while it is off.
type trafficMeter struct {
	listener   net.Listener
	kubeconfig string // the charm's
	direct     []byte // its content
	target     string // the API server's address
	bytes      atomic.Int64
}

func newTrafficMeter(kubeconfig string) (*trafficMeter, error) {
	direct, err := os.ReadFile(kubeconfig)
	if err != nil {
		return nil, err
	}
	m := &trafficMeter{kubeconfig: kubeconfig, direct: direct}
	config, err := clientcmd.Load(direct)
	if err != nil {
		return nil, err
	}
	for _, entry := range config.Clusters {
		server, err := url.Parse(entry.Server)
		if err != nil {
			return nil, err
		}
		m.target = server.Host
	}
	if m.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	go m.serve()
	return m, nil
}

func (m *trafficMeter) close() { _ = m.listener.Close() }

// on puts the meter between the charm and the API server.
func (m *trafficMeter) on() error {
	config, err := clientcmd.Load(m.direct)
	if err != nil {
		return err
	}
	for _, entry := range config.Clusters {
		entry.Server = "https://" + m.listener.Addr().String()
	}
	m.bytes.Store(0)
	return clientcmd.WriteToFile(*config, m.kubeconfig)
}

// off takes it away, and gives the bytes since on.
func (m *trafficMeter) off() (int64, error) {
	return m.bytes.Load(), os.WriteFile(m.kubeconfig, m.direct, 0o600)
}

func (m *trafficMeter) serve() {
	for {
		client, err := m.listener.Accept()
		if err != nil {
			return // closed
		}
		go m.forward(client)
	}
}

// forward joins a client to the API server until either hangs up, which the other one
// is then told.
func (m *trafficMeter) forward(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", m.target)
	if err != nil {
		return
	}
	defer server.Close()
	ended := make(chan struct{}, 2)
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(counted{to, &m.bytes}, from)
		ended <- struct{}{}
	}
	go pipe(server, client)
	go pipe(client, server)
	<-ended
}

// counted counts what is written.
type counted struct {
	io.Writer
	bytes *atomic.Int64
}

func (c counted) Write(data []byte) (int, error) {
	n, err := c.Writer.Write(data)
	c.bytes.Add(int64(n))
	return n, err
}

// startTime measures how long the program takes from its start to its first call of a
// hook tool, in a hook's environment. It is ended there.
func startTime(program string, env []string) (time.Duration, error) {
	directory, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(directory)
	agent, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(directory, "agent")})
	if err != nil {
		return 0, err
	}
	defer agent.Close()
	process := exec.Command(program)
	process.Dir = filepath.Dir(program)
	// The last of a name counts. Processes as tools are started later than a call on
	// the socket could be made, so that it is the socket that is timed.
	process.Env = append(append([]string{}, env...), "JUJU_AGENT_SOCKET_ADDRESS="+agent.Addr().String(), "CHARM_HOOK_TOOLS=")
	began := time.Now()
	if err := process.Start(); err != nil {
		return 0, err
	}
	took, err := firstByte(agent, began)
	// It has not been answered, so it is still there.
	_ = process.Process.Kill()
	_ = process.Wait() // says that it was killed
	return took, err
}

func firstByte(agent *net.UnixListener, began time.Time) (time.Duration, error) {
	deadline := began.Add(patience)
	if err := agent.SetDeadline(deadline); err != nil {
		return 0, err
	}
	connection, err := agent.Accept()
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(deadline); err != nil {
		return 0, err
	}
	_, err = connection.Read(make([]byte, 1))
	return time.Since(began), err
}
