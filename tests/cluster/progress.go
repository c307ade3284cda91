package cluster

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// progressLine tells how far one long step is: a line that is rewritten every
// half second on a terminal, a new line every fifteen seconds elsewhere.
type progressLine struct {
	writer   io.Writer
	subject  string
	terminal bool
	started  time.Time
	stop     chan struct{}
	stopped  sync.WaitGroup

	mutex sync.Mutex
	state string
}

func newProgressLine(writer io.Writer, subject string) *progressLine {
	line := &progressLine{
		writer: writer, subject: subject, terminal: isTerminal(writer),
		started: time.Now(), stop: make(chan struct{}), state: "starting",
	}
	every := 15 * time.Second
	if line.terminal {
		every = 500 * time.Millisecond
	}
	line.stopped.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				line.print()
			case <-line.stop:
				return
			}
		}
	})
	return line
}

// say sets what the line shows the next time it is printed.
func (l *progressLine) say(state string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.state = state
}

func (l *progressLine) print() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	text := fmt.Sprintf("  %s: %s, %s", l.subject, l.state, l.elapsed())
	if l.terminal {
		fmt.Fprintf(l.writer, "\r\x1b[K%s", text)
		return
	}
	fmt.Fprintln(l.writer, text)
}

// end prints how the step ended and how long it took.
func (l *progressLine) end(err error) {
	close(l.stop)
	l.stopped.Wait()
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	start := ""
	if l.terminal {
		start = "\r\x1b[K"
	}
	fmt.Fprintf(l.writer, "%s  %s: %s in %s\n", start, l.subject, outcome, l.elapsed())
}

func (l *progressLine) elapsed() time.Duration {
	return time.Since(l.started).Round(time.Second)
}

func isTerminal(writer io.Writer) bool {
	file, ok := writer.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
