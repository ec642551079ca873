package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// role is one process of a cluster.
type role string

const (
	roleAPIServer   role = "apiserver" // with etcd inside
	roleControllers role = "controllers"
	roleKwok        role = "kwok" // the simulated node

	// roleCommand is the hidden command by which the binary starts itself.
	roleCommand = "role"
)

// allRoles is in start order; stopping goes the other way.
var allRoles = []role{roleAPIServer, roleControllers, roleKwok}

const kubernetesVersion = "v1.36.3"

// roleEnvironment tunes the garbage collectors: a cluster at rest should be small, and each process
// has its own balance of garbage to CPU time.
var roleEnvironment = map[role][]string{
	roleAPIServer:   {"GOGC=60"},
	roleControllers: {"GOGC=50"},
	roleKwok:        {"GOGC=50"},
}

// commandRole plays one role until it is killed. It records itself before anything else, so that no
// process of a cluster is ever unknown, even when the localkube that started it dies at once.
func commandRole(args []string) error {
	if len(args) != 3 {
		return usagef("expected: %s HOME NAME ROLE", roleCommand)
	}
	c, err := newCluster(args[0], args[1])
	if err != nil {
		return err
	}
	s, err := c.requireSettings()
	if err != nil {
		return err
	}
	syscall.Umask(0o077)
	r := role(args[2])
	// A reader that probes the lock has it for an instant; only a role has it for longer.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	lock, err := waitLock(ctx, c.roleLock(r), func() {})
	if err != nil {
		return fmt.Errorf("role %s of %s runs already: %w", r, c.name, err)
	}
	defer lock.release()
	self, err := identifySelf()
	if err != nil {
		return err
	}
	if err := writeJSON(c.runFile(r), self); err != nil {
		return err
	}
	go keepSmall()
	go c.endWithOwner()
	return c.play(r, s)
}

func (c *cluster) play(r role, s settings) error {
	code := 0
	switch r {
	case roleAPIServer:
		if err := c.startEtcd(); err != nil {
			return err
		}
		command := apiserver.NewAPIServerCommand()
		command.SetArgs(c.apiServerArgs(s))
		code = cli.Run(command)
	case roleControllers:
		command := controllers.NewControllerManagerCommand()
		command.SetArgs(c.controllersArgs(s))
		code = cli.Run(command)
	case roleKwok:
		return c.playKwok(s)
	default:
		return usagef("unknown role %q", r)
	}
	if code != 0 {
		return fmt.Errorf("role %s ended with code %d", r, code)
	}
	return nil
}

// launch starts a role as a process of its own session: it outlives this one and gets no signal from
// its terminal. The environment is made anew: no proxy, locale or GO* setting of the caller leaks in.
func (c *cluster) launch(r role) (*child, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := openRoleLog(c.logFile(r))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := removeIfThere(c.runFile(r)); err != nil {
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	home := c.path("tmp")
	process, err := os.StartProcess(executable, c.roleCommandLine(r), &os.ProcAttr{
		Dir:   c.dir,
		Env:   append([]string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}, roleEnvironment[r]...),
		Files: []*os.File{null, log, log},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, err
	}
	started := &child{role: r, pid: process.Pid, ended: make(chan struct{})}
	go func() {
		_, _ = process.Wait()
		close(started.ended)
	}()
	return started, nil
}

// child is a role that this process started; ended closes when it is gone.
type child struct {
	role  role
	pid   int
	ended chan struct{}
}

// openRoleLog appends, and moves a log aside that has grown large over many starts.
func openRoleLog(path string) (*os.File, error) {
	const maxSize = 16 << 20
	if info, err := os.Stat(path); err == nil && info.Size() > maxSize {
		if err := os.Rename(path, filepath.Join(filepath.Dir(path), "old-"+filepath.Base(path))); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}
