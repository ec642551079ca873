package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNames(t *testing.T) {
	cases := []struct {
		name string
		ok   bool
	}{
		{"demo", true}, {"a", true}, {"a-1", true}, {"0", true}, {strings.Repeat("a", 30), true},
		{"", false}, {"-a", false}, {"a-", false}, {"A", false}, {"a.b", false}, {"a/b", false}, {"..", false},
		{strings.Repeat("a", 31), false}, {"a\nb", false}, {"a\n", false},
	}
	for _, c := range cases {
		if err := validateName(c.name); (err == nil) != c.ok {
			t.Errorf("name %q: got %v, want ok=%v", c.name, err, c.ok)
		}
	}
}

func TestSocketPathTooLong(t *testing.T) {
	_, err := newCluster("/"+strings.Repeat("d", 100), "demo")
	if report(err) != exitUsage {
		t.Fatalf("a path too long for a socket should be wrong usage, got %v", err)
	}
}

func TestPickPort(t *testing.T) {
	everyPort := func(int) bool { return true }
	taken := map[int]bool{}
	for range 200 {
		port, err := pickPort(taken, everyPort)
		if err != nil || taken[port] || port < firstPort || port > lastPort {
			t.Fatalf("got port %d, %v", port, err)
		}
		taken[port] = true
	}
	only := func(port int) bool { return port == lastPort }
	if port, err := pickPort(nil, only); port != lastPort || err != nil {
		t.Fatalf("the search should wrap around: got %d, %v", port, err)
	}
	if _, err := pickPort(map[int]bool{lastPort: true}, only); err == nil {
		t.Fatal("no port is left, yet one was picked")
	}
}

func TestParseStat(t *testing.T) {
	line := "77 (a) b (c) T 1 77 77 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 12 0 4242 100 200"
	stat, err := parseStat([]byte(line))
	if err != nil || stat.state != 'T' || stat.threads != 12 || stat.startTicks != 4242 {
		t.Fatalf("got %+v, %v", stat, err)
	}
	for _, bad := range []string{"", "77 (a", "77 (a) S 1 2"} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("line %q was accepted", bad)
		}
	}
}

func TestProcessIdentity(t *testing.T) {
	command := exec.Command("sleep", "60")
	if err := command.Start(); err != nil {
		t.Skip("no sleep here")
	}
	defer command.Wait()
	stat, err := readStat(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	right := processIdentity{command.Process.Pid, stat.startTicks, bootID()}
	for name, wrong := range map[string]processIdentity{
		"another start time": {right.Pid, right.StartTicks + 1, right.BootID},
		"another boot":       {right.Pid, right.StartTicks, "earlier"},
		"process one":        {1, right.StartTicks, right.BootID},
	} {
		if err := wrong.kill(time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := right.current(); !ok {
			t.Fatalf("%s: the wrong process was killed", name)
		}
	}
	if err := right.kill(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if _, ok := right.current(); ok {
		t.Fatal("a killed process that nobody waited for yet counts as running")
	}
}

func TestClientCertificate(t *testing.T) {
	_, pair, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	ca, err := parseAuthority(pair)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.issueClient("system:serviceaccount:a:b", []string{"g1", "g2"})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(client.certificate)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pair.certificate)
	verify := func(usage x509.ExtKeyUsage) error {
		_, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}})
		return err
	}
	if err := verify(x509.ExtKeyUsageClientAuth); err != nil {
		t.Fatal(err)
	}
	if verify(x509.ExtKeyUsageServerAuth) == nil {
		t.Fatal("a client's certificate may play a server")
	}
	if cert.Subject.CommonName != "system:serviceaccount:a:b" || strings.Join(cert.Subject.Organization, ",") != "g1,g2" {
		t.Fatalf("got subject %s", cert.Subject)
	}
}

func TestServerCertificate(t *testing.T) {
	ca, _, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.issueServer()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(pair.certificate)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", serviceAddress, "localhost", "kubernetes.default.svc"} {
		if err := cert.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

func TestKubeconfigQuotesNames(t *testing.T) {
	text := renderKubeconfig(kubeconfigInput{"demo", "https://127.0.0.1:1", `a: "b"`, []byte("ca"), keyPair{[]byte("c"), []byte("k")}})
	if !bytes.Contains(text, []byte(`user: "a: \"b\""`)) {
		t.Fatalf("got\n%s", text)
	}
}

func TestSettingsAndPrivateFiles(t *testing.T) {
	c, err := newCluster(t.TempDir(), "demo")
	if err != nil {
		t.Skip(err) // the temporary directory's path is too long here
	}
	if err := c.makeDirectories(); err != nil {
		t.Fatal(err)
	}
	first, err := c.assignPort(context.Background(), settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.createPKI(first); err != nil {
		t.Fatal(err)
	}
	again, err := c.readSettings()
	if err != nil || again.Port != first.Port {
		t.Fatalf("got %+v, %v", again, err)
	}
	_ = filepath.WalkDir(c.dir, func(path string, entry os.DirEntry, err error) error {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
		return nil
	})
}

func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := tryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryLock(path); !errors.Is(err, errLocked) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	waits := 0
	if _, err := waitLock(ctx, path, func() { waits++ }); !errors.Is(err, context.DeadlineExceeded) || waits != 1 {
		t.Fatalf("got %v after %d notices", err, waits)
	}
	held.release()
	if _, err := tryLock(path); err != nil {
		t.Fatal(err)
	}
}

func TestOverallState(t *testing.T) {
	for states, want := range map[string]string{"": "stopped", "SSS": "running", "S": "partial", "TSS": "frozen", "RDS": "running"} {
		if got := overallState([]byte(states)); got != want {
			t.Errorf("%q: got %s, want %s", states, got, want)
		}
	}
}

func TestLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for text, want := range map[string]string{
		"": "", "a": "a", "a\nb\nc\n": "b\nc", "a\nb\nc": "b\nc", "only\n": "only",
		strings.Repeat("x", 300): strings.Repeat("x", 240) + "...",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := lastLines(path, 2); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestPlacesByPolicy(t *testing.T) {
	for emulated, want := range map[string]bool{"": true, "kube=1.36": true, "v1.36": true, "kube=1.35": false, "1.33": false} {
		if got := (settings{EmulatedVersion: emulated}).placesByPolicy(); got != want {
			t.Errorf("%q: got %v, want %v", emulated, got, want)
		}
	}
}

func TestParsePss(t *testing.T) {
	if got := parsePss("x rollup\nRss: 10 kB\nPss:     2048 kB\nPss_Anon: 1 kB\n"); got != 2048 {
		t.Fatalf("got %d", got)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"nope"}, {"up"}, {"up", "a", "b"}, {"up", "A"}, {"down"}, {"down", "a", "--all"}, {"list", "-o", "xml"}, {"kubeconfig", "a", "--group", "g"}, {"up", "a", "--nope"}} {
		if code := run(args); code != exitUsage {
			t.Errorf("%v: got code %d", args, code)
		}
	}
}
