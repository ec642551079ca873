// Command floor sends prepared server-side applies to an API server as fast as it takes them, and prints how many seconds
// that took. It decides nothing and reads no answer beyond its status.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// access is how the server is reached; everything of tls is PEM.
type access struct {
	Server string `json:"server"`
	CA     string `json:"ca"`
	Cert   string `json:"cert"`
	Key    string `json:"key"`
}

// apply is one request.
type apply struct {
	Path string `json:"path"`
	Body string `json:"body"`
}

func main() {
	accessFile := flag.String("access", "", "file with the access, as JSON")
	concurrency := flag.Int("concurrency", 16, "requests at once")
	multiplexed := flag.Bool("http2", false, "all requests over one connection")
	flag.Parse()
	seconds, err := run(*accessFile, os.Stdin, *concurrency, *multiplexed)
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
	fmt.Println(seconds)
}

func run(accessFile string, lines io.Reader, concurrency int, multiplexed bool) (float64, error) {
	text, err := os.ReadFile(accessFile)
	if err != nil {
		return 0, err
	}
	var to access
	if err := json.Unmarshal(text, &to); err != nil {
		return 0, err
	}
	applies, err := read(lines)
	if err != nil {
		return 0, err
	}
	client, err := connect(to, concurrency, multiplexed)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = sendAll(client, strings.TrimSuffix(to.Server, "/"), applies, concurrency)
	return time.Since(began).Seconds(), err
}

func read(lines io.Reader) ([]apply, error) {
	var applies []apply
	in := json.NewDecoder(bufio.NewReader(lines))
	for {
		var next apply
		if err := in.Decode(&next); errors.Is(err, io.EOF) {
			return applies, nil
		} else if err != nil {
			return nil, err
		}
		applies = append(applies, next)
	}
}

func connect(to access, connections int, multiplexed bool) (*http.Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(to.CA)) {
		return nil, errors.New("the CA is not PEM")
	}
	certificate, err := tls.X509KeyPair([]byte(to.Cert), []byte(to.Key))
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}},
		ForceAttemptHTTP2:   multiplexed,
		MaxConnsPerHost:     connections,
		MaxIdleConnsPerHost: connections,
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}

func sendAll(client *http.Client, server string, applies []apply, concurrency int) error {
	next := make(chan apply)
	failed := make(chan error, concurrency)
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for each := range next {
				if err := send(client, server, each); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for _, each := range applies {
		select {
		case next <- each:
			continue
		case err = <-failed:
		}
		break
	}
	close(next)
	workers.Wait()
	select {
	case late := <-failed:
		err = errors.Join(err, late)
	default:
	}
	return err
}

func send(client *http.Client, server string, each apply) error {
	request, err := http.NewRequest(http.MethodPatch, server+each.Path, bytes.NewReader([]byte(each.Body)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/apply-patch+yaml")
	request.Header.Set("Accept", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s was answered with %s", each.Path, answer.Status)
	}
	return nil
}
