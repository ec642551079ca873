package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// fileLock is an advisory lock that the kernel drops when its holder dies, however it dies.
type fileLock struct{ file *os.File }

var errLocked = errors.New("held by another process")

// tryLock takes the lock at path, or returns errLocked at once.
func tryLock(path string) (*fileLock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// O_CLOEXEC (which os.OpenFile sets) matters: a role that inherited the lock would hold it for ever.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, err
	}
	return &fileLock{file}, nil
}

// waitLock takes the lock at path, calling onWait once when another process has it.
func waitLock(ctx context.Context, path string, onWait func()) (*fileLock, error) {
	for waited := false; ; waited = true {
		lock, err := tryLock(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		if !waited {
			onWait()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("lock %s is held by another process: %w", path, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (l *fileLock) release() { l.file.Close() }

// lock serialises all that changes a cluster. The file lies outside of the cluster's directory, so that
// deleting the cluster does not delete the lock that protects the deletion.
func (c *cluster) lock(ctx context.Context) (*fileLock, error) {
	return waitLock(ctx, filepath.Join(c.home, ".locks", c.name), func() {
		progress("waiting for another localkube that works on %s", c.name)
	})
}
