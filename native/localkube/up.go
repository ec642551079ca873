package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

//go:embed assets/audit-policy.yaml
var auditPolicy []byte

// upResult is the line that `up` prints when the cluster is usable.
type upResult struct {
	Name        string       `json:"name"`
	Server      string       `json:"server"`
	Kubeconfig  string       `json:"kubeconfig"`
	AuditLog    string       `json:"auditLog"`
	Pids        map[role]int `json:"pids"`
	StartedInMs int64        `json:"startedInMs"`
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "localkube: "+format+"\n", args...)
}

func commandUp(args []string) error {
	var o options
	c, err := o.parseNamed(args, func(flags *pflag.FlagSet) {
		flags.DurationVar(&o.timeout, "timeout", 120*time.Second, "how long to wait")
		flags.IntVar(&o.ownerPid, "owner-pid", 0, "process to end with")
		flags.StringVar(&o.emulatedVersion, "emulated-version", "", "version to emulate, as kube=1.35")
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()

	began := time.Now()
	lock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.release()
	s, err := c.prepare(ctx, o.emulatedVersion)
	if err != nil {
		return err
	}
	if err := c.setOwner(o.ownerPid); err != nil {
		return err
	}
	if err := c.bringUp(ctx, s); err != nil {
		return err
	}
	result := upResult{
		Name: c.name, Server: c.server(s), Kubeconfig: c.kubeconfig(), AuditLog: c.auditLog(),
		Pids: map[role]int{}, StartedInMs: time.Since(began).Milliseconds(),
	}
	for _, r := range allRoles {
		if identity, _, ok := c.roleState(r); ok {
			result.Pids[r] = identity.Pid
		}
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// prepare makes everything that must exist before a process starts: directories, settings, keys. The
// version emulated is decided at the first start, as stored objects may not outlive a step back.
func (c *cluster) prepare(ctx context.Context, emulatedVersion string) (settings, error) {
	if err := c.makeDirectories(); err != nil {
		return settings{}, err
	}
	s, err := c.readSettings()
	if errors.Is(err, os.ErrNotExist) {
		s, err = c.assignPort(ctx, settings{EmulatedVersion: emulatedVersion})
	}
	if err != nil {
		return s, err
	}
	if emulatedVersion != "" && emulatedVersion != s.EmulatedVersion {
		return s, fmt.Errorf("cluster %s was made with emulated version %q; delete it to change that", c.name, s.EmulatedVersion)
	}
	if err := c.createPKI(s); err != nil {
		return s, err
	}
	if err := writePrivate(c.auditPolicy(), auditPolicy); err != nil {
		return s, err
	}
	return s, writePrivate(c.stagesFile(), allStages())
}

// bringUp starts what does not run and waits until the whole is usable. It is the same for a first
// start, a restart, a repair and a no-op.
func (c *cluster) bringUp(ctx context.Context, s settings) error {
	began := time.Now()
	server, err := c.ensureRole(ctx, roleAPIServer, s)
	if err != nil {
		return err
	}
	p, err := newProbe(c)
	if err != nil {
		return err
	}
	children := []*child{server}
	if err := c.await(ctx, "the API server", children, p.serverReady); err != nil {
		return err
	}
	if server != nil {
		progress("API server ready after %.1f s", time.Since(began).Seconds())
	}
	if err := c.await(ctx, "the first objects", children, func(ctx context.Context) error {
		return p.bootstrap(ctx, s)
	}); err != nil {
		return err
	}
	for _, r := range []role{roleControllers, roleKwok} {
		started, err := c.ensureRole(ctx, r, s)
		if err != nil {
			return err
		}
		children = append(children, started)
	}
	for _, step := range []struct {
		what  string
		check func(context.Context) error
	}{
		{"the node", p.nodeReady},
		{"the default service account", p.serviceAccountExists},
		{"Pod placement", func(ctx context.Context) error { return p.placementWorks(ctx, s) }},
	} {
		if err := c.await(ctx, step.what, children, step.check); err != nil {
			return err
		}
	}
	progress("%s is usable after %.1f s", c.name, time.Since(began).Seconds())
	return nil
}

// ensureRole starts a role unless it runs. A frozen process is woken: whoever asks for the cluster
// wants it to answer. The result is nil for a process that ran already.
func (c *cluster) ensureRole(ctx context.Context, r role, s settings) (*child, error) {
	identity, state, ok := c.roleState(r)
	if ok {
		if state == 'T' {
			progress("waking the frozen %s (pid %d)", r, identity.Pid)
			return nil, identity.signal(syscall.SIGCONT)
		}
		return nil, nil
	}
	if err := c.awaitRelease(ctx, r, s); err != nil {
		return nil, err
	}
	progress("starting %s", r)
	started, err := c.launch(r)
	if err != nil {
		return nil, err
	}
	// The role records itself; once it has, any later localkube finds it.
	return started, c.await(ctx, "process "+string(r), []*child{started}, func(context.Context) error {
		if identity, known := readIdentity(c.runFile(r)); !known || identity.Pid != started.pid {
			return errors.New("not recorded yet")
		}
		return nil
	})
}

// awaitRelease waits until a predecessor that was just killed has let go of its port and locks.
func (c *cluster) awaitRelease(ctx context.Context, r role, s settings) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return c.await(ctx, "a free place for "+string(r), nil, func(context.Context) error {
		if identity, known := c.readRole(r); known && !identity.gone() {
			return fmt.Errorf("process %d is still ending", identity.Pid)
		}
		if r == roleAPIServer && !portIsFree(s.Port) {
			return fmt.Errorf("port %d is in use by another program; stop it, or delete the cluster", s.Port)
		}
		return nil
	})
}

// await repeats a check until it passes, the time is over, or a process that it depends on ends.
func (c *cluster) await(ctx context.Context, what string, children []*child, check func(context.Context) error) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := check(attempt)
		cancel()
		if err == nil {
			return nil
		}
		for _, each := range children {
			if each == nil {
				continue
			}
			select {
			case <-each.ended:
				return fmt.Errorf("%s of %s ended while waiting for %s; its log %s ends with:\n%s",
					each.role, c.name, what, c.logFile(each.role), lastLines(c.logFile(each.role), 12))
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting for %s of %s: %w; logs are in %s", what, c.name, err, c.path("logs"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
