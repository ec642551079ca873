package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processIdentity names one process for ever. A pid alone is reused; the start time (clock ticks since
// boot) tells the next owner of the pid apart, and the boot id tells the ticks of two boots apart.
type processIdentity struct {
	Pid        int    `json:"pid"`
	StartTicks uint64 `json:"startTicks"`
	BootID     string `json:"bootId"`
}

// processStat is what /proc says of a process.
type processStat struct {
	state      byte // R, S, D, T (stopped), Z (zombie) ...
	threads    int
	startTicks uint64
}

// parseStat reads a line of /proc/PID/stat. The command name in parentheses may itself hold blanks and
// parentheses, so fields are counted from the last one.
func parseStat(line []byte) (processStat, error) {
	end := bytes.LastIndexByte(line, ')')
	if end < 0 {
		return processStat{}, errors.New("no command name in stat line")
	}
	fields := strings.Fields(string(line[end+1:]))
	// Fields 20 and 22 of the line, of which the first two end with the parenthesis.
	const threadsIndex, startTimeIndex = 17, 19
	if len(fields) <= startTimeIndex {
		return processStat{}, errors.New("stat line is too short")
	}
	threads, err := strconv.Atoi(fields[threadsIndex])
	if err != nil {
		return processStat{}, err
	}
	ticks, err := strconv.ParseUint(fields[startTimeIndex], 10, 64)
	return processStat{fields[0][0], threads, ticks}, err
}

func readStat(pid int) (processStat, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processStat{}, err
	}
	return parseStat(line)
}

func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func identifySelf() (processIdentity, error) {
	stat, err := readStat(os.Getpid())
	return processIdentity{os.Getpid(), stat.startTicks, bootID()}, err
}

// current returns the live state of exactly this process; ok is false when it is gone. A zombie, which
// stays behind where process 1 does not collect orphans, is gone.
func (p processIdentity) current() (state byte, ok bool) {
	if p.Pid <= 1 || p.BootID != bootID() {
		return 0, false
	}
	stat, err := readStat(p.Pid)
	if err != nil || stat.startTicks != p.StartTicks || stat.state == 'Z' || stat.state == 'X' {
		return 0, false
	}
	return stat.state, true
}

// gone tells whether the process has let go of everything. Right after a kill the first thread can be
// a zombie while others are still being torn down, and with them the port and the locks.
func (p processIdentity) gone() bool {
	if _, ok := p.current(); ok {
		return false
	}
	stat, err := readStat(p.Pid)
	return err != nil || stat.startTicks != p.StartTicks || stat.threads <= 1
}

// signal sends to exactly this process. os.FindProcess pins the process by a descriptor before the
// identity is checked, so the pid cannot change hands in between.
func (p processIdentity) signal(sig syscall.Signal) error {
	process, err := os.FindProcess(p.Pid)
	if err != nil {
		return nil // gone
	}
	defer process.Release()
	if _, ok := p.current(); !ok {
		return nil
	}
	if err := process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// kill ends the process and waits until it is gone.
func (p processIdentity) kill(patience time.Duration) error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if p.gone() {
			return nil
		}
	}
	return fmt.Errorf("process %d is still there %s after SIGKILL", p.Pid, patience)
}

// readRole returns the process that plays a role, if one was ever started. Where its record was lost but
// its lock is held, the process is found by its command line, which names home, cluster and role.
func (c *cluster) readRole(r role) (processIdentity, bool) {
	if identity, known := readIdentity(c.runFile(r)); known {
		return identity, true
	}
	lock, err := tryLock(c.roleLock(r))
	if err == nil {
		lock.release()
	}
	if !errors.Is(err, errLocked) {
		return processIdentity{}, false
	}
	return findProcess(strings.Join(c.roleCommandLine(r), "\x00") + "\x00")
}

func findProcess(commandLine string) (processIdentity, bool) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err != nil || string(line) != commandLine {
			continue
		}
		if stat, err := readStat(pid); err == nil {
			return processIdentity{pid, stat.startTicks, bootID()}, true
		}
	}
	return processIdentity{}, false
}

func readIdentity(path string) (processIdentity, bool) {
	var identity processIdentity
	data, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(data, &identity) != nil {
		return identity, false
	}
	return identity, true
}

// roleState returns the process of a role and its state letter; ok is false when it does not run.
func (c *cluster) roleState(r role) (identity processIdentity, state byte, ok bool) {
	identity, known := c.readRole(r)
	if !known {
		return identity, 0, false
	}
	state, ok = identity.current()
	return identity, state, ok
}
