package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// keepSmall gives memory back to the system while a role is quiet: a cluster is idle for most of its
// life, whereas a garbage collector tuned to keep the heap small would slow down the busy seconds.
func keepSmall() {
	const (
		interval = 15 * time.Second
		worthIt  = 24 << 20 // bytes allocated since the last time; less is not worth a collection
	)
	var seen runtime.MemStats
	var collections uint32
	var freedAt uint64
	for range time.Tick(interval) {
		runtime.ReadMemStats(&seen)
		if seen.NumGC == collections && seen.TotalAlloc-freedAt > worthIt {
			debug.FreeOSMemory()
			runtime.ReadMemStats(&seen)
			freedAt = seen.TotalAlloc
		}
		collections = seen.NumGC
	}
}

// endWithOwner ends the role soon after the cluster's owner or its directory is gone. A test run that is
// killed cannot stop its clusters; without an owner, a cluster runs until `down`.
func (c *cluster) endWithOwner() {
	for range time.Tick(2 * time.Second) {
		if owner, known := readIdentity(c.ownerFile()); known && owner.gone() {
			os.Exit(exitFailure)
		}
		if !c.exists() {
			os.Exit(exitFailure)
		}
	}
}

// setOwner records whose cluster this is; pid 0 makes it nobody's.
func (c *cluster) setOwner(pid int) error {
	if pid == 0 {
		return removeIfThere(c.ownerFile())
	}
	stat, err := readStat(pid)
	if err != nil {
		return usagef("--owner-pid %d: no such process", pid)
	}
	return writeJSON(c.ownerFile(), processIdentity{pid, stat.startTicks, bootID()})
}
