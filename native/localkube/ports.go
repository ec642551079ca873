package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
)

// Ports are taken below the range that Linux hands to outgoing connections (32768 upwards): a stopped
// cluster's port must still be free when it starts again.
const (
	firstPort = 21000
	lastPort  = 31999
)

// pickPort returns a port that is free now and that no other cluster, running or stopped, owns.
func pickPort(taken map[int]bool, free func(int) bool) (int, error) {
	count := lastPort - firstPort + 1
	start := rand.IntN(count) // spread, so that clusters of different homes seldom meet
	for i := range count {
		port := firstPort + (start+i)%count
		if !taken[port] && free(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

func portIsFree(port int) bool {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

// assignPort decides the cluster's settings at its first start. The lock makes starts of different
// clusters see each other's choice.
func (c *cluster) assignPort(ctx context.Context, s settings) (settings, error) {
	lock, err := waitLock(ctx, filepath.Join(c.home, ".locks", ".ports"), func() {})
	if err != nil {
		return s, err
	}
	defer lock.release()
	others, err := allClusters(c.home)
	if err != nil {
		return s, err
	}
	taken := map[int]bool{}
	for _, other := range others {
		if known, err := other.readSettings(); err == nil {
			taken[known.Port] = true
		}
	}
	if s.Port, err = pickPort(taken, portIsFree); err != nil {
		return s, err
	}
	return s, c.writeSettings(s)
}
