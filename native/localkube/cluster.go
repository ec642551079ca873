package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
)

const (
	maxNameLength = 30
	// A unix socket's path has 108 bytes in the kernel's structure, the closing NUL included.
	maxSocketPathLength = 107
)

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// cluster knows where everything of one cluster lies; it does no work itself.
type cluster struct {
	name string
	home string
	dir  string
}

// settings is what is decided once, at the first start, and kept for ever: credentials with the
// server's address are handed out and must stay valid.
type settings struct {
	FormatVersion   int    `json:"formatVersion"`
	Port            int    `json:"port"`
	EmulatedVersion string `json:"emulatedVersion,omitempty"`
}

const settingsFormatVersion = 1

func validateName(name string) error {
	if len(name) > maxNameLength {
		return usagef("cluster name %q is too long: at most %d characters", name, maxNameLength)
	}
	if !dnsLabel.MatchString(name) {
		return usagef("cluster name %q is not a DNS label: lower-case letters, digits and inner dashes", name)
	}
	return nil
}

func resolveHome(flag string) (string, error) {
	if flag == "" {
		flag = os.Getenv("LOCALKUBE_HOME")
	}
	if flag == "" {
		state := os.Getenv("XDG_STATE_HOME")
		if state == "" {
			user, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("no place for clusters: %w; pass --home", err)
			}
			state = filepath.Join(user, ".local", "state")
		}
		flag = filepath.Join(state, "localkube")
	}
	return filepath.Abs(flag)
}

func newCluster(home, name string) (*cluster, error) {
	if err := validateName(name); err != nil {
		return nil, err
	}
	c := &cluster{name: name, home: home, dir: filepath.Join(home, name)}
	if length := len(c.etcdSocket()); length > maxSocketPathLength {
		return nil, usagef("path %s is too long for a unix socket (%d bytes, at most %d); choose a shorter --home",
			c.etcdSocket(), length, maxSocketPathLength)
	}
	return c, nil
}

func (c *cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.dir}, elements...)...)
}

func (c *cluster) pki(file string) string       { return c.path("pki", file) }
func (c *cluster) etcdData() string             { return c.path("etcd") }
func (c *cluster) etcdSocket() string           { return c.path("etcd.sock") }
func (c *cluster) auditLog() string             { return c.path("audit.log") }
func (c *cluster) auditPolicy() string          { return c.path("audit-policy.yaml") }
func (c *cluster) stagesFile() string           { return c.path("stages.yaml") }
func (c *cluster) kubeconfig() string           { return c.path("kubeconfig") }
func (c *cluster) roleKubeconfig(r role) string { return c.path("pki", string(r)+".kubeconfig") }
func (c *cluster) logFile(r role) string        { return c.path("logs", string(r)+".log") }
func (c *cluster) runFile(r role) string        { return c.path("run", string(r)+".json") }
func (c *cluster) roleLock(r role) string       { return c.path("run", string(r)+".lock") }
func (c *cluster) ownerFile() string            { return c.path("run", "owner.json") }
func (c *cluster) settingsFile() string         { return c.path("cluster.json") }

func (c *cluster) roleCommandLine(r role) []string {
	return []string{"localkube", roleCommand, c.home, c.name, string(r)}
}

func (c *cluster) server(s settings) string {
	return fmt.Sprintf("https://127.0.0.1:%d", s.Port)
}

func (c *cluster) exists() bool {
	_, err := os.Stat(c.settingsFile())
	return err == nil
}

func (c *cluster) makeDirectories() error {
	for _, dir := range []string{"pki", "logs", "run", "etcd", "tmp"} {
		if err := os.MkdirAll(c.path(dir), 0o700); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) readSettings() (settings, error) {
	var s settings
	data, err := os.ReadFile(c.settingsFile())
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%s is damaged: %w", c.settingsFile(), err)
	}
	if s.FormatVersion != settingsFormatVersion {
		return s, fmt.Errorf("cluster %s has format version %d, this localkube knows %d; delete it or use the other binary",
			c.name, s.FormatVersion, settingsFormatVersion)
	}
	return s, nil
}

// requireSettings is readSettings with an answer for people when there is no such cluster.
func (c *cluster) requireSettings() (settings, error) {
	s, err := c.readSettings()
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("no cluster %q in %s; create it with 'localkube up %s'", c.name, c.home, c.name)
	}
	return s, err
}

func (c *cluster) writeSettings(s settings) error {
	s.FormatVersion = settingsFormatVersion
	return writeJSON(c.settingsFile(), s)
}

// allClusters lists the clusters of a home by name; a home that does not exist has none.
func allClusters(home string) ([]*cluster, error) {
	entries, err := os.ReadDir(home)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []*cluster
	for _, entry := range entries {
		c, err := newCluster(home, entry.Name())
		if err == nil && c.exists() {
			found = append(found, c)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
	return found, nil
}
